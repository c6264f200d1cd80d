#include "core/recovery.h"

#include <algorithm>
#include <vector>

#include "core/heap.h"
#include "core/kill_point.h"
#include "core/parking.h"
#include "core/participants.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

// Whether the process that the slot depends on has ended.
bool HasEnded(const Participant& slot, StateWord word) {
  if (word.state == kFree) return false;
  // Only of a LIVE one is the start time sure to be that of the process in the state word; else its pid must do.
  const uint64_t start_time = word.state == kLive ? slot.start_time.load() : 0;
  // We live; but we may have got the pid of a dead one.
  if (word.pid == OwnPid() && start_time == 0) return false;
  return !IsProcessAlive(word.pid, start_time);
}

struct Range {
  uint64_t begin;
  uint64_t end;
};

// What the participant could reach: the blocks that it held. Nobody else changes the holds of the dead.
std::vector<Range> BlocksOf(const Arena& arena, int32_t holder) {
  const ArenaHeader& header = arena.header();
  std::vector<Range> blocks;
  for (uint32_t index = 0; index < header.hold_end.load(); ++index) {
    const Hold& hold = arena.At<Hold>(header.holds_offset)[index];
    const uint64_t place = hold.place.load();
    if (place == 0 || hold.holder.load() != ParticipantHolder(holder)) continue;
    const uint64_t block = place & ~kRoleMask;
    blocks.push_back({block, block + HeaderOf(arena, block).bytes});
  }
  return blocks;
}

// The dead one may have changed a word and not woken those who wait for it, or have been woken in another's place;
// and what waits for a lock of its has to find out. So whoever sleeps where it could have been looks again.
void WakeWhoMayWaitFor(Arena& arena, int32_t dead) {
  const std::vector<Range> blocks = BlocksOf(arena, dead);
  const uint32_t end = arena.header().slot_end.load();
  for (uint32_t slot = 0; slot < end; ++slot) {
    Participant& waiter = arena.participant(slot);
    if (slot == SlotOf(dead) || Unpack(waiter.state.load()).state != kLive) continue;
    if (const uint64_t point = waiter.parked_point.load(); point != 0) {
      const bool reachable = point < arena.header().data_offset ||
                             std::any_of(blocks.begin(), blocks.end(), [point](const Range& block) {
                               return point >= block.begin && point < block.end;
                             });
      if (reachable) WakeRegardless(arena, point);
    }
    if (!blocks.empty()) RingRegardless(arena, slot);
  }
}

// The steps, in order. The slot is RECOVERING under our pid.
void Recover(Arena& arena, uint32_t index, uint32_t generation, int32_t recoverer) {
  Participant& slot = arena.participant(index);
  const int32_t id = MakeId(index, generation);
  KILL_POINT("recover.claimed");
  WakeWhoMayWaitFor(arena, id);
  KILL_POINT("recover.woken");
  DropHoldsOf(arena, id, recoverer);
  KILL_POINT("recover.holds-dropped");
  slot.parked_point.store(0);
  slot.doorbell_armed.store(0);
  uint32_t next = (generation + 1) & kGenerationMask;
  if (next == 0) next = 1;
  // If it is not ours any more, somebody took us for dead and has done the same.
  uint64_t ours = Pack({OwnPid(), generation, kRecovering});
  slot.state.compare_exchange_strong(ours, Pack({0, next, kFree}));
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
    if (arena.header().state.load() == kRemoved) continue;
    const uint32_t end = arena.header().slot_end.load();
    for (uint32_t index = 0; index < end; ++index) {
      Participant& slot = arena.participant(index);
      const uint64_t seen = slot.state.load();
      const StateWord word = Unpack(seen);
      if (word.state != kFree && word.pid == pid) {
        // An orphan is reaped by the system, so its pid may have been given to another participant meanwhile.
        const bool is_another = word.state == kLive && IsProcessRunning(pid, slot.start_time.load());
        if (!is_another) RecoverIfStill(arena, index, seen);
      } else if (adopt != nullptr && (word.state == kLive || word.state == kReserved) &&
                 slot.parent_pid.load() == pid && word.pid != OwnPid()) {
        // From now on its end is ours to notice, and if we end before it, that of whoever notices ours.
        slot.parent_pid.store(OwnPid());
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
  if (word.generation != GenerationOf(id) || word.state == kFree) return false;
  // A recoverer may have died in its turn.
  if (!HasEnded(slot, word)) return word.state != kRecovering;
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
