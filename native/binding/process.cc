// Processes for JavaScript: start, watch, end (core/children.h), and what a child does first.
#include "binding/exports.h"

#include <math.h>
#include <string.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "binding/convert.h"
#include "binding/started.h"
#include "core/children.h"
#include "core/heap.h"
#include "core/kill_point.h"
#include "core/threads.h"
#include "platform/futex.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

// ---- Ends, told to the event loop of one environment ---------------------------------------------------

// Lives until the last process that was started for the environment has ended.
class EnvironmentListener : public EndListener {
 public:
  explicit EnvironmentListener(napi_threadsafe_function function) : function_(function) {}

  void OnEnd(const WatchedProcess& process) override {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (function_ == nullptr) return;
    // The number itself is the message: there is nothing to free if it is never delivered.
    void* id = reinterpret_cast<void*>(static_cast<uintptr_t>(process.id()));
    napi_call_threadsafe_function(function_, id, napi_tsfn_nonblocking);
  }

  // When the environment ends.
  void Close() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (function_ == nullptr) return;
    napi_release_threadsafe_function(function_, napi_tsfn_abort);
    function_ = nullptr;
  }

  void KeepLoopAlive(napi_env env, bool alive) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (function_ == nullptr) return;
    if (alive) {
      napi_ref_threadsafe_function(env, function_);
    } else {
      napi_unref_threadsafe_function(env, function_);
    }
  }

 private:
  std::mutex mutex_;
  napi_threadsafe_function function_;
};

void Deliver(napi_env env, napi_value callback, void*, void* data) {
  if (env == nullptr || callback == nullptr) return;
  napi_value undefined;
  napi_value id;
  napi_get_undefined(env, &undefined);
  napi_create_uint32(env, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(data)), &id);
  napi_call_function(env, undefined, callback, 1, &id, nullptr);
}

// ---- Conversions -----------------------------------------------------------------------------------------

WatchedProcess& Unwrap(const Napi::Value& handle) { return **handle.As<ProcessHandle>().Data(); }

std::vector<std::string> Strings(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> strings;
  strings.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) strings.push_back(array.Get(i).As<Napi::String>().Utf8Value());
  return strings;
}

// { without, settings }
std::vector<std::string> EnvironmentOf(const Napi::Object& environment) {
  std::vector<std::string> variables;
  const Napi::Value without = environment.Get("without");
  if (!without.IsUndefined()) variables = OwnVariables(Strings(without));
  for (std::string& setting : Strings(environment.Get("settings"))) variables.push_back(std::move(setting));
  return variables;
}

int64_t DeadlineAfter(double milliseconds) {
  constexpr double kLongest = 1e12;  // 31 years
  if (!(milliseconds < kLongest)) return kForever;
  return MonotonicNow() + static_cast<int64_t>(milliseconds * 1e6);
}

// ---- Functions ---------------------------------------------------------------------------------------------

// Those that need the environment's listener.
class Functions {
 public:
  // (callback): the ids of started and watched processes that have ended; does not keep the loop alive.
  Napi::Value ListenToEnds(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    napi_threadsafe_function function;
    const napi_value name = Napi::String::New(env, "forkless.processEnds");
    if (napi_create_threadsafe_function(env, info[0], nullptr, name, 0, 1, nullptr, nullptr, nullptr, Deliver,
                                        &function) != napi_ok) {
      return Throw(env, Status::Fail(Code::kUnsupported));
    }
    napi_unref_threadsafe_function(env, function);
    listener_ = std::make_shared<EnvironmentListener>(function);
    Environment::Of(env).SetEndListener(listener_);
    // Registered after the function's own hook, so it runs before it: no call comes after the function's end.
    auto* listener = new std::shared_ptr<EnvironmentListener>(listener_);
    napi_add_env_cleanup_hook(
        env,
        [](void* data) {
          const std::unique_ptr<std::shared_ptr<EnvironmentListener>> own(
              static_cast<std::shared_ptr<EnvironmentListener>*>(data));
          (*own)->Close();
        },
        listener);
    return env.Undefined();
  }

  // (alive)
  Napi::Value KeepLoopAlive(const Napi::CallbackInfo& info) {
    if (listener_ != nullptr) listener_->KeepLoopAlive(info.Env(), info[0].As<Napi::Boolean>().Value());
    return info.Env().Undefined();
  }

