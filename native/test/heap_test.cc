// The heap against a simple model: blocks live exactly as long as somebody holds them, and nothing else changes them.
#include <string.h>
#include <sys/stat.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

bool IsFilledWith(const std::byte* begin, uint64_t bytes, uint8_t value) {
  return bytes == 0 || (begin[0] == std::byte{value} && memcmp(begin, begin + 1, bytes - 1) == 0);
}

void TestSizesAlignmentAndZeroes() {
  Arena& arena = NewFamily(64 << 20);
  const int32_t self = Join(arena);
  std::vector<uint64_t> sizes{0, 1, 16};
  for (uint32_t cell : kCellBytes) {
    for (int more : {-1, 0, 1}) sizes.push_back(cell - kBlockHeaderBytes + more);
  }
  for (uint64_t pages : {1, 2, 3, 64, 300}) {
    for (int more : {-1, 0, 1}) sizes.push_back(pages * kPageBytes - kRunHeaderBytes + more);
  }
  for (int round = 0; round < 2; ++round) {  // the second one reuses what the first one has filled
    std::vector<Block> blocks;
    for (uint64_t bytes : sizes) {
      const Block block = Allocate(arena, bytes, self);
      CHECK_EQ(block.offset % 16, 0);
      if (bytes >= 2048) CHECK_EQ(block.offset % 64, 0);
      CHECK_EQ(HeaderOf(arena, block.offset).bytes, bytes);
      CHECK_EQ(HeaderOf(arena, block.offset).stamp, block.stamp);
      CHECK(IsFilledWith(arena.At<std::byte>(block.offset), bytes, 0));
      memset(arena.At<std::byte>(block.offset), 0xa5, bytes);
      blocks.push_back(block);
    }
    CHECK_EQ(CheckHeap(arena, self), 0);
    for (size_t i = 0; i < blocks.size(); ++i) {
      CHECK(IsFilledWith(arena.At<std::byte>(blocks[i].offset), sizes[i], 0xa5));
      DropHold(arena, blocks[i].offset, self, self);
    }
    CHECK_EQ(CheckHeap(arena, self), 0);
    CHECK_EQ(Statistics(arena, self).used_bytes, 0);
    CHECK_EQ(Statistics(arena, self).holds, 0);
  }
}

void TestFullArenaAndCoalescing() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  Block none;
  CHECK(AllocateBlock(arena, (8 << 20) + 1, 0, self, self, &none).code == Code::kTooLarge);
  CHECK(AllocateBlock(arena, 8 << 20, 0, self, self, &none).code == Code::kTooLarge);
  CHECK(AllocateBlock(arena, UINT64_MAX, 0, self, self, &none).code == Code::kTooLarge);
  std::vector<Block> blocks;
  for (;;) {
    Block block;
    const Status status = AllocateBlock(arena, 3 * kPageBytes, 0, self, self, &block);
    if (!status.ok()) {
      CHECK(status.code == Code::kArenaFull);
      break;
    }
    blocks.push_back(block);
  }
  CHECK_EQ(blocks.size(), 512);  // runs of four pages
  CHECK_EQ(CheckHeap(arena, self), 0);
  for (size_t i = 0; i < blocks.size(); i += 2) DropHold(arena, blocks[i].offset, self, self);
  CHECK(AllocateBlock(arena, 4 * kPageBytes, 0, self, self, &none).code == Code::kArenaFull);
  for (size_t i = 1; i < blocks.size(); i += 2) DropHold(arena, blocks[i].offset, self, self);
  // All is one run again.
  const Block all = Allocate(arena, (8 << 20) - kRunHeaderBytes, self);
  CHECK(IsFilledWith(arena.At<std::byte>(all.offset), (8 << 20) - kRunHeaderBytes, 0));
  CHECK_EQ(CheckHeap(arena, self), 0);
  DropHold(arena, all.offset, self, self);
  CHECK_EQ(CheckHeap(arena, self), 0);
}

