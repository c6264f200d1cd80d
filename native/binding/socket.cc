// Sockets, and the event loop's look at a descriptor.
#include "platform/socket.h"

#include <uv.h>

#include <memory>
#include <utility>

#include "binding/convert.h"
#include "binding/exports.h"
#include "core/posix_semaphore.h"
#include "platform/unique_fd.h"

namespace forkless {

namespace {

SocketPlace PlaceAt(const Napi::CallbackInfo& info, size_t index) { return {TextAt(info, index), IntAt(info, index + 1)}; }

Napi::Array FoundSocket(Napi::Env env, int fd, const SocketPlace& place) {
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(0u, Napi::Number::New(env, fd));
  result.Set(1u, Napi::String::New(env, place.host));
  result.Set(2u, Napi::Number::New(env, place.port));
  return result;
}

// resolveHost(host, family)
Napi::Value Resolve(const Napi::CallbackInfo& info) {
  std::string numeric;
  if (Status status = ResolveHost(TextAt(info, 0).c_str(), IntAt(info, 1), &numeric); !status.ok()) {
    return Throw(info.Env(), status);
  }
  return Napi::String::New(info.Env(), numeric);
}

// listenSocket(host, port, backlog): [fd, host, port]
Napi::Value Listen(const Napi::CallbackInfo& info) {
  int fd = -1;
  SocketPlace bound;
  if (Status status = OpenListener(PlaceAt(info, 0), IntAt(info, 2), &fd, &bound); !status.ok()) {
    return Throw(info.Env(), status);
  }
  return FoundSocket(info.Env(), fd, bound);
}

// connectSocket(host, port): [fd, connected]; undefined: try again
Napi::Value Connect(const Napi::CallbackInfo& info) {
  int fd = -1;
  Connecting state = Connecting::kPending;
  if (Status status = BeginConnect(PlaceAt(info, 0), &fd, &state); !status.ok()) return Throw(info.Env(), status);
  if (state == Connecting::kTryAgain) return info.Env().Undefined();
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), fd));
  result.Set(1u, Napi::Boolean::New(info.Env(), state == Connecting::kDone));
  return result;
}

