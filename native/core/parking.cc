#include "core/parking.h"

#include <errno.h>

#include "core/kill_point.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/doorbell.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

constexpr int32_t kWaitBits = kSyncWaiters | kAsyncWaiters;

constexpr int32_t Bumped(int32_t event) { return static_cast<int32_t>(static_cast<uint32_t>(event) + kEventStep); }

bool SpinUntilChanged(const std::atomic<int32_t>& condition, int32_t expected, int64_t spin_ns) {
  if (spin_ns <= 0) return false;
  const int64_t end = MonotonicNow() + spin_ns;
  do {
    for (int i = 0; i < 64; ++i) {
      if (condition.load() != expected) return true;
      CpuRelax();
    }
    // Who is to change the condition may be waiting for this very processor: the scheduler likes to put two that wake
    // each other on one. Without this both would spin in vain and then sleep, turn after turn, and the scheduler, which
    // sees one of them run at a time, would leave them there.
    YieldProcessor();
  } while (MonotonicNow() < end);
  return false;
}

// What the table says, or, with `probe`, what the system says of the owner's process.
bool OwnerIsDead(Arena& arena, uint64_t owner_offset, bool probe) {
  if (owner_offset == 0) return false;
  const int32_t owner = arena.At<std::atomic<int32_t>>(owner_offset)->load() & ~kWaitersBit;
  if (owner == 0) return false;
  return probe ? !ProbeParticipant(arena, owner) : !IsLive(arena, owner);
}

struct RingContext {
  const Arena* arena;
  int32_t id;
};

bool IsStillLive(const void* context) {
  const auto* ring = static_cast<const RingContext*>(context);
  return IsLive(*ring->arena, ring->id);
}

// False when it could not be rung at the moment.
bool Ring(Arena& arena, uint32_t slot) {
  Participant& participant = arena.participant(slot);
  const StateWord word = Unpack(participant.state.load());
  if (word.state != kLive) return true;
  participant.rings.fetch_add(1, std::memory_order_relaxed);
  const RingContext context{&arena, MakeId(slot, word.generation)};
  return RingDoorbell({arena.header().family, slot, word.generation}, participant.pid.load(),
                      participant.doorbell_fd.load(), &IsStillLive, &context);
}

// Rings first and disarms afterwards: a ringer that is stopped or dies in between leaves it armed for the next one.
// Every arming has its own number, so that a late ringer does not disarm the next one.
bool RingIfArmed(Arena& arena, uint32_t slot) {
  Participant& participant = arena.participant(slot);
  int32_t armed = participant.doorbell_armed.load();
  if (armed == 0) return true;
  if (!Ring(arena, slot)) return false;
  KILL_POINT("ring.rung");
  participant.doorbell_armed.compare_exchange_strong(armed, 0);
  return true;
}

// False when one of them could not be rung at the moment.
bool RingWaitingLoops(Arena& arena, uint32_t bits, uint64_t point) {
  const uint32_t end = arena.header().slot_end.load();
  const uint64_t wanted = FilterBit(point);
  bool all_rung = true;
  for (uint32_t first = 0; first < 32; ++first) {
    if ((bits >> first & 1) == 0) continue;
    for (uint32_t slot = first; slot < end; slot += 32) {
      const Participant& participant = arena.participant(slot);
      const uint64_t filter =
          participant.filter[0].load() | static_cast<uint64_t>(participant.filter[1].load()) << 32;
      if ((filter & wanted) != 0) all_rung = RingIfArmed(arena, slot) && all_rung;
    }
  }
  return all_rung;
}

ParkResult Sleep(Arena& arena, const ParkRequest& request) {
  const auto& condition = *arena.At<std::atomic<int32_t>>(request.condition);
  WaitPoint& point = *arena.At<WaitPoint>(request.point);
  for (bool probe = false;;) {
    int32_t event = point.event.load();
    if ((event & kSyncWaiters) == 0) {
      // With a new sequence: else who has seen the bit before it was last taken away would sleep on this one's.
      const int32_t announced = Bumped(event) | kSyncWaiters;
      if (!point.event.compare_exchange_strong(event, announced)) continue;
      event = announced;
    }
    KILL_POINT("park.bit-set");
    if (condition.load() != request.expected) return ParkResult::kChanged;
    if (OwnerIsDead(arena, request.owner, probe)) return ParkResult::kOwnerDied;
    KILL_POINT("park.looked");

    int64_t until = request.deadline;
    if (request.owner != 0) {
      const int64_t probe_at = MonotonicNow() + kOwnerProbeNs;
      if (until == kForever || probe_at < until) until = probe_at;
    }
    const int result = FutexWait(&point.event, event, until);
    if (result == 0) {
      KILL_POINT("park.woken");
      return ParkResult::kWoken;
    }
    if (result == ETIMEDOUT && until == request.deadline) return ParkResult::kTimedOut;
    probe = result == ETIMEDOUT;
    // EAGAIN: the event moved on; EINTR: a signal, which is nobody's business here; else time to probe the owner.
  }
}

}  // namespace

