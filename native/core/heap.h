// Blocks of shared memory that live as long as somebody holds them (layout.h says what is true and what derived).
#ifndef FORKLESS_CORE_HEAP_H_
#define FORKLESS_CORE_HEAP_H_

#include "core/arena.h"

namespace forkless {

struct Block {
  uint64_t offset = 0;  // of the payload, a multiple of 16 (64 from 2 KiB up)
  uint32_t stamp = 0;
};

// Allocates `bytes` zeroed bytes, held by `holder`. `self` is the participant that does the work.
Status AllocateBlock(Arena& arena, uint64_t bytes, uint32_t kind, int32_t self, int32_t holder, Block* block);

// Adds a hold for `holder`; one is enough, a second changes nothing. kGone when the block is not there any more.
Status HoldBlock(Arena& arena, Block block, int32_t self, int32_t holder);

// Drops the hold of `holder`, if there is one; the block goes with its last hold.
void DropHold(Arena& arena, uint64_t offset, int32_t self, int32_t holder);

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
