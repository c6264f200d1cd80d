// Sleeping in the kernel on a word of shared memory.
#ifndef FORKLESS_PLATFORM_FUTEX_H_
#define FORKLESS_PLATFORM_FUTEX_H_

#include <atomic>
#include <cstdint>

namespace forkless {

inline constexpr int64_t kForever = -1;

// Nanoseconds of the monotonic clock, which is the same in every process of the machine.
int64_t MonotonicNow();

// Sleeps while *word == expected, until woken or until the absolute monotonic `deadline` (ns; kForever).
// A deadline before the clock's zero is over. Returns 0 (woken, perhaps spuriously), EAGAIN (the word differs), ETIMEDOUT or EINTR.
int FutexWait(std::atomic<int32_t>* word, int32_t expected, int64_t deadline);

// Wakes up to `count` sleepers; returns how many.
int FutexWake(std::atomic<int32_t>* word, int count);

// Clears `bits` (each below 2^11) and wakes every sleeper, in one step: nobody sleeps on the word with the bits
// cleared, even if the caller is stopped or dies.
void FutexClearAndWakeAll(std::atomic<int32_t>* word, int32_t bits);

// Tells the processor that this is a spin loop.
inline void CpuRelax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// Lets another runnable thread of this processor go first, if there is one.
void YieldProcessor();

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_FUTEX_H_
