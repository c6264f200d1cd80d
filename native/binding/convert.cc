#include "binding/convert.h"

namespace forkless {

const char* NameOf(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kSystem: return "system";
    case Code::kArenaFull: return "arena-full";
    case Code::kTooLarge: return "too-large";
    case Code::kTooMany: return "too-many";
    case Code::kNotFound: return "not-found";
    case Code::kExists: return "exists";
    case Code::kWrongVersion: return "wrong-version";
    case Code::kForeign: return "foreign";
    case Code::kNotReady: return "not-ready";
    case Code::kGone: return "gone";
    case Code::kUnsupported: return "unsupported";
  }
  return "unknown";
}

Napi::Value Throw(Napi::Env env, Status status) {
  const Napi::Error error = Napi::Error::New(env, NameOf(status.code));
  error.Set("status", Napi::String::New(env, NameOf(status.code)));
  if (status.error != 0) error.Set("errno", Napi::Number::New(env, status.error));
  if (status.syscall != nullptr) error.Set("syscall", Napi::String::New(env, status.syscall));
  error.ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace forkless