// The only run that is long enough stands behind many that are too short, in the same list.
void TestFullOnlyWhenNothingFits() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const auto pages = [](uint64_t count) { return count * kPageBytes - kRunHeaderBytes; };
  const Block seven = Allocate(arena, pages(7), self);
  std::vector<Block> fives;
  for (int i = 0; i < 100; ++i) {
    Allocate(arena, pages(1), self);
    fives.push_back(Allocate(arena, pages(5), self));
  }
  Allocate(arena, pages(1), self);
  Block block;
  while (AllocateBlock(arena, pages(1), 0, self, self, &block).ok()) {
  }
  DropHold(arena, seven.offset, self, self);
  for (const Block& five : fives) DropHold(arena, five.offset, self, self);
  CHECK_EQ(Allocate(arena, pages(7), self).offset, seven.offset);
  CHECK_EQ(CheckHeap(arena, self), 0);
}

void TestMemoryBeyondTheReserveGoesBack() {
  Arena& arena = NewFamily(512 << 20);
  const int32_t self = Join(arena);
  constexpr uint64_t kBytes = 4 << 20;
  const auto resident = [&arena] {
    struct stat info;
    CHECK(fstat(arena.fd(), &info) == 0);
    return static_cast<uint64_t>(info.st_blocks) * 512;
  };
  std::vector<Block> blocks;
  std::vector<Block> walls;  // keep the freed runs apart
  for (int i = 0; i < 32; ++i) {
    blocks.push_back(Allocate(arena, kBytes, self));
    walls.push_back(Allocate(arena, kPageBytes, self));
    memset(arena.At<std::byte>(blocks.back().offset), 1, kBytes);
  }
  const uint64_t before = resident();
  CHECK(before >= 32 * kBytes);
  for (const Block& block : blocks) DropHold(arena, block.offset, self, self);
  const HeapStatistics statistics = Statistics(arena, self);
  CHECK(statistics.dirty_free_bytes <= (64 << 20) + 2 * kBytes);
  CHECK(statistics.dirty_free_bytes >= 32 << 20);  // some stays warm
  CHECK(resident() <= before - 8 * kBytes);
  CHECK_EQ(CheckHeap(arena, self), 0);
  for (int i = 0; i < 32; ++i) {
    const Block block = Allocate(arena, kBytes, self);
    CHECK(IsFilledWith(arena.At<std::byte>(block.offset), kBytes, 0));
  }
  CHECK_EQ(CheckHeap(arena, self), 0);
}

void TestHandlesAndHolds() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t one = Join(arena);
  const int32_t two = Join(arena);
  int32_t child = 0;
  CHECK(ReserveParticipant(arena, "child", &child).ok());
  Allocate(arena, 100, one);  // keeps the slab
  const Block block = Allocate(arena, 100, one);
  CHECK(HoldBlock(arena, {block.offset, block.stamp + 1}, one, two).code == Code::kGone);
  for (uint64_t wrong : {uint64_t{0}, uint64_t{16}, block.offset + 8, block.offset + 16, block.offset + (1 << 20),
                         arena.max_bytes() * 2, UINT64_MAX - 15}) {
    CHECK(HoldBlock(arena, {wrong, block.stamp}, one, two).code == Code::kGone);
  }
  CHECK(HoldBlock(arena, block, one, two).ok());
  CHECK(HoldBlock(arena, block, two, two).ok());  // a second one changes nothing
  CHECK(HoldBlock(arena, block, one, child).ok());
  CHECK_EQ(Statistics(arena, one).holds, 4);
  DropHold(arena, block.offset, two, two);
  DropHold(arena, block.offset, two, two);
  DropHold(arena, block.offset, one, one);
  CHECK_EQ(Statistics(arena, one).holds, 2);
  CHECK(HoldBlock(arena, block, two, two).ok());  // the child's hold has kept it
  DropHoldsOf(arena, child, one);
  DropHoldsOf(arena, child, one);
  RetireParticipant(arena, child);
  CHECK(HoldBlock(arena, block, two, child).code == Code::kGone);  // it is no participant any more
  Block none;
  CHECK(AllocateBlock(arena, 10, 0, one, child, &none).code == Code::kGone);
  RetireParticipant(arena, two);
  CHECK(HoldBlock(arena, block, one, one).code == Code::kGone);
  CHECK_EQ(CheckHeap(arena, one), 0);
  const Block next = Allocate(arena, 100, one);  // at the same place
  CHECK_EQ(next.offset, block.offset);
  CHECK(HoldBlock(arena, block, one, one).code == Code::kGone);
  CHECK(HoldBlock(arena, next, one, one).ok());
}

Block AllocateCompound(Arena& arena, int32_t self) {
  Block block;
  CHECK(AllocateBlock(arena, 100, kCompoundKind | 7, self, self, &block).ok());
  return block;
}

