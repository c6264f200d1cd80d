#include "core/watched_process.h"

#include <atomic>
#include <chrono>

#include "platform/doorbell.h"
#include "platform/futex.h"

namespace forkless {

namespace {
std::atomic<uint32_t> next_id{1};
}

WatchedProcess::WatchedProcess(Kind kind, bool daemon, uint32_t owner, std::shared_ptr<EndListener> listener)
    : id_(next_id.fetch_add(1)), kind_(kind), daemon_(daemon), owner_(owner), listener_(std::move(listener)) {}

bool WatchedProcess::HasEnded(int32_t* exit_code) const {
  const std::lock_guard<std::mutex> guard(mutex_);
  *exit_code = exit_code_;
  return ended_;
}

bool WatchedProcess::WaitUntil(int64_t deadline) {
  std::unique_lock<std::mutex> guard(mutex_);
  if (deadline == kForever) {
    ended_changed_.wait(guard, [this] { return ended_; });
    return true;
  }
  const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds(deadline)};
  return ended_changed_.wait_until(guard, until, [this] { return ended_; });
}

bool WatchedProcess::Signal(int number) {
  // A child is reaped under the same mutex, so its pid is its own until then.
  const std::lock_guard<std::mutex> guard(mutex_);
  return !ended_ && SendSignal(pid_, number);
}

Status WatchedProcess::Descriptor(int* fd) {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!descriptor_.valid() && ended_) {
    if (Status status = OpenEnded(&descriptor_); !status.ok()) return status;
  }
  if (!descriptor_.valid()) {
    int flag = -1;
    if (Status status = OpenFlag(&flag); !status.ok()) return status;
    descriptor_.Reset(flag);
  }
  descriptor_given_ = true;
  *fd = descriptor_.get();
  return Status::Ok();
}

void WatchedProcess::CloseDescriptor() {
  const std::lock_guard<std::mutex> guard(mutex_);
  if (!ended_) return;
  descriptor_.Reset();
  descriptor_given_ = false;
}

void WatchedProcess::Publish(int32_t exit_code) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (kind_ == Kind::kChild) ReapChild(pid_);
    ended_ = true;
    exit_code_ = exit_code;
    if (kind_ == Kind::kThread && descriptor_.valid()) SetFlag(descriptor_.get(), true);
    if (!descriptor_given_) descriptor_.Reset();
  }
  ended_changed_.notify_all();
  if (listener_ != nullptr) listener_->OnEnd(*this);
}

}  // namespace forkless
