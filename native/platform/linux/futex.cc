#include "platform/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace forkless {

int64_t MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int FutexWait(std::atomic<int32_t>* word, int32_t expected, int64_t deadline) {
  timespec until;
  timespec* timeout = nullptr;
  if (deadline != kForever) {
    if (deadline < 0) return ETIMEDOUT;  // the kernel would call it invalid
    until.tv_sec = deadline / 1'000'000'000;
    until.tv_nsec = deadline % 1'000'000'000;
    timeout = &until;
  }
  // FUTEX_WAIT_BITSET is the form whose timeout is an absolute point of the monotonic clock.
  const long result = syscall(SYS_futex, reinterpret_cast<int32_t*>(word), FUTEX_WAIT_BITSET, expected, timeout,
                              nullptr, FUTEX_BITSET_MATCH_ANY);
  return result == 0 ? 0 : errno;
}

int FutexWake(std::atomic<int32_t>* word, int count) {
  const long woken = syscall(SYS_futex, reinterpret_cast<int32_t*>(word), FUTEX_WAKE, count, nullptr, nullptr, 0);
  return woken < 0 ? 0 : static_cast<int>(woken);
}

void FutexClearAndWakeAll(std::atomic<int32_t>* word, int32_t bits) {
  // The kernel changes the second word while it holds the queue of both: here they are the same.
  const uint32_t clear = FUTEX_OP(FUTEX_OP_ANDN, static_cast<uint32_t>(bits), FUTEX_OP_CMP_EQ, 0);
  auto* address = reinterpret_cast<int32_t*>(word);
  if (syscall(SYS_futex, address, FUTEX_WAKE_OP, INT_MAX, nullptr, address, clear) >= 0) return;
  word->fetch_and(~bits);
  FutexWake(word, INT_MAX);
}

void YieldProcessor() { sched_yield(); }

}  // namespace forkless