// connectResult(fd): throws when connecting has failed
Napi::Value Connected(const Napi::CallbackInfo& info) {
  const Status status = ConnectResult(IntAt(info, 0));
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// acceptSocket(fd): [fd, host, port]; undefined: nobody is there now
Napi::Value Accept(const Napi::CallbackInfo& info) {
  int accepted = -1;
  SocketPlace peer;
  if (Status status = AcceptSocket(IntAt(info, 0), &accepted, &peer); !status.ok()) return Throw(info.Env(), status);
  if (accepted < 0) return info.Env().Undefined();
  return FoundSocket(info.Env(), accepted, peer);
}

// receiveSome(fd, target): how many bytes; 0 = the end, -1 = nothing now
Napi::Value Receive(const Napi::CallbackInfo& info) {
  auto target = info[1].As<Napi::Uint8Array>();
  int64_t count = 0;
  const Status status = ReceiveSome(IntAt(info, 0), target.Data(), target.ByteLength(), &count);
  return status.ok() ? Napi::Number::New(info.Env(), static_cast<double>(count)) : Throw(info.Env(), status);
}

// sendSome(fd, head, body): how many bytes; -1 = no room now
Napi::Value Send(const Napi::CallbackInfo& info) {
  const auto head = info[1].As<Napi::Uint8Array>();
  const auto body = info[2].As<Napi::Uint8Array>();
  int64_t count = 0;
  const Status status =
      SendSome(IntAt(info, 0), head.Data(), head.ByteLength(), body.Data(), body.ByteLength(), &count);
  return status.ok() ? Napi::Number::New(info.Env(), static_cast<double>(count)) : Throw(info.Env(), status);
}

// waitForDescriptor(fd, events, deadlineMs): which of the events; 0 = the time is over
Napi::Value Wait(const Napi::CallbackInfo& info) {
  int ready = 0;
  const Status status = WaitForDescriptor(IntAt(info, 0), IntAt(info, 1), DeadlineAt(NumberAt(info, 2)), &ready);
  return status.ok() ? Napi::Number::New(info.Env(), ready) : Throw(info.Env(), status);
}

// A descriptor that the event loop watches, and is kept alive by, while somebody wants to know of an event. It may own the
// descriptor, and the file of a listening socket: then they go with it, and so with a worker thread that is terminated.
class LoopDescriptor {
 public:
  explicit LoopDescriptor(Napi::Env env) : env_(env) {}
  ~LoopDescriptor() { Close(); }
  LoopDescriptor(const LoopDescriptor&) = delete;
  LoopDescriptor& operator=(const LoopDescriptor&) = delete;

  void Own(int fd, SocketFile&& file) {
    fd_.Reset(fd);
    file_ = std::move(file);
  }

  Status Open(int fd) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env_, &loop) != napi_ok || loop == nullptr) return Status::Fail(Code::kUnsupported);
    auto poll = std::make_unique<uv_poll_t>();
    if (const int error = uv_poll_init(loop, poll.get(), fd); error != 0) return Status::System("uv_poll_init", -error);
    poll_ = poll.release();
    poll_->data = this;
    return Status::Ok();
  }

  Status Watch(int events, Napi::Function on_ready) {
    if (poll_ == nullptr) return Status::Ok();
    events_ = events;
    if (events == 0) {
      // From here on the collector does not wait for what the function holds.
      on_ready_.Reset();
      uv_poll_stop(poll_);
      return Status::Ok();
    }
    if (on_ready_.IsEmpty()) on_ready_ = Napi::Persistent(on_ready);
    const int wanted = ((events & kReadable) != 0 ? UV_READABLE : 0) | ((events & kWritable) != 0 ? UV_WRITABLE : 0);
    const int error = uv_poll_start(poll_, wanted, OnReady);
    return error == 0 ? Status::Ok() : Status::System("uv_poll_start", -error);
  }

  // A descriptor that is not its own may be closed afterwards.
  void Close() {
    on_ready_.Reset();
    if (poll_ != nullptr) {
      poll_->data = nullptr;
      uv_close(reinterpret_cast<uv_handle_t*>(poll_),
               [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
      poll_ = nullptr;
    }
    fd_.Reset();
    file_.Remove();
  }

 private:
  static void OnReady(uv_poll_t* poll, int status, int events) {
    auto* self = static_cast<LoopDescriptor*>(poll->data);
    if (self == nullptr) return;
    int ready = ((events & UV_READABLE) != 0 ? kReadable : 0) | ((events & UV_WRITABLE) != 0 ? kWritable : 0);
    // Who tries finds out what is wrong.
    if (status != 0) ready = self->events_;
    const Napi::Env env = self->env_;
    const Napi::HandleScope scope(env);
    self->on_ready_.Value().MakeCallback(env.Global(), {Napi::Number::New(env, ready)});
    ReportUncaught(env);
  }

  Napi::Env env_;
  uv_poll_t* poll_ = nullptr;  // freed by libuv's close
  UniqueFd fd_;
  SocketFile file_;
  Napi::FunctionReference on_ready_;
  int events_ = 0;
};

using Handle = Napi::External<LoopDescriptor>;

// openWatch(fd, owned, path, directory): owned whatever happens; '' = no file, no directory
Napi::Value OpenWatch(const Napi::CallbackInfo& info) {
  auto made = std::make_unique<LoopDescriptor>(info.Env());
  if (info[1].As<Napi::Boolean>()) made->Own(IntAt(info, 0), SocketFile(TextAt(info, 2), TextAt(info, 3)));
  if (Status status = made->Open(IntAt(info, 0)); !status.ok()) return Throw(info.Env(), status);
  return Handle::New(info.Env(), made.release(), [](Napi::Env, LoopDescriptor* data) { delete data; });
}

// watch(handle, events, onReady)
Napi::Value Watch(const Napi::CallbackInfo& info) {
  const Status status = info[0].As<Handle>().Data()->Watch(IntAt(info, 1), info[2].As<Napi::Function>());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// closeWatch(handle)
Napi::Value CloseWatch(const Napi::CallbackInfo& info) {
  info[0].As<Handle>().Data()->Close();
  return info.Env().Undefined();
}

}  // namespace

void InitSocket(Napi::Object exports) {
  Export<Resolve>(exports, "resolveHost");
  Export<Listen>(exports, "listenSocket");
  Export<Connect>(exports, "connectSocket");
  Export<Connected>(exports, "connectResult");
  Export<Accept>(exports, "acceptSocket");
  Export<Receive>(exports, "receiveSome");
  Export<Send>(exports, "sendSome");
  Export<Wait>(exports, "waitForDescriptor");
  Export<OpenWatch>(exports, "openWatch");
  Export<Watch>(exports, "watch");
  Export<CloseWatch>(exports, "closeWatch");
}

}  // namespace forkless
