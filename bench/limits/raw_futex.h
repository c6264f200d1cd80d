// Waiting for a word and waking who waits for it, with nothing but the system call; nobody spins.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace limits {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

// Returns the first value other than `old`, and adds to `parked` when it slept for it.
inline uint32_t WaitForChange(std::atomic<uint32_t>* word, uint32_t old, uint32_t* parked) {
  bool slept = false;
  uint32_t now = word->load(std::memory_order_acquire);
  while (now == old) {
    if (syscall(SYS_futex, word, FUTEX_WAIT, old, nullptr, nullptr, 0) == 0) slept = true;
    now = word->load(std::memory_order_acquire);
  }
  if (slept) ++*parked;
  return now;
}

inline void StoreAndWake(std::atomic<uint32_t>* word, uint32_t value) {
  word->store(value, std::memory_order_release);
  syscall(SYS_futex, word, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

inline void Sleep(int microseconds) {
  timespec gap{microseconds / 1'000'000, microseconds % 1'000'000 * 1000L};
  while (nanosleep(&gap, &gap) != 0) {
  }
}

}  // namespace limits
