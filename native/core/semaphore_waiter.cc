#include "core/semaphore_waiter.h"

#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "platform/futex.h"
#include "platform/semaphore_wait.h"

namespace forkless {

namespace {

std::mutex all_mutex;
std::set<SemaphoreWaiter*>& All() {
  static auto* all = new std::set<SemaphoreWaiter*>;  // never destroyed: the exit handler needs it
  return *all;
}

}  // namespace

SemaphoreWaiter::SemaphoreWaiter(sem_t* semaphore, Notify notify, void* context)
    : semaphore_(semaphore), notify_(notify), context_(context) {
  const std::lock_guard<std::mutex> guard(all_mutex);
  static const bool registered = atexit(StopAll) == 0;
  static_cast<void>(registered);
  All().insert(this);
}

SemaphoreWaiter::~SemaphoreWaiter() {
  {
    const std::lock_guard<std::mutex> guard(all_mutex);
    All().erase(this);
  }
  Stop();
}

void SemaphoreWaiter::StopAll() {
  const std::lock_guard<std::mutex> guard(all_mutex);
  for (SemaphoreWaiter* waiter : All()) waiter->Stop();
}

void SemaphoreWaiter::Stop() {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (started_) pthread_join(thread_, nullptr);
  started_ = false;
  for (const Settled& settled : settled_) {
    if (settled.outcome == Outcome::kAcquired) sem_post(semaphore_);
  }
  settled_.clear();
}

int SemaphoreWaiter::Add(uint32_t ticket, int64_t deadline) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    waits_.push_back({ticket, deadline, false});
    if (running_) {
      changed_.notify_one();
      return 0;
    }
  }
  if (started_) pthread_join(thread_, nullptr);
  const int error = StartThread();
  if (error != 0) waits_.clear();  // no thread, and so no other wait
  return error;
}

int SemaphoreWaiter::StartThread() {
  running_ = true;
  // Signals are for the threads that know what to do with them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, Main, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  started_ = error == 0;
  running_ = started_;
  return error;
}

void SemaphoreWaiter::Cancel(uint32_t ticket) {
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = std::find_if(waits_.begin(), waits_.end(),
                                    [&](const Wait& wait) { return wait.ticket == ticket; });
    if (found == waits_.end()) return;
    found->cancelled = true;
    const bool others_wait =
        std::any_of(waits_.begin(), waits_.end(), [](const Wait& wait) { return !wait.cancelled; });
    if (!others_wait) return;
    waits_.erase(found);
    settled_.push_back({ticket, Outcome::kCancelled});
  }
  notify_(context_);
}

std::vector<SemaphoreWaiter::Settled> SemaphoreWaiter::Take() {
  const std::lock_guard<std::mutex> guard(mutex_);
  return std::exchange(settled_, {});
}

void* SemaphoreWaiter::Main(void* self) {
  static_cast<SemaphoreWaiter*>(self)->Run();
  return nullptr;
}

void SemaphoreWaiter::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (AwaitWork(lock)) {
    const int64_t deadline = EndOfSlice(MonotonicNow());
    lock.unlock();
    const bool acquired = WaitForSemaphore(semaphore_, deadline) == 0;
    lock.lock();
    if (acquired) Grant();
    SettleEnded(MonotonicNow());
    if (settled_.empty()) continue;
    lock.unlock();
    notify_(context_);
    lock.lock();
  }
  running_ = false;
}

bool SemaphoreWaiter::AwaitWork(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] { return stopping_ || !waits_.empty(); };
  return changed_.wait_for(lock, std::chrono::nanoseconds(kIdleNs), has_work) && !stopping_;
}

void SemaphoreWaiter::Grant() {
  const auto found =
      std::find_if(waits_.begin(), waits_.end(), [](const Wait& wait) { return !wait.cancelled; });
  if (stopping_ || found == waits_.end()) {
    sem_post(semaphore_);
    return;
  }
  settled_.push_back({found->ticket, Outcome::kAcquired});
  waits_.erase(found);
}

void SemaphoreWaiter::SettleEnded(int64_t now) {
  const auto ended = [now](const Wait& wait) {
    return wait.cancelled || (wait.deadline != kForever && wait.deadline <= now);
  };
  for (const Wait& wait : waits_) {
    if (!ended(wait)) continue;
    settled_.push_back({wait.ticket, wait.cancelled ? Outcome::kCancelled : Outcome::kTimedOut});
  }
  waits_.erase(std::remove_if(waits_.begin(), waits_.end(), ended), waits_.end());
}

int64_t SemaphoreWaiter::EndOfSlice(int64_t now) const {
  int64_t end = now + kSliceNs;
  for (const Wait& wait : waits_) {
    if (wait.deadline != kForever) end = std::min(end, wait.deadline);
  }
  return end;
}

}  // namespace forkless