ParkResult Park(Arena& arena, const ParkRequest& request) {
  const auto& condition = *arena.At<std::atomic<int32_t>>(request.condition);
  if (condition.load() != request.expected) return ParkResult::kChanged;
  if (SpinUntilChanged(condition, request.expected, request.spin_ns)) return ParkResult::kChanged;
  Participant& self = arena.participant(SlotOf(request.self));
  self.parked_point.store(request.point);
  self.parks.fetch_add(1, std::memory_order_relaxed);
  KILL_POINT("park.announced");
  const ParkResult result = Sleep(arena, request);
  self.parked_point.store(0);
  return result;
}

void Wake(Arena& arena, uint64_t offset, int count) {
  WaitPoint& point = *arena.At<WaitPoint>(offset);
  int32_t event = point.event.load();
  do {
    if ((event & kWaitBits) == 0) return;
  } while (!point.event.compare_exchange_strong(event, Bumped(event)));
  KILL_POINT("wake.bumped");
  const int32_t bumped = Bumped(event);
  if ((event & kSyncWaiters) != 0) {
    // Fewer sleepers than wakes: nobody sleeps any more. Who falls asleep just now is woken and sets the bit anew.
    const bool none_left = count == kWakeAll || (FutexWake(&point.event, count) < count && point.event.load() == bumped);
    KILL_POINT("wake.some-woken");
    if (none_left) FutexClearAndWakeAll(&point.event, kSyncWaiters);
  }
  KILL_POINT("wake.sync-done");
  if ((event & kAsyncWaiters) == 0) return;
  const bool all_rung = RingWaitingLoops(arena, point.async_bits.load(), offset);
  KILL_POINT("wake.rung");
  if (!all_rung) return;  // the next waker tries again
  // The bit goes only if no event loop has announced itself since: that moves the sequence, too.
  int32_t now = point.event.load();
  while ((now & ~kWaitBits) == (bumped & ~kWaitBits) && (now & kAsyncWaiters) != 0 &&
         !point.event.compare_exchange_weak(now, now & ~kAsyncWaiters)) {
  }
}

void WakeRegardless(Arena& arena, uint64_t offset) {
  WaitPoint& point = *arena.At<WaitPoint>(offset);
  point.event.fetch_add(kEventStep);
  FutexWake(&point.event, kWakeAll);
}

void RingRegardless(Arena& arena, uint32_t slot) {
  Participant& participant = arena.participant(slot);
  if (participant.filter[0].load() == 0 && participant.filter[1].load() == 0) return;
  static_cast<void>(Ring(arena, slot));
}

void AcquireOwnerLock(Arena& arena, uint64_t offset, int32_t self, bool* abandoned) {
  OwnerLock& lock = *arena.At<OwnerLock>(offset);
  *abandoned = false;
  int32_t seen = 0;
  if (lock.word.compare_exchange_strong(seen, self)) return;
  int32_t waiters = 0;  // having slept, assume that others still do
  const int64_t spin_ns = 20'000;
  for (;;) {
    seen = lock.word.load();
    if (seen == 0) {
      if (lock.word.compare_exchange_strong(seen, self | waiters)) break;
      continue;
    }
    const int32_t owner = seen & ~kWaitersBit;
    if (!IsLive(arena, owner)) {
      if (lock.word.compare_exchange_strong(seen, self | kWaitersBit)) {
        *abandoned = true;
        break;
      }
      continue;
    }
    if (waiters == 0) {
      if (SpinUntilChanged(lock.word, seen, spin_ns)) continue;
      waiters = kWaitersBit;
    }
    if ((seen & kWaitersBit) == 0 && !lock.word.compare_exchange_strong(seen, seen | kWaitersBit)) continue;
    static_cast<void>(Park(arena, {.self = self,
                                   .point = offset + offsetof(OwnerLock, point),
                                   .condition = offset + offsetof(OwnerLock, word),
                                   .expected = owner | kWaitersBit,
                                   .owner = offset + offsetof(OwnerLock, word),
                                   .deadline = kForever,
                                   .spin_ns = 0}));
  }
}

void ReleaseOwnerLock(Arena& arena, uint64_t offset, int32_t self) {
  OwnerLock& lock = *arena.At<OwnerLock>(offset);
  if (lock.word.exchange(0) != self) Wake(arena, offset + offsetof(OwnerLock, point), 1);
}

}  // namespace forkless
