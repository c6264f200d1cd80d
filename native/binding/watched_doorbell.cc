#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "binding/convert.h"
#include "binding/loop_doorbell.h"
#include "binding/loop_signal.h"

namespace forkless {

namespace {

// What the thread and the environment share; lives as long as either of them.
struct Watch {
  Doorbell doorbell;
  int stop_fd = -1;

  std::mutex mutex;
  std::condition_variable heard;
  // The loop has been told, and has not taken the rings off yet. Only the loop does: a thread that blocks in
  // WaitForRing must find them.
  bool told = false;
  std::unique_ptr<LoopSignal> signal;  // null: stopped

  ~Watch() {
    CloseDoorbell(&doorbell);
    if (stop_fd >= 0) CloseFlag(stop_fd);
  }

  void Run() {
    while (AwaitRing(doorbell, stop_fd)) {
      std::unique_lock<std::mutex> lock(mutex);
      if (signal == nullptr) return;
      told = true;
      signal->Send();
      heard.wait(lock, [this] { return !told || signal == nullptr; });
    }
  }

  void TakeRings() {
    DrainEvents(doorbell);
    DrainSocket(doorbell);
    const std::lock_guard<std::mutex> lock(mutex);
    told = false;
    heard.notify_all();
  }

  void Stop() {
    const std::lock_guard<std::mutex> lock(mutex);
    signal.reset();
    SetFlag(stop_fd, true);
    heard.notify_all();
  }
};

class WatchedDoorbell : public LoopDoorbell {
 public:
  explicit WatchedDoorbell(std::shared_ptr<Watch> watch) : watch_(std::move(watch)) {}
  ~WatchedDoorbell() override { watch_->Stop(); }

  void SetReferenced(bool referenced) override { watch_->signal->SetReferenced(referenced); }
  [[nodiscard]] const Doorbell& doorbell() const override { return watch_->doorbell; }

 private:
  std::shared_ptr<Watch> watch_;
};

}  // namespace

Status WatchDoorbell(Napi::Env env, const Doorbell& doorbell, Napi::Function callback,
                     std::unique_ptr<LoopDoorbell>* result) {
  auto watch = std::make_shared<Watch>();
  if (Status status = OpenFlag(&watch->stop_fd); !status.ok()) return status;
  auto function = std::make_shared<Napi::FunctionReference>(Napi::Persistent(callback));
  const auto on_signal = [watch = std::weak_ptr<Watch>(watch), function] {
    const std::shared_ptr<Watch> rung = watch.lock();
    if (rung == nullptr) return;
    rung->TakeRings();
    // What is called may close the doorbell.
    const std::shared_ptr<Napi::FunctionReference> called = function;
    called->Call({});
  };
  if (Status status = LoopSignal::Open(env, on_signal, &watch->signal); !status.ok()) return status;
  watch->doorbell = doorbell;
  std::thread([watch] { watch->Run(); }).detach();
  *result = std::make_unique<WatchedDoorbell>(std::move(watch));
  return Status::Ok();
}

}  // namespace forkless
