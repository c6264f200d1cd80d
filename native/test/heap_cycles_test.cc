// Blocks that hold each other go when no participant leads to them.
#include <algorithm>

#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

Block AllocateCompound(Arena& arena, int32_t self) {
  Block block;
  CHECK(AllocateBlock(arena, 100, kCompoundKind | 7, self, self, &block).ok());
  return block;
}

void Hold(Arena& arena, int32_t self, Block held, Block holder) {
  CHECK(HoldPlace(arena, held, self, BlockHolder(holder.offset)).ok());
}

bool Exists(Arena& arena, int32_t witness, Block block) {
  if (!HoldBlock(arena, block, witness, witness).ok()) return false;
  DropHold(arena, block.offset, witness, witness);
  return true;
}

void TestCyclesGo() {
  Arena& arena = NewFamily(64 << 20);
  const int32_t self = Join(arena);
  const int32_t other = Join(arena);
  const int32_t witness = Join(arena);
  const auto expect_nothing_left = [&] {
    CHECK_EQ(Statistics(arena, self).holds, 0);
    CHECK_EQ(Statistics(arena, self).used_bytes, 0);
    CHECK_EQ(CheckHeap(arena, self), 0);
  };
  {  // Itself.
    const Block block = AllocateCompound(arena, self);
    Hold(arena, self, block, block);
    DropHold(arena, block.offset, self, self);
    expect_nothing_left();
  }
  {  // In a role, from another that is in a cycle with it; with what they lead to.
    const Block pipe = AllocateCompound(arena, self);
    const Block parcel = AllocateCompound(arena, self);
    const Block bytes = Allocate(arena, 100'000, self);
    Hold(arena, self, {pipe.offset | 1, pipe.stamp}, parcel);
    Hold(arena, self, parcel, pipe);
    Hold(arena, self, bytes, parcel);
    DropHold(arena, bytes.offset, self, self);
    DropHold(arena, pipe.offset, self, self);
    CHECK(Exists(arena, witness, pipe));
    DropHold(arena, parcel.offset, self, self);
    expect_nothing_left();
  }
  {  // A cycle that hangs on another one, which somebody else still holds.
    const Block first = AllocateCompound(arena, self);
    const Block second = AllocateCompound(arena, self);
    const Block inner = AllocateCompound(arena, self);
    Hold(arena, self, second, first);
    Hold(arena, self, first, second);
    Hold(arena, self, inner, second);
    Hold(arena, self, inner, inner);
    CHECK(HoldBlock(arena, first, self, other).ok());
    for (const Block block : {inner, second, first}) DropHold(arena, block.offset, self, self);
    CHECK(Exists(arena, witness, inner));
    CHECK_EQ(CheckHeap(arena, self), 0);
    DropPlace(arena, inner.offset, self, BlockHolder(second.offset));
    CHECK(!Exists(arena, witness, inner));
    CHECK(Exists(arena, witness, second));
    RetireParticipant(arena, other);
    expect_nothing_left();
  }
}

// Against a model: a block is there as long as one of the roots leads to it.
void TestRandomGraphs(uint64_t seed, int steps) {
  constexpr int kBlocks = 12;
  Arena& arena = NewFamily(64 << 20);
  const int32_t self = Join(arena);
  Random random(seed);
  Block blocks[kBlocks];
  bool is_root[kBlocks] = {};
  bool edges[kBlocks][kBlocks] = {};
  bool exists[kBlocks] = {};
  for (int step = 0; step < steps; ++step) {
    const auto from = random.Below(kBlocks);
    const auto to = random.Below(kBlocks);
    if (!exists[from]) {
      blocks[from] = AllocateCompound(arena, self);
      is_root[from] = true;
    } else if (exists[to] && random.Below(2) == 0) {
      Hold(arena, self, blocks[to], blocks[from]);
      edges[from][to] = true;
    } else if (exists[to] && random.Below(2) == 0) {
      DropPlace(arena, blocks[to].offset, self, BlockHolder(blocks[from].offset));
      edges[from][to] = false;
    } else {
      DropHold(arena, blocks[from].offset, self, self);
      is_root[from] = false;
    }
    std::copy(std::begin(is_root), std::end(is_root), exists);
    for (int round = 0; round < kBlocks; ++round) {
      for (int a = 0; a < kBlocks; ++a) {
        for (int b = 0; b < kBlocks; ++b) exists[b] = exists[b] || (exists[a] && edges[a][b]);
      }
    }
    uint32_t holds = 0;
    for (int a = 0; a < kBlocks; ++a) {
      if (!exists[a]) std::fill(std::begin(edges[a]), std::end(edges[a]), false);
      holds += is_root[a] ? 1 : 0;
      for (int b = 0; b < kBlocks; ++b) holds += edges[a][b] ? 1 : 0;
    }
    CHECK_EQ(Statistics(arena, self).holds, holds);
    CHECK_EQ(CheckHeap(arena, self), 0);
  }
}

}  // namespace

int main() {
  Watch(60);
  TestCyclesGo();
  TestRandomGraphs(3, 5'000 * kScale);
  return 0;
}