  // ({ file, arguments, environment, directory, stdio, daemon, arena, name, record, addon, held })
  Napi::Value StartChild(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto options = info[0].As<Napi::Object>();
    ChildRequest request;
    request.plan.file = TextOf(options, "file");
    request.plan.arguments = Strings(options.Get("arguments"));
    request.plan.environment = EnvironmentOf(options.Get("environment").As<Napi::Object>());
    request.plan.directory = TextOf(options, "directory");
    request.stdio = StdioOf(TextOf(options, "stdio"));
    request.daemon = options.Get("daemon").As<Napi::Boolean>().Value();
    request.owner = Environment::Of(env).thread();
    request.arena = Arena::ByIndex(options.Get("arena").As<Napi::Number>().Uint32Value());
    request.self = SelfIn(info, *request.arena);
    request.name = TextOf(options, "name");
    request.record = Bytes(options.Get("record"));
    request.addon = TextOf(options, "addon");
    request.held = Blocks(options.Get("held"));
    StartedChild child;
    if (const Status status = forkless::StartChild(std::move(request), listener_, &child); !status.ok()) {
      return Throw(env, status);
    }
    return WrapStarted(env, std::move(child));
  }

  // (pid, startTime): any process of this machine.
  Napi::Value WatchProcess(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const int32_t pid = info[0].As<Napi::Number>().Int32Value();
    const auto start_time = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
    std::shared_ptr<WatchedProcess> process;
    if (const Status status = WatchOther(pid, start_time, listener_, &process); !status.ok()) {
      return Throw(env, status);
    }
    return WrapProcess(env, std::move(process));
  }

 private:
  std::shared_ptr<EnvironmentListener> listener_;
};

// (handle): null while it runs, then its exit code; NaN when that is not known.
Napi::Value ProcessExitCode(const Napi::CallbackInfo& info) {
  int32_t exit_code;
  if (!Unwrap(info[0]).HasEnded(&exit_code)) return info.Env().Null();
  return Napi::Number::New(info.Env(), exit_code == kUnknownExit ? NAN : exit_code);
}

// (handle, milliseconds): blocks the thread; true when it has ended.
Napi::Value WaitForProcess(const Napi::CallbackInfo& info) {
  const double milliseconds = info[1].As<Napi::Number>().DoubleValue();
  return Napi::Boolean::New(info.Env(), Unwrap(info[0]).WaitUntil(DeadlineAfter(milliseconds)));
}

// (handle, signal): false when it has ended.
Napi::Value SignalProcess(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), Unwrap(info[0]).Signal(info[1].As<Napi::Number>().Int32Value()));
}

// (handle): a descriptor that is readable once it has ended.
Napi::Value ProcessDescriptor(const Napi::CallbackInfo& info) {
  int fd = -1;
  if (const Status status = Unwrap(info[0]).Descriptor(&fd); !status.ok()) {
    return Throw(info.Env(), status);
  }
  return Napi::Number::New(info.Env(), fd);
}

// (handle): after its end, closes that descriptor.
Napi::Value CloseProcessDescriptor(const Napi::CallbackInfo& info) {
  Unwrap(info[0]).CloseDescriptor();
  return info.Env().Undefined();
}

// A thread of ours ends with what it has started itself, a process with everything.
bool IsOurs(const Napi::CallbackInfo& info, const WatchedProcess& child) {
  const uint32_t thread = Environment::Of(info.Env()).thread();
  return thread == 0 || child.owner() == thread;
}

// (signal): to every living daemonic child that is a process.
Napi::Value SignalDaemons(const Napi::CallbackInfo& info) {
  for (const auto& child : LiveChildren()) {
    if (child->daemon() && IsOurs(info, *child)) static_cast<void>(child->Signal(IntAt(info, 0)));
  }
  return info.Env().Undefined();
}