void TestBlocksThatHoldOthers() {
  Arena& arena = NewFamily(64 << 20);
  const int32_t self = Join(arena);
  const Block plain = Allocate(arena, 100, self);
  const Block queue = AllocateCompound(arena, self);
  CHECK(HoldPlace(arena, queue, self, BlockHolder(plain.offset)).code == Code::kGone);  // it cannot hold any
  CHECK(HoldPlace(arena, plain, self, BlockHolder(queue.offset + 16)).code == Code::kGone);
  CHECK(HoldPlace(arena, plain, self, BlockHolder(queue.offset)).ok());
  CHECK(HoldPlace(arena, plain, self, BlockHolder(queue.offset)).ok());
  DropHold(arena, plain.offset, self, self);
  CHECK(HoldBlock(arena, plain, self, self).ok());  // the queue has kept it
  DropHold(arena, plain.offset, self, self);
  DropPlace(arena, plain.offset, self, BlockHolder(queue.offset));
  DropPlace(arena, plain.offset, self, BlockHolder(queue.offset));
  CHECK(HoldBlock(arena, plain, self, self).code == Code::kGone);
  // A long chain, and a broad one, go at once with the first of it.
  Block last = queue;
  for (int i = 0; i < 10'000; ++i) {
    const Block next = AllocateCompound(arena, self);
    CHECK(HoldPlace(arena, next, self, BlockHolder(i % 2 == 0 ? last.offset : queue.offset)).ok());
    DropHold(arena, next.offset, self, self);
    if (i % 2 == 0) last = next;
  }
  CHECK_EQ(Statistics(arena, self).holds, 10'001);
  CHECK_EQ(CheckHeap(arena, self), 0);
  DropHold(arena, queue.offset, self, self);
  CHECK_EQ(Statistics(arena, self).holds, 0);
  CHECK_EQ(Statistics(arena, self).used_bytes, 0);
  CHECK_EQ(CheckHeap(arena, self), 0);
}

void TestRoles() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t one = Join(arena);
  const int32_t two = Join(arena);
  const Block plain = Allocate(arena, 100, one);
  CHECK(HoldPlace(arena, {plain.offset | 1, plain.stamp}, one, ParticipantHolder(one)).code == Code::kGone);
  const Block pipe = AllocateCompound(arena, one);
  const auto& vacated = arena.At<CompoundHeader>(pipe.offset)->vacated;
  const Block left{pipe.offset | 1, pipe.stamp};
  const Block right{pipe.offset | 2, pipe.stamp};
  CHECK(HoldPlace(arena, left, one, ParticipantHolder(one)).ok());
  CHECK(HoldPlace(arena, right, one, ParticipantHolder(one)).ok());
  DropHold(arena, pipe.offset, one, one);
  const Block parcel = AllocateCompound(arena, one);
  CHECK(HoldPlace(arena, left, two, BlockHolder(parcel.offset)).ok());
  DropPlace(arena, left.offset, one, ParticipantHolder(one));
  CHECK_EQ(vacated.load(), 0);  // it is under way
  CHECK(HoldPlace(arena, left, two, ParticipantHolder(two)).ok());
  DropHold(arena, parcel.offset, one, one);
  CHECK_EQ(vacated.load(), 0);
  RetireParticipant(arena, two);
  CHECK_EQ(vacated.load(), 1 << 1);
  CHECK(HoldPlace(arena, left, one, ParticipantHolder(one)).code == Code::kGone);
  CHECK(HoldPlace(arena, right, one, ParticipantHolder(one)).ok());
  CHECK_EQ(CheckHeap(arena, one), 0);
  DropPlace(arena, right.offset, one, ParticipantHolder(one));
  CHECK(HoldBlock(arena, pipe, one, one).code == Code::kGone);
  CHECK_EQ(Statistics(arena, one).holds, 1);
}

