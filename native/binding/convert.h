// Between JavaScript values and the core's: argument checks and errors.
#ifndef FORKLESS_BINDING_CONVERT_H_
#define FORKLESS_BINDING_CONVERT_H_

#include <napi.h>

#include "binding/environment.h"
#include "core/arena.h"

namespace forkless {

const char* NameOf(Code code);

// Throws an Error with `status`, `errno` (number) and `syscall`; src/native/failure.ts words the message.
Napi::Value Throw(Napi::Env env, Status status);

// The arguments come from our own TypeScript, which has checked what users give.
inline double NumberAt(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().DoubleValue(); }
inline uint64_t OffsetAt(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<uint64_t>(info[index].As<Napi::Number>().Int64Value());
}
inline int32_t IntAt(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }
inline std::string TextAt(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::String>(); }
inline Arena& ArenaAt(const Napi::CallbackInfo& info, size_t index) {
  return *Arena::ByIndex(info[index].As<Napi::Number>().Uint32Value());
}
inline int32_t SelfIn(const Napi::CallbackInfo& info, const Arena& arena) {
  return Environment::Of(info.Env()).ParticipantOf(arena);
}

// After a call into JavaScript that libuv has made: what nobody caught there is an uncaught exception like any other. Left
// pending, it would be swallowed, or thrown from the next call of ours.
inline void ReportUncaught(Napi::Env env) {
  if (env.IsExceptionPending()) napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

template <Napi::Value (*Callback)(const Napi::CallbackInfo&)>
void Export(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New<Callback>(exports.Env(), name));
}

}  // namespace forkless

#endif  // FORKLESS_BINDING_CONVERT_H_
