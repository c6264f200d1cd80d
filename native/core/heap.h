// Blocks of shared memory that live as long as somebody holds them (layout.h says what is true and what derived).
#ifndef FORKLESS_CORE_HEAP_H_
#define FORKLESS_CORE_HEAP_H_

#include <vector>

#include "core/arena.h"

namespace forkless {

struct Block {
  uint64_t offset = 0;  // of the payload, a multiple of 16 (64 from 2 KiB up)
  uint32_t stamp = 0;
};

// Who holds a block: a participant, or a block of a compound kind.
using Holder = uint64_t;
constexpr Holder ParticipantHolder(int32_t participant) { return static_cast<uint32_t>(participant); }
constexpr Holder BlockHolder(uint64_t offset) { return kBlockHolder | offset; }

// What is in a fresh block: zeros, or whatever was there before.
enum class Contents { kZeros, kAny };

// Allocates `bytes` bytes, held by participant `holder`. `self` is the participant that does the work.
Status AllocateBlock(Arena& arena, uint64_t bytes, uint32_t kind, int32_t self, int32_t holder, Block* block,
                     Contents contents = Contents::kZeros);

// Adds a hold; one is enough, a second changes nothing. `place.offset` may carry a role (layout.h). kGone when the block,
// the role or the holder is not there any more.
Status HoldPlace(Arena& arena, Block place, int32_t self, Holder holder);
inline Status HoldBlock(Arena& arena, Block block, int32_t self, int32_t holder) {
  return HoldPlace(arena, block, self, ParticipantHolder(holder));
}

// Drops a hold, if there is one; the block goes with its last hold, and with it the holds that it has itself. With a
// stamp, only if it is still that block: for those who may come twice.
void DropPlace(Arena& arena, uint64_t place, int32_t self, Holder holder, uint32_t stamp = 0);
inline void DropHold(Arena& arena, uint64_t offset, int32_t self, int32_t holder) {
  DropPlace(arena, offset, self, ParticipantHolder(holder));
}

// Who has a hold on the place.
std::vector<Holder> HoldersOf(Arena& arena, uint64_t place, int32_t self);

// Drops all holds of a participant that has ended.
void DropHoldsOf(Arena& arena, int32_t holder, int32_t self);

// What the block's header says; only for blocks that the caller holds.
const BlockHeader& HeaderOf(const Arena& arena, uint64_t offset);

struct HeapStatistics {
  uint64_t used_bytes;    // in blocks, with what rounding adds
  uint64_t mapped_bytes;  // size of the part of the file that holds blocks
  uint64_t dirty_free_bytes;
  uint32_t holds;
};
HeapStatistics Statistics(Arena& arena, int32_t self);

// Goes over the whole heap and counts what contradicts itself (0 = sound); for tests and diagnosis.
uint32_t CheckHeap(Arena& arena, int32_t self);

}  // namespace forkless

#endif  // FORKLESS_CORE_HEAP_H_
