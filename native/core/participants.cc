#include "core/participants.h"

#include <string.h>

#include "core/kill_point.h"
#include "core/recovery.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

void WriteName(Participant& slot, const char* name) {
  strncpy(slot.name, name, kParticipantNameBytes - 1);
  slot.name[kParticipantNameBytes - 1] = '\0';
}

// Everything that a former participant may have left in the slot.
void Clear(Participant& slot) {
  slot.doorbell_armed.store(0);
  slot.doorbell_fd.store(-1);
  slot.filter[0].store(0);
  slot.filter[1].store(0);
  slot.parked_point.store(0);
  slot.parks.store(0);
  slot.rings.store(0);
  slot.parent_pid.store(0);
  slot.is_service.store(0);
}

// Takes a free slot, so that it depends on the life of this process. Slots are used in turn, so that a
// generation comes back only after a very long time.
Status Claim(Arena& arena, int32_t* id) {
  ArenaHeader& header = arena.header();
  const int32_t pid = OwnPid();
  for (int round = 0; round < 2; ++round) {
    const uint32_t end = header.slot_end.load();
    // Prefer used slots while fewer than half of the ones ever used are taken: small tables stay small.
    for (uint32_t slot = 0; slot < kParticipantSlots; ++slot) {
      Participant& candidate = arena.participant(slot);
      if (slot >= end) {
        if (Status status = arena.Back(kParticipantsOffset + slot * sizeof(Participant), sizeof(Participant));
            !status.ok()) {
          return status;
        }
      }
      uint64_t seen = candidate.state.load();
      const StateWord word = Unpack(seen);
      if (word.state != kFree) continue;
      const uint32_t generation = (word.generation & kGenerationMask) == 0 ? 1 : word.generation;
      if (!candidate.state.compare_exchange_strong(seen, Pack({pid, generation, kReserved}))) continue;
      KILL_POINT("participants.claimed");
      candidate.pid.store(pid);
      candidate.start_time.store(StartTimeOf(pid));
      Clear(candidate);
      uint32_t known = header.slot_end.load();
      while (known < slot + 1 && !header.slot_end.compare_exchange_weak(known, slot + 1)) {
      }
      *id = MakeId(slot, generation);
      return Status::Ok();
    }
    RecoverAllDead(arena);  // the table is full: look whether everybody in it is still alive
  }
  return Status::Fail(Code::kTooMany);
}

}  // namespace

Status RegisterParticipant(Arena& arena, const char* name, int32_t* id) {
  if (Status status = Claim(arena, id); !status.ok()) return status;
  Participant& slot = arena.participant(SlotOf(*id));
  WriteName(slot, name);
  slot.parent_pid.store(ParentPid());
  slot.state.store(Pack({OwnPid(), GenerationOf(*id), kLive}));
  return Status::Ok();
}

Status ReserveParticipant(Arena& arena, const char* name, int32_t* id) {
  if (Status status = Claim(arena, id); !status.ok()) return status;
  Participant& slot = arena.participant(SlotOf(*id));
  WriteName(slot, name);
  slot.parent_pid.store(OwnPid());
  return Status::Ok();
}

void ConfirmParticipant(Arena& arena, int32_t id, int32_t child_pid) {
  KILL_POINT("participants.confirm");
  // The child may have taken the slot already; then there is nothing left to say.
  uint64_t expected = Pack({OwnPid(), GenerationOf(id), kReserved});
  arena.participant(SlotOf(id)).state.compare_exchange_strong(expected,
                                                              Pack({child_pid, GenerationOf(id), kReserved}));
}

bool TakeReservedParticipant(Arena& arena, int32_t id) {
  const uint32_t index = SlotOf(id);
  if (id <= 0 || index >= kParticipantSlots) return false;
  Participant& slot = arena.participant(index);
  const int32_t pid = OwnPid();
  uint64_t seen = slot.state.load();
  for (;;) {
    const StateWord word = Unpack(seen);
    if (word.generation != GenerationOf(id) || word.state != kReserved) return false;
    if (slot.state.compare_exchange_weak(seen, Pack({pid, word.generation, kReserved})) && word.pid == pid) break;
    seen = slot.state.load();
  }
  slot.pid.store(pid);
  slot.parent_pid.store(ParentPid());
  slot.start_time.store(StartTimeOf(pid));
  KILL_POINT("participants.take");
  uint64_t expected = Pack({pid, GenerationOf(id), kReserved});
  return slot.state.compare_exchange_strong(expected, Pack({pid, GenerationOf(id), kLive}));
}

bool IsLive(const Arena& arena, int32_t id) {
  const StateWord word = Unpack(arena.participant(SlotOf(id)).state.load());
  return word.state == kLive && word.generation == GenerationOf(id);
}

bool IsPresent(const Arena& arena, int32_t id) {
  const StateWord word = Unpack(arena.participant(SlotOf(id)).state.load());
  return (word.state == kLive || word.state == kReserved) && word.generation == GenerationOf(id);
}

void RenameParticipant(Arena& arena, int32_t id, const char* name) {
  WriteName(arena.participant(SlotOf(id)), name);
}

}  // namespace forkless
