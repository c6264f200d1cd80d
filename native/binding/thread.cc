// Threads that are started as processes are, for JavaScript (core/threads.h).
#include "core/threads.h"

#include "binding/convert.h"
#include "binding/exports.h"
#include "binding/started.h"
#include "platform/output.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

// ({ stdio, daemon, arena, name, record, held }): all but the thread itself.
Napi::Value Prepare(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  Environment& environment = Environment::Of(env);
  const auto options = info[0].As<Napi::Object>();
  ThreadRequest request;
  request.stdio = StdioOf(TextOf(options, "stdio"));
  request.daemon = options.Get("daemon").As<Napi::Boolean>().Value();
  request.owner = environment.thread();
  request.arena = Arena::ByIndex(options.Get("arena").As<Napi::Number>().Uint32Value());
  request.self = SelfIn(info, *request.arena);
  request.name = TextOf(options, "name");
  request.record = Bytes(options.Get("record"));
  request.held = Blocks(options.Get("held"));
  StartedChild child;
  if (const Status status = PrepareThread(std::move(request), environment.end_listener(), &child); !status.ok()) {
    return Throw(env, status);
  }
  return WrapStarted(env, std::move(child));
}

// (id): this environment is that thread; { record, descriptors }.
Napi::Value Enter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint32_t id = info[0].As<Napi::Number>().Uint32Value();
  ThreadEntry entry;
  if (const Status status = EnterThread(id, &entry); !status.ok()) return Throw(env, status);
  Environment& environment = Environment::Of(env);
  environment.BecomeThread(id);
  environment.SetParticipant(*entry.arena, entry.participant);
  Napi::Object result = Napi::Object::New(env);
  result.Set("record", Napi::Buffer<uint8_t>::Copy(env, entry.record.data(), entry.record.size()));
  Napi::Array descriptors = Napi::Array::New(env, 3);
  for (uint32_t i = 0; i < 3; ++i) descriptors.Set(i, Napi::Number::New(env, entry.descriptors[i]));
  result.Set("descriptors", descriptors);
  return result;
}

// (): the standard input of this thread belongs to the caller.
Napi::Value TakeInput(const Napi::CallbackInfo& info) {
  ReleaseInput(Environment::Of(info.Env()).thread());
  return info.Env().Undefined();
}

// (): this thread may be cut off from now on; false when it is to stop.
Napi::Value Settle(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), SettleThread(Environment::Of(info.Env()).thread()));
}

// (id, signal): where it was.
Napi::Value Stop(const Napi::CallbackInfo& info) {
  static constexpr const char* kPlaces[] = {"ended", "absent", "unsettled", "settled"};
  const StopResult result = StopThread(info[0].As<Napi::Number>().Uint32Value(), IntAt(info, 1));
  return Napi::String::New(info.Env(), kPlaces[static_cast<int>(result)]);
}

// (exitCode, final): of this thread.
Napi::Value NoteExit(const Napi::CallbackInfo& info) {
  NoteThreadExit(Environment::Of(info.Env()).thread(), IntAt(info, 0), info[1].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

// (id, exitCode): it has ended, if nobody knows that yet.
Napi::Value End(const Napi::CallbackInfo& info) {
  EndThread(info[0].As<Napi::Number>().Uint32Value(), IntAt(info, 1));
  return info.Env().Undefined();
}

// (fd, bytes): how many of them were written.
Napi::Value Write(const Napi::CallbackInfo& info) {
  const auto bytes = info[1].As<Napi::Uint8Array>();
  size_t written = 0;
  if (const Status status = WriteSome(IntAt(info, 0), bytes.Data(), bytes.ByteLength(), &written); !status.ok()) {
    return Throw(info.Env(), status);
  }
  return Napi::Number::New(info.Env(), static_cast<double>(written));
}

// (fd)
Napi::Value Terminal(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), IsTerminal(IntAt(info, 0)));
}

// (): the numbers that the system has given to the threads of this process.
Napi::Value SystemThreads(const Napi::CallbackInfo& info) {
  const std::vector<int32_t> threads = ThreadsOfProcess();
  Napi::Array result = Napi::Array::New(info.Env(), threads.size());
  for (uint32_t i = 0; i < threads.size(); ++i) result.Set(i, Napi::Number::New(info.Env(), threads[i]));
  return result;
}

// (thread)
Napi::Value IsSystemThread(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), IsThreadOfProcess(IntAt(info, 0)));
}

}  // namespace

void InitThread(Napi::Object exports) {
  Export<Prepare>(exports, "prepareThread");
  Export<Enter>(exports, "enterThread");
  Export<TakeInput>(exports, "takeThreadInput");
  Export<Settle>(exports, "settleThread");
  Export<Stop>(exports, "stopThread");
  Export<NoteExit>(exports, "noteThreadExit");
  Export<End>(exports, "endThread");
  Export<Write>(exports, "writeSome");
  Export<Terminal>(exports, "isTerminal");
  Export<SystemThreads>(exports, "systemThreads");
  Export<IsSystemThread>(exports, "isSystemThread");
}

}  // namespace forkless
