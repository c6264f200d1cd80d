// Blocks and holds.
#include "core/heap.h"

#include "binding/convert.h"
#include "binding/exports.h"
#include "core/participants.h"

namespace forkless {

namespace {

Napi::Value MakeBlock(const Napi::CallbackInfo& info, Contents contents) {
  Arena& arena = ArenaAt(info, 0);
  const int32_t self = SelfIn(info, arena);
  Block block;
  const Status status = AllocateBlock(arena, OffsetAt(info, 1), static_cast<uint32_t>(IntAt(info, 2)), self, self,
                                      &block, contents);
  if (!status.ok()) return Throw(info.Env(), status);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), static_cast<double>(block.offset)));
  result.Set(1u, Napi::Number::New(info.Env(), block.stamp));
  return result;
}

// allocate(index, bytes, kind): [offset, stamp], all zeros.
Napi::Value Allocate(const Napi::CallbackInfo& info) { return MakeBlock(info, Contents::kZeros); }

// allocateAny(index, bytes, kind): [offset, stamp], with whatever was there before.
Napi::Value AllocateAny(const Napi::CallbackInfo& info) { return MakeBlock(info, Contents::kAny); }

// Who holds: this environment, or the block whose offset is the argument.
Holder HolderAt(const Napi::CallbackInfo& info, size_t index, int32_t self) {
  return index < info.Length() ? BlockHolder(OffsetAt(info, index)) : ParticipantHolder(self);
}

// hold(index, place, stamp, holder?): the block's size and kind, [bytes, kind].
Napi::Value AddHold(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  const int32_t self = SelfIn(info, arena);
  const Block place{OffsetAt(info, 1), info[2].As<Napi::Number>().Uint32Value()};
  if (Status status = HoldPlace(arena, place, self, HolderAt(info, 3, self)); !status.ok()) {
    return Throw(info.Env(), status);
  }
  const BlockHeader& header = HeaderOf(arena, place.offset & ~kRoleMask);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), static_cast<double>(header.bytes)));
  result.Set(1u, Napi::Number::New(info.Env(), header.kind));
  return result;
}

// drop(index, place): the hold of this environment. drop(index, place, holder, stamp): that of a block.
Napi::Value Drop(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  const int32_t self = SelfIn(info, arena);
  // An environment that has left the arena has nothing to drop: its holds went with its participant.
  if (self == 0) return info.Env().Undefined();
  const uint32_t stamp = info.Length() > 3 ? info[3].As<Napi::Number>().Uint32Value() : 0;
  DropPlace(arena, OffsetAt(info, 1), self, HolderAt(info, 2, self), stamp);
  return info.Env().Undefined();
}

// holders(index, place): who has a hold on it, as ids of participants; 0 = a block
Napi::Value Holders(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  const std::vector<Holder> holders = HoldersOf(arena, OffsetAt(info, 1), SelfIn(info, arena));
  Napi::Array result = Napi::Array::New(info.Env(), holders.size());
  for (uint32_t i = 0; i < holders.size(); ++i) {
    const bool is_block = (holders[i] & kBlockHolder) != 0;
    result.Set(i, Napi::Number::New(info.Env(), is_block ? 0 : static_cast<double>(holders[i])));
  }
  return result;
}

// blockStamp(index, offset): of a block that this environment holds.
Napi::Value BlockStamp(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), HeaderOf(ArenaAt(info, 0), OffsetAt(info, 1)).stamp);
}

Napi::Value HeapStatisticsOf(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  const HeapStatistics statistics = Statistics(arena, SelfIn(info, arena));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("usedBytes", Napi::Number::New(info.Env(), static_cast<double>(statistics.used_bytes)));
  result.Set("mappedBytes", Napi::Number::New(info.Env(), static_cast<double>(statistics.mapped_bytes)));
  result.Set("warmBytes", Napi::Number::New(info.Env(), static_cast<double>(statistics.dirty_free_bytes)));
  result.Set("holds", Napi::Number::New(info.Env(), statistics.holds));
  return result;
}

Napi::Value CheckHeapOf(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  return Napi::Number::New(info.Env(), CheckHeap(arena, SelfIn(info, arena)));
}

}  // namespace

void InitHeap(Napi::Object exports) {
  Export<Allocate>(exports, "allocate");
  Export<AllocateAny>(exports, "allocateAny");
  Export<AddHold>(exports, "hold");
  Export<Drop>(exports, "drop");
  Export<Holders>(exports, "holders");
  Export<BlockStamp>(exports, "blockStamp");
  Export<HeapStatisticsOf>(exports, "heapStatistics");
  Export<CheckHeapOf>(exports, "checkHeap");
}

}  // namespace forkless
