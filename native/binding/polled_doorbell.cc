#include <uv.h>

#include <utility>

#include "binding/convert.h"
#include "binding/loop_doorbell.h"

namespace forkless {

namespace {

class PolledDoorbell : public LoopDoorbell {
 public:
  PolledDoorbell(Napi::Env env, uv_loop_t* loop, const Doorbell& doorbell, Napi::Function callback)
      : env_(env), callback_(Napi::Persistent(callback)), handles_(new Handles) {
    handles_->doorbell = doorbell;
    handles_->owner = this;
    uv_poll_init(loop, &handles_->event, doorbell.event_fd);
    uv_poll_init(loop, &handles_->socket, doorbell.socket_fd);
    handles_->event.data = handles_;
    handles_->socket.data = handles_;
    uv_poll_start(&handles_->event, UV_READABLE, OnRing);
    uv_poll_start(&handles_->socket, UV_READABLE, OnRing);
  }

  ~PolledDoorbell() override {
    handles_->owner = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->event), OnClosed);
    uv_close(reinterpret_cast<uv_handle_t*>(&handles_->socket), OnClosed);
  }

  void SetReferenced(bool referenced) override {
    auto* handle = reinterpret_cast<uv_handle_t*>(&handles_->event);
    referenced ? uv_ref(handle) : uv_unref(handle);
    uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->socket));
  }

  [[nodiscard]] const Doorbell& doorbell() const override { return handles_->doorbell; }

 private:
  // The libuv handles outlive this object until libuv has closed them.
  struct Handles {
    uv_poll_t event;
    uv_poll_t socket;
    Doorbell doorbell;
    int open = 2;
    PolledDoorbell* owner;
  };

  static void OnClosed(uv_handle_t* handle) {
    auto* handles = static_cast<Handles*>(handle->data);
    if (--handles->open > 0) return;
    CloseDoorbell(&handles->doorbell);
    delete handles;
  }

  static void OnRing(uv_poll_t* handle, int /*status*/, int /*events*/) {
    auto* handles = static_cast<Handles*>(handle->data);
    if (handles->owner == nullptr) return;
    handle == &handles->event ? DrainEvents(handles->doorbell) : DrainSocket(handles->doorbell);
    PolledDoorbell& self = *handles->owner;
    // What is called may close the doorbell, and with it this object.
    const Napi::Env env = self.env_;
    const Napi::HandleScope scope(env);
    // MakeCallback drains the microtasks, so that the promises that this resolves run at once.
    self.callback_.MakeCallback(env.Global(), 0, nullptr);
    ReportUncaught(env);
  }

  Napi::Env env_;
  Napi::FunctionReference callback_;
  Handles* handles_;
};

}  // namespace

Status PollDoorbell(Napi::Env env, const Doorbell& doorbell, Napi::Function callback,
                    std::unique_ptr<LoopDoorbell>* result) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || loop == nullptr) return Status::Fail(Code::kUnsupported);
  *result = std::make_unique<PolledDoorbell>(env, loop, doorbell, callback);
  return Status::Ok();
}

}  // namespace forkless
