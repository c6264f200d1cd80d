// What the tests of the core have in common: arenas, participants, a watchdog, random numbers, child processes.
#ifndef FORKLESS_TEST_FIXTURE_H_
#define FORKLESS_TEST_FIXTURE_H_

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <functional>

#include "core/arena.h"
#include "core/heap.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "test/check.h"

namespace forkless::test {

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kMayFork = false;  // ThreadSanitizer knows threads only
inline constexpr int kScale = 1;
#else
inline constexpr bool kMayFork = true;
inline constexpr int kScale = 4;  // how much more of the same may be done
#endif

// A test that hangs ends by SIGALRM.
inline void Watch(unsigned seconds) { alarm(seconds); }

inline Arena& NewFamily(uint64_t max_bytes) {
  Arena* arena = nullptr;
  CHECK(Arena::CreateFamily(max_bytes, &arena).ok());
  return *arena;
}

inline int32_t Join(Arena& arena) {
  int32_t id = 0;
  CHECK(RegisterParticipant(arena, "test", &id).ok());
  return id;
}

inline Block Allocate(Arena& arena, uint64_t bytes, int32_t self) {
  Block block;
  CHECK(AllocateBlock(arena, bytes, 0, self, self, &block).ok());
  return block;
}

// xorshift: the same numbers in every run with the same seed.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  uint64_t Below(uint64_t limit) { return Next() % limit; }

 private:
  uint64_t state_;
};

// Runs `body` in a forked process that ends with us; the test has no other thread at that moment.
inline pid_t Fork(const std::function<void()>& body) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(3);
  body();
  _exit(0);
}

// Exit status, or minus the signal.
inline int Reap(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

inline int KillAndReap(pid_t child) {
  kill(child, SIGKILL);
  return Reap(child);
}

}  // namespace forkless::test

#endif  // FORKLESS_TEST_FIXTURE_H_
