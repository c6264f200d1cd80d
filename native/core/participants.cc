#include "core/participants.h"

#include <string.h>

#include <algorithm>

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
  slot.awaits_pid.store(0);
  slot.parked_point.store(0);
  slot.parks.store(0);
  slot.rings.store(0);
  slot.parent_pid.store(0);
  slot.is_service.store(0);
}

// As it was when this library was loaded. The service of a process may register when the parent has just died; whoever
// notices that death finds the process by what its slots say of the parent, and only some of them may still be there.
const int32_t kParentAtStart = ParentPid();

constexpr uint32_t kServiceSlots = 64;  // at the end of the table, for services when all others are taken
constexpr uint32_t kTurnSlots = 256;

// Takes a free slot, so that it depends on the life of this process. The slots ever used, and at least kTurnSlots,
// are used in turn: an id comes back only after so long (10^8 participants) that no word names its former owner.
Status Claim(Arena& arena, bool service, int32_t* id) {
  ArenaHeader& header = arena.header();
  const int32_t pid = OwnPid();
  const uint32_t capacity = service ? kParticipantSlots : kParticipantSlots - kServiceSlots;
  Status refused = Status::Fail(Code::kTooMany);
  for (int round = 0; round < 2; ++round) {
    const uint32_t turn = std::min(std::max(header.slot_end.load(), kTurnSlots), capacity);
    const uint32_t first = header.next_slot.load();
    for (uint32_t i = 0; i < capacity; ++i) {
      const uint32_t slot = i < turn ? (first % turn + i) % turn : i;
      Participant& candidate = arena.participant(slot);
      uint32_t known = header.slot_end.load();
      if (slot >= known) {
        Status status = arena.Back(kParticipantsOffset + slot * sizeof(Participant), sizeof(Participant));
        if (!status.ok()) {
          refused = status;
          continue;
        }
      }
      uint64_t seen = candidate.state.load();
      const StateWord word = Unpack(seen);
      if (word.state != kFree) continue;
      // First of all, so that whoever looks for the dead looks at this slot, too.
      while (known < slot + 1 && !header.slot_end.compare_exchange_weak(known, slot + 1)) {
      }
      const uint32_t generation = (word.generation & kGenerationMask) == 0 ? 1 : word.generation;
      if (!candidate.state.compare_exchange_strong(seen, Pack({pid, generation, kReserved}))) continue;
      KILL_POINT("participants.claimed");
      header.next_slot.store(slot + 1);
      candidate.pid.store(pid);
      candidate.start_time.store(StartTimeOf(pid));
      Clear(candidate);
      candidate.is_service.store(service ? 1 : 0);
      *id = MakeId(slot, generation);
      return Status::Ok();
    }
    RecoverAllDead(arena);  // the table is full: look whether everybody in it is still alive
  }
  return refused;
}

Status Register(Arena& arena, const char* name, bool service, int32_t* id) {
  if (Status status = Claim(arena, service, id); !status.ok()) return status;
  Participant& slot = arena.participant(SlotOf(*id));
  WriteName(slot, name);
  slot.parent_pid.store(kParentAtStart);
  KILL_POINT("participants.registering");
  slot.state.store(Pack({OwnPid(), GenerationOf(*id), kLive}));
  return Status::Ok();
}

}  // namespace

Status RegisterParticipant(Arena& arena, const char* name, int32_t* id) { return Register(arena, name, false, id); }
Status RegisterService(Arena& arena, int32_t* id) { return Register(arena, "service", true, id); }

Status ReserveParticipant(Arena& arena, const char* name, int32_t* id) {
  if (Status status = Claim(arena, false, id); !status.ok()) return status;
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
  if (id <= 0) return false;
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
  // `parent_pid` stays who reserved the slot, or who has adopted this process since.
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
