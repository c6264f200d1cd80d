// The least that lets one event loop wake another: an eventfd in a uv_poll_t that calls one
// function.
//
//   create(): number                  a new eventfd
//   new Watcher(fd, callback)         calls back once for every time the fd became readable
//   signal(fd): void                  writes 1
//   watcher.close(): void

#include <napi.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include <cstdint>

namespace {

class Watcher : public Napi::ObjectWrap<Watcher> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Watcher", {InstanceMethod<&Watcher::Close>("close")});
  }

  explicit Watcher(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Watcher>(info), context_(info.Env(), "eventfd") {
    const Napi::Env env = info.Env();
    if (info.Length() < 2 || !info[0].IsNumber() || !info[1].IsFunction()) {
      Napi::TypeError::New(env, "Watcher(fd, callback)").ThrowAsJavaScriptException();
      return;
    }
    uv_loop_t* loop = nullptr;
    fd_ = info[0].As<Napi::Number>().Int32Value();
    auto* poll = new uv_poll_t;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, poll, fd_) != 0) {
      delete poll;
      Napi::Error::New(env, "the fd cannot be watched").ThrowAsJavaScriptException();
      return;
    }
    poll_ = poll;
    poll_->data = this;
    callback_ = Napi::Persistent(info[1].As<Napi::Function>());
    Ref();
    uv_poll_start(poll_, UV_READABLE, OnReadable);
  }

 private:
  static void OnReadable(uv_poll_t* poll, int status, int) {
    if (status != 0) return;
    auto* self = static_cast<Watcher*>(poll->data);
    uint64_t count = 0;
    if (read(self->fd_, &count, sizeof count) != sizeof count) return;
    const Napi::HandleScope scope(self->Env());
    const std::initializer_list<napi_value> nothing;
    self->callback_.MakeCallback(self->Value(), nothing, self->context_);
  }

  void Close(const Napi::CallbackInfo&) {
    if (poll_ == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(poll_),
             [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    poll_ = nullptr;
    Unref();
  }

  Napi::FunctionReference callback_;
  Napi::AsyncContext context_;
  uv_poll_t* poll_ = nullptr;
  int fd_ = -1;
};

Napi::Value Create(const Napi::CallbackInfo& info) {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) Napi::Error::New(info.Env(), "eventfd failed").ThrowAsJavaScriptException();
  return Napi::Number::New(info.Env(), fd);
}

void Signal(const Napi::CallbackInfo& info) {
  const uint64_t one = 1;
  if (write(info[0].As<Napi::Number>().Int32Value(), &one, sizeof one) == sizeof one) return;
  Napi::Error::New(info.Env(), "the eventfd cannot be written").ThrowAsJavaScriptException();
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("create", Napi::Function::New<Create>(env, "create"));
  exports.Set("signal", Napi::Function::New<Signal>(env, "signal"));
  exports.Set("Watcher", Watcher::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(eventfd_loop, Init)
