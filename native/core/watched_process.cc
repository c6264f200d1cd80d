#include "core/watched_process.h"

#include <chrono>

#include "platform/futex.h"

namespace forkless {

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
  if (!descriptor_.valid()) {
    if (Status status = OpenEnded(&descriptor_); !status.ok()) return status;
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
    if (is_child_) ReapChild(pid_);
    ended_ = true;
    exit_code_ = exit_code;
    if (!descriptor_given_) descriptor_.Reset();
  }
  ended_changed_.notify_all();
  if (listener_ != nullptr) listener_->OnEnd(*this);
}

}  // namespace forkless
