#include "core/recovery.h"

#include "core/heap.h"
#include "core/kill_point.h"
#include "core/parking.h"
#include "core/participants.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

// Whether the process that the slot depends on has ended. A participant of this process lives by definition.
bool HasEnded(const Participant& slot, StateWord word) {
  if (word.state == kFree || word.pid == OwnPid()) return false;
  // While a slot is RECOVERING the word names the recoverer, whose start time is not kept: its pid must do.
  const uint64_t start_time = word.state == kLive ? slot.start_time.load() : 0;
  return !IsProcessAlive(word.pid, start_time);
}

// Step 1: whoever sleeps until this owner lets go of something looks again and finds it gone.
void WakeWhoWaitFor(Arena& arena, int32_t dead) {
  const uint32_t end = arena.header().slot_end.load();
  for (uint32_t slot = 0; slot < end; ++slot) {
    Participant& waiter = arena.participant(slot);
    if (Unpack(waiter.state.load()).state != kLive) continue;
    const uint64_t point = waiter.parked_point.load();
    const uint64_t owner = waiter.parked_owner.load();
    if (point != 0 && owner != 0 &&
        (arena.At<std::atomic<int32_t>>(owner)->load() & ~kWaitersBit) == dead) {
      Wake(arena, point, kWakeAll);
    }
    if (waiter.waits_for_owner.load() != 0) RingParticipant(arena, slot);
  }
}

// The steps, in order. The slot is RECOVERING under our pid.
void Recover(Arena& arena, uint32_t index, uint32_t generation, int32_t recoverer) {
  Participant& slot = arena.participant(index);
  const int32_t id = MakeId(index, generation);
  KILL_POINT("recover.claimed");
  WakeWhoWaitFor(arena, id);
  KILL_POINT("recover.woken");
  // Step 2: a wake of one that it may have taken with it goes to another.
  if (const uint64_t point = slot.parked_point.load(); point != 0) Wake(arena, point, 1);
  KILL_POINT("recover.passed-on");
  DropHoldsOf(arena, id, recoverer);
  KILL_POINT("recover.holds-dropped");
  slot.parked_point.store(0);
  slot.parked_owner.store(0);
  slot.doorbell_armed.store(0);
  uint32_t next = (generation + 1) & kGenerationMask;
  if (next == 0) next = 1;
  slot.state.store(Pack({0, next, kFree}));
}

// Claims the slot for recovery. `seen` is the state on which the decision was based.
bool RecoverIfStill(Arena& arena, uint32_t index, uint64_t seen) {
  Participant& slot = arena.participant(index);
  const StateWord word = Unpack(seen);
  int32_t recoverer = 0;
  if (!arena.ServiceParticipant(&recoverer).ok()) return false;
  if (!slot.state.compare_exchange_strong(seen, Pack({OwnPid(), word.generation, kRecovering}))) return false;
  Recover(arena, index, word.generation, recoverer);
  return true;
}

}  // namespace

void RecoverProcess(int32_t pid, void (*adopt)(int32_t pid)) {
  for (uint32_t i = 0; i < Arena::Count(); ++i) {
    Arena& arena = *Arena::ByIndex(i);
    const uint32_t end = arena.header().slot_end.load();
    for (uint32_t index = 0; index < end; ++index) {
      Participant& slot = arena.participant(index);
      const uint64_t seen = slot.state.load();
      const StateWord word = Unpack(seen);
      if (word.state != kFree && word.pid == pid) {
        RecoverIfStill(arena, index, seen);
      } else if (adopt != nullptr && word.state == kLive && slot.parent_pid.load() == pid && word.pid != OwnPid()) {
        adopt(word.pid);
      }
    }
    if (!arena.name().empty()) arena.RemoveIfUnused();
  }
}

void RetireParticipant(Arena& arena, int32_t id) {
  const uint32_t index = SlotOf(id);
  uint64_t seen = arena.participant(index).state.load();
  const StateWord word = Unpack(seen);
  if (word.generation != GenerationOf(id) || (word.state != kLive && word.state != kReserved)) return;
  RecoverIfStill(arena, index, seen);
}

bool ProbeParticipant(Arena& arena, int32_t id) {
  const uint32_t index = SlotOf(id);
  const Participant& slot = arena.participant(index);
  const uint64_t seen = slot.state.load();
  const StateWord word = Unpack(seen);
  if (word.generation != GenerationOf(id) || word.state == kFree || word.state == kRecovering) return false;
  if (!HasEnded(slot, word)) return true;
  RecoverIfStill(arena, index, seen);
  return false;
}

int RecoverAllDead(Arena& arena) {
  int recovered = 0;
  const uint32_t end = arena.header().slot_end.load();
  for (uint32_t index = 0; index < end; ++index) {
    const Participant& slot = arena.participant(index);
    const uint64_t seen = slot.state.load();
    if (HasEnded(slot, Unpack(seen)) && RecoverIfStill(arena, index, seen)) ++recovered;
  }
  return recovered;
}

}  // namespace forkless