// (handle, daemon): from now on it is ended with its parent, or waited for.
Napi::Value SetDaemon(const Napi::CallbackInfo& info) {
  Unwrap(info[0]).set_daemon(info[1].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

// (milliseconds): blocks until no child or thread but daemonic ones is alive; false when the time was over first.
Napi::Value JoinChildren(const Napi::CallbackInfo& info) {
  const int64_t deadline = DeadlineAfter(NumberAt(info, 0));
  auto all = LiveChildren();
  for (auto& thread : LiveThreads()) all.push_back(std::move(thread));
  for (const auto& child : all) {
    const bool is_awaited = !child->daemon() && IsOurs(info, *child);
    if (is_awaited && !child->WaitUntil(deadline)) return Napi::Boolean::New(info.Env(), false);
  }
  return Napi::Boolean::New(info.Env(), true);
}

// What this process is in its family, for worker threads and for copies of this package that come later.
std::mutex identity_mutex;
std::vector<uint8_t>& Identity() {
  static auto* identity = new std::vector<uint8_t>;
  return *identity;
}

// (): what keepIdentity was given, or undefined in a process that no other has started.
Napi::Value OwnIdentity(const Napi::CallbackInfo& info) {
  const std::lock_guard<std::mutex> guard(identity_mutex);
  if (Identity().empty()) return info.Env().Undefined();
  return Napi::Buffer<uint8_t>::Copy(info.Env(), Identity().data(), Identity().size());
}

// (identity): keeps it for the life of the process.
Napi::Value KeepIdentity(const Napi::CallbackInfo& info) {
  const std::lock_guard<std::mutex> guard(identity_mutex);
  Identity() = Bytes(info[0]);
  return info.Env().Undefined();
}

// (index, offset, bytes): a copy of the record with which this child was started; its block is given back.
Napi::Value TakeBootRecord(const Napi::CallbackInfo& info) {
  KILL_POINT("boot.joined");
  Arena& arena = ArenaAt(info, 0);
  CloseOnExec(arena.fd());
  const uint64_t offset = OffsetAt(info, 1);
  const size_t bytes = OffsetAt(info, 2);
  const auto record = Napi::Buffer<uint8_t>::Copy(info.Env(), arena.At<uint8_t>(offset), bytes);
  // It holds the family's key: nothing of it stays behind in memory that is used again.
  memset(arena.At<uint8_t>(offset), 0, bytes);
  const int32_t self = SelfIn(info, arena);
  DropHold(arena, offset, self, self);
  KILL_POINT("boot.recorded");
  return record;
}

// (rootPid, rootStartTime, parentPid, tied): ties the life of this child to those that it may not outlive.
Napi::Value TieChild(const Napi::CallbackInfo& info) {
  if (info[3].As<Napi::Boolean>().Value()) {
    const Status status = DieWithParent();
    // The parent may have died before: then nothing will kill this process any more.
    if (!status.ok() || ParentPid() != IntAt(info, 2)) KillSelf();
  }
  if (const Status status = EndWith(IntAt(info, 0), OffsetAt(info, 1)); !status.ok()) return Throw(info.Env(), status);
  KILL_POINT("boot.tied");
  return info.Env().Undefined();
}

// (): this child lives on without its parent.
Napi::Value UntieChild(const Napi::CallbackInfo& info) {
  if (const Status status = OutliveParent(); !status.ok()) return Throw(info.Env(), status);
  return info.Env().Undefined();
}

// ({ without, settings }): the environment of a child, NAME=value, each with a zero byte behind it.
Napi::Value EnvironmentText(const Napi::CallbackInfo& info) {
  std::string text;
  for (const std::string& variable : EnvironmentOf(info[0].As<Napi::Object>())) text.append(variable).push_back('\0');
  return Napi::String::New(info.Env(), text);
}

// (bytes): as many random ones.
Napi::Value Random(const Napi::CallbackInfo& info) {
  auto bytes = Napi::Buffer<uint8_t>::New(info.Env(), static_cast<size_t>(OffsetAt(info, 0)));
  RandomBytes(bytes.Data(), bytes.ByteLength());
  return bytes;
}

template <typename Method>
void ExportMethod(Napi::Object exports, const std::shared_ptr<Functions>& functions, const char* name, Method method) {
  const auto call = [functions, method](const Napi::CallbackInfo& info) { return ((*functions).*method)(info); };
  exports.Set(name, Napi::Function::New(exports.Env(), call, name));
}

}  // namespace

void InitProcess(Napi::Object exports) {
  const auto functions = std::make_shared<Functions>();
  ExportMethod(exports, functions, "listenToEnds", &Functions::ListenToEnds);
  ExportMethod(exports, functions, "keepLoopAlive", &Functions::KeepLoopAlive);
  ExportMethod(exports, functions, "startChild", &Functions::StartChild);
  ExportMethod(exports, functions, "watchProcess", &Functions::WatchProcess);
  Export<ProcessExitCode>(exports, "processExitCode");
  Export<WaitForProcess>(exports, "waitForProcess");
  Export<SignalProcess>(exports, "signalProcess");
  Export<ProcessDescriptor>(exports, "processDescriptor");
  Export<CloseProcessDescriptor>(exports, "closeProcessDescriptor");
  Export<SignalDaemons>(exports, "signalDaemons");
  Export<SetDaemon>(exports, "setDaemon");
  Export<JoinChildren>(exports, "joinChildren");
  Export<OwnIdentity>(exports, "ownIdentity");
  Export<KeepIdentity>(exports, "keepIdentity");
  Export<TakeBootRecord>(exports, "takeBootRecord");
  Export<TieChild>(exports, "tieChild");
  Export<UntieChild>(exports, "untieChild");
  Export<EnvironmentText>(exports, "environmentText");
  Export<Random>(exports, "randomBytes");
}

}  // namespace forkless
