// Waiting until a word of shared memory changes, and waking those who wait.
//
// The order that both sides keep (all accesses are sequentially consistent):
//
//   waiter                                  waker
//   1. set SYNC (or ASYNC) in `event`,      1. change the condition
//      with a new sequence
//   2. look at the condition again          2. look at `event`: no bit, nothing to do
//   3. sleep while `event` is as seen       3. bump the sequence in `event`, wake
//
// Either the waiter sees the change in 2, or the waker sees the bit in 2; and a waker between the waiter's 2
// and 3 changes `event`, so that the sleep does not begin.
//
// The sequence moves whenever a bit is set. Were it only set, then a waiter could see the bit of another, look, be held up
// while a waker takes the bit away, changes the condition and finds no bit, and - when the next waiter has set it anew -
// fall asleep on an event that looks as it has seen it.
//
// A bit is taken away only together with the sleepers that it stands for: SYNC by the kernel in the same step that
// wakes them all, ASYNC after the ringing and only if the sequence shows that nobody has announced himself
// since. So a waker that is stopped in here for a minute hides nobody from the others.
//
// Crash rule: a waker may die between changing the condition and waking, a waiter with a wake of one in its hands.
// Neither leaves a trace in the point; so when a participant ends, everybody who sleeps on a point that it could
// reach (in a block that it held, or in the header) is woken and looks again, whatever the bits say (recovery.cc).
// Each sleeper's participant slot names its point for that.
#ifndef FORKLESS_CORE_PARKING_H_
#define FORKLESS_CORE_PARKING_H_

#include <limits.h>

#include "core/arena.h"
#include "platform/futex.h"

namespace forkless {

inline constexpr int kWakeAll = INT_MAX;
inline constexpr int64_t kOwnerProbeNs = 75'000'000;

enum class ParkResult : int32_t {
  kChanged = 0,    // the condition word differs from `expected` (or a wake came): look again
  kTimedOut = 1,
  kOwnerDied = 2,  // the owner of the lock that is waited for has ended
  kWoken = 3,      // as kChanged, but it has slept for it
};

struct ParkRequest {
  int32_t self;            // participant that waits
  uint64_t point;          // offset of the WaitPoint
  uint64_t condition;      // offset of the word that will change
  int32_t expected;        // value at which to wait
  uint64_t owner;          // offset of an owner word on whose holder's life the wait depends; 0 = none
  int64_t deadline;        // absolute monotonic ns, or kForever
  int64_t spin_ns;         // how long to spin before sleeping
};

// Waits once; the caller looks at the condition again, whatever the result.
ParkResult Park(Arena& arena, const ParkRequest& request);

// Wakes up to `count` sleeping threads and every event loop that waits on the point.
void Wake(Arena& arena, uint64_t point, int count);

// Wakes every thread that sleeps on the point and does not trust the bits, which a dead waker may have taken away.
void WakeRegardless(Arena& arena, uint64_t point);
// Rings the doorbell of a participant even if it is not marked as armed, for the same reason.
void RingRegardless(Arena& arena, uint32_t slot);

// Bits of a participant's Bloom filter for the point at `offset`; the same in JavaScript (waiting.ts).
constexpr uint64_t FilterBit(uint64_t offset) {
  return uint64_t{1} << ((static_cast<uint32_t>(offset >> 3) * 0x9e3779b1u) >> 26);
}

// Acquires an owner lock for native code; true in `*abandoned` when its former holder died with it.
void AcquireOwnerLock(Arena& arena, uint64_t lock, int32_t self, bool* abandoned);
void ReleaseOwnerLock(Arena& arena, uint64_t lock, int32_t self);

}  // namespace forkless

#endif  // FORKLESS_CORE_PARKING_H_
