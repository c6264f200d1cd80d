// The table of everybody who uses an arena (layout.h has the drawing and the state table).
#ifndef FORKLESS_CORE_PARTICIPANTS_H_
#define FORKLESS_CORE_PARTICIPANTS_H_

#include "core/arena.h"

namespace forkless {

// A participant's id: (generation << 12 | slot), positive, never 0. It is what owner words and holds carry.
constexpr uint32_t SlotOf(int32_t id) { return static_cast<uint32_t>(id & kSlotMask); }
constexpr uint32_t GenerationOf(int32_t id) { return static_cast<uint32_t>(id >> kSlotBits) & kGenerationMask; }
constexpr int32_t MakeId(uint32_t slot, uint32_t generation) {
  return static_cast<int32_t>(generation << kSlotBits | slot);
}

struct StateWord {
  int32_t pid;
  uint32_t generation;
  ParticipantState state;
};
constexpr uint64_t Pack(StateWord word) {
  return uint64_t{static_cast<uint32_t>(word.pid)} << 32 | word.generation << 4 | word.state;
}
constexpr StateWord Unpack(uint64_t word) {
  return {static_cast<int32_t>(word >> 32), static_cast<uint32_t>(word & 0xffffffff) >> 4,
          static_cast<ParticipantState>(word & 0xf)};
}

// Registers an environment of this process: a LIVE slot.
Status RegisterParticipant(Arena& arena, const char* name, int32_t* id);
// The same for a native service thread. Some slots are kept for these: without one nobody could recover the
// participants of a table that is full of dead ones.
Status RegisterService(Arena& arena, int32_t* id);

// Keeps a slot for a child that this process is about to spawn, so that blocks can be held for it beforehand.
Status ReserveParticipant(Arena& arena, const char* name, int32_t* id);
// After the spawn: the slot now depends on the child's life, not on ours. To be called before the child's end
// can be noticed (on the thread that reaps it).
void ConfirmParticipant(Arena& arena, int32_t id, int32_t child_pid);
// In the child: takes the reserved slot. False when it was recovered in the meantime, because the parent died.
bool TakeReservedParticipant(Arena& arena, int32_t id);

// Whether `id` is still who it was, as far as the table knows (no system call).
bool IsLive(const Arena& arena, int32_t id);
// LIVE or RESERVED under this generation.
bool IsPresent(const Arena& arena, int32_t id);

// Changes only the name that people see.
void RenameParticipant(Arena& arena, int32_t id, const char* name);

}  // namespace forkless

#endif  // FORKLESS_CORE_PARTICIPANTS_H_
