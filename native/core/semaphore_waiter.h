// Waits for one POSIX semaphore on a thread of its own, for callers that may not block.
//
// sem_clockwait cannot be called off, and a thread left in it would eat a permit that nobody wants
// any more. Therefore the thread waits in slices of kSliceNs, and three rules hold:
//   - it is in sem_clockwait only while some wait is unsettled;
//   - a wait that is cancelled is settled at once if others remain, otherwise by the thread, when
//   it is out
//     of sem_clockwait: once a wait is settled, nothing waits in its name;
//   - a permit that arrives when every wait has been cancelled is posted back before these are
//   settled.
// So whoever sees a cancelled wait settled also sees every permit in the semaphore. The price: a
// cancelled last wait is settled up to one slice late, and a waiting thread looks around 50 times a
// second.
//
// It must not touch a semaphore in an arena after this process has let go of the memory. Therefore
// all such threads are ended by an exit handler, too: it runs before that of the arenas, which were
// there first.
//
// The thread starts with the first wait and ends when there was none for kIdleNs.
#ifndef FORKLESS_CORE_SEMAPHORE_WAITER_H_
#define FORKLESS_CORE_SEMAPHORE_WAITER_H_

#include <pthread.h>
#include <semaphore.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace forkless {

inline constexpr int64_t kSliceNs = 20'000'000;
inline constexpr int64_t kIdleNs = 1'000'000'000;

class SemaphoreWaiter {
 public:
  enum class Outcome : int32_t { kAcquired = 0, kTimedOut = 1, kCancelled = 2 };
  struct Settled {
    uint32_t ticket;
    Outcome outcome;
  };
  // Called whenever there is something to take; on any thread, with no lock held.
  using Notify = void (*)(void* context);

  // `semaphore` stays open until this object has been destroyed.
  SemaphoreWaiter(sem_t* semaphore, Notify notify, void* context);
  // Ends the thread, which takes up to one slice. Permits that nobody has taken over are posted
  // back.
  ~SemaphoreWaiter();
  SemaphoreWaiter(const SemaphoreWaiter&) = delete;
  SemaphoreWaiter& operator=(const SemaphoreWaiter&) = delete;

  // Waits under the name of `ticket` until the absolute monotonic `deadline` (ns; kForever). First
  // come, first served. Returns 0 or the errno with which no thread could be started.
  [[nodiscard]] int Add(uint32_t ticket, int64_t deadline);
  // Calls a wait off. One that has its permit already stays acquired.
  void Cancel(uint32_t ticket);
  // The waits that were settled since the last call.
  [[nodiscard]] std::vector<Settled> Take();

 private:
  struct Wait {
    uint32_t ticket;
    int64_t deadline;
    bool cancelled;
  };
  static void StopAll();
  void Stop();
  static void* Main(void* self);
  void Run();
  [[nodiscard]] bool AwaitWork(std::unique_lock<std::mutex>& lock);
  // Hands a permit to the first that still wants it, or back to the semaphore.
  void Grant();
  void SettleEnded(int64_t now);
  [[nodiscard]] int64_t EndOfSlice(int64_t now) const;
  [[nodiscard]] int StartThread();

  sem_t* const semaphore_;
  const Notify notify_;
  void* const context_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Wait> waits_;
  std::vector<Settled> settled_;
  pthread_t thread_{};
  bool started_ = false;  // there is a thread to join
  bool running_ = false;  // it will look at waits_ again
  bool stopping_ = false;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_SEMAPHORE_WAITER_H_
