// Waiting until a word of shared memory changes, and waking those who wait.
//
// The order that both sides keep (all accesses are sequentially consistent):
//
//   waiter                                  waker
//   1. set SYNC (or ASYNC) in `event`       1. change the condition
//   2. look at the condition again          2. look at `event`: no bit, nothing to do
//   3. sleep while `event` is as seen       3. bump the sequence in `event`, wake
//
// Either the waiter sees the change in 2, or the waker sees the bit in 2; and a waker between the waiter's 2
// and 3 changes `event`, so that the sleep does not begin.
//
// Crash rule: a waiter that dies after it was chosen by a wake of one takes that wake with it; therefore its
// participant slot names the point from before it sleeps until it has acted, and recovery wakes the point again.
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

// Waits once. The participant's `parked_point` stays set when it returns: the caller clears it (FinishPark)
// once it has acted on what it found.
ParkResult Park(Arena& arena, const ParkRequest& request);
void FinishPark(Arena& arena, int32_t self);

// Wakes up to `count` sleeping threads and every event loop that waits on the point.
void Wake(Arena& arena, uint64_t point, int count);
// The fast path of Wake: nobody waits.
inline bool HasWaiters(const WaitPoint& point) { return (point.event.load() & (kSyncWaiters | kAsyncWaiters)) != 0; }

// Rings the doorbell of one participant if its event loop sleeps.
void RingParticipant(Arena& arena, uint32_t slot);

// Bits of a participant's Bloom filter for the point at `offset`; the same in JavaScript (waiting.ts).
constexpr uint64_t FilterBit(uint64_t offset) {
  return uint64_t{1} << ((static_cast<uint32_t>(offset >> 3) * 0x9e3779b1u) >> 26);
}

// Acquires an owner lock for native code; true in `*abandoned` when its former holder died with it.
void AcquireOwnerLock(Arena& arena, uint64_t lock, int32_t self, bool* abandoned);
void ReleaseOwnerLock(Arena& arena, uint64_t lock, int32_t self);

}  // namespace forkless

#endif  // FORKLESS_CORE_PARKING_H_