uint64_t RandomSize(Random& random) {
  switch (random.Below(8)) {
    case 0: return random.Below(64);
    case 1: return random.Below(20'000);
    case 2: return random.Below(4) == 0 ? random.Below(600'000) : random.Below(5'000);
    default: return random.Below(2'200);
  }
}

struct Modelled {
  Block block;
  uint64_t bytes;
  uint8_t fill;
  std::set<int32_t> holders;
};

void TestRandomOperationsAgainstAModel(uint64_t seed, int operations) {
  Arena& arena = NewFamily(128 << 20);
  Random random(seed);
  const int32_t holders[] = {Join(arena), Join(arena), Join(arena)};
  std::vector<Modelled> model;
  for (int i = 0; i < operations; ++i) {
    const int32_t self = holders[random.Below(3)];
    const bool more = model.size() < 200 || (model.size() < 2000 && random.Below(2) == 0);
    if (more) {
      Modelled made{{}, RandomSize(random), static_cast<uint8_t>(1 + random.Below(255)), {self}};
      made.block = Allocate(arena, made.bytes, self);
      CHECK(IsFilledWith(arena.At<std::byte>(made.block.offset), made.bytes, 0));
      memset(arena.At<std::byte>(made.block.offset), made.fill, made.bytes);
      model.push_back(made);
    } else {
      const size_t index = random.Below(model.size());
      Modelled& chosen = model[index];
      const int32_t holder = holders[random.Below(3)];
      if (random.Below(3) == 0) {
        CHECK(HoldBlock(arena, chosen.block, self, holder).ok());
        chosen.holders.insert(holder);
      } else {
        CHECK(IsFilledWith(arena.At<std::byte>(chosen.block.offset), chosen.bytes, chosen.fill));
        DropHold(arena, chosen.block.offset, self, holder);
        chosen.holders.erase(holder);
        if (chosen.holders.empty()) {
          CHECK(HoldBlock(arena, chosen.block, self, holder).code == Code::kGone);
          std::swap(chosen, model.back());
          model.pop_back();
        }
      }
    }
    if (i % 5'000 == 0) CHECK_EQ(CheckHeap(arena, self), 0);
  }
  size_t holds = 0;
  for (const Modelled& one : model) {
    holds += one.holders.size();
    CHECK(IsFilledWith(arena.At<std::byte>(one.block.offset), one.bytes, one.fill));
  }
  CHECK_EQ(Statistics(arena, holders[0]).holds, holds);
  for (int32_t holder : holders) {
    if (holder != holders[0]) RetireParticipant(arena, holder);
  }
  DropHoldsOf(arena, holders[0], holders[0]);
  CHECK_EQ(CheckHeap(arena, holders[0]), 0);
  CHECK_EQ(Statistics(arena, holders[0]).used_bytes, 0);
}

void TestThreads() {
  Arena& arena = NewFamily(128 << 20);
  const int32_t self = Join(arena);
  const Block shared = Allocate(arena, 64, self);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&arena, shared, t] {
      const int32_t id = Join(arena);
      Random random(static_cast<uint64_t>(t) + 7);
      std::vector<Modelled> mine;
      for (int i = 0; i < 3'000 * kScale; ++i) {
        if (mine.size() < 20 || (mine.size() < 100 && random.Below(2) == 0)) {
          Modelled made{{}, RandomSize(random), static_cast<uint8_t>(1 + random.Below(255)), {}};
          made.block = Allocate(arena, made.bytes, id);
          CHECK(IsFilledWith(arena.At<std::byte>(made.block.offset), made.bytes, 0));
          memset(arena.At<std::byte>(made.block.offset), made.fill, made.bytes);
          mine.push_back(made);
        } else {
          std::swap(mine[random.Below(mine.size())], mine.back());
          const Modelled& last = mine.back();
          CHECK(IsFilledWith(arena.At<std::byte>(last.block.offset), last.bytes, last.fill));
          DropHold(arena, last.block.offset, id, id);
          mine.pop_back();
        }
        if (random.Below(10) == 0) CHECK(HoldBlock(arena, shared, id, id).ok());
        if (random.Below(10) == 0) DropHold(arena, shared.offset, id, id);
      }
      RetireParticipant(arena, id);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(CheckHeap(arena, self), 0);
  CHECK_EQ(Statistics(arena, self).holds, 1);
}

}  // namespace

int main() {
  Watch(60);
  TestSizesAlignmentAndZeroes();
  TestFullArenaAndCoalescing();
  TestFullOnlyWhenNothingFits();
  TestMemoryBeyondTheReserveGoesBack();
  TestHandlesAndHolds();
  TestBlocksThatHoldOthers();
  TestRoles();
  TestRandomOperationsAgainstAModel(1, 50'000 * kScale);
  TestRandomOperationsAgainstAModel(2, 10'000 * kScale);
  TestThreads();
  return 0;
}
