// What the parts of the heap's code share: heap.cc uses it, heap_cycles.cc takes apart what nobody uses any more,
// heap_rebuild.cc makes it anew and checks it.
#ifndef FORKLESS_CORE_LOCKED_HEAP_H_
#define FORKLESS_CORE_LOCKED_HEAP_H_

#include <unordered_set>
#include <vector>

#include "core/heap.h"
#include "core/kill_point.h"
#include "core/page_runs.h"
#include "core/parking.h"

namespace forkless {

constexpr uint64_t BlockIn(uint64_t place) { return place & ~kRoleMask; }
constexpr uint32_t RoleIn(uint64_t place) { return static_cast<uint32_t>(place & kRoleMask); }
constexpr bool IsBlockHolder(Holder holder) { return (holder & kBlockHolder) != 0; }
constexpr uint64_t BlockOf(Holder holder) { return holder & ~kBlockHolder; }

inline uint32_t CellsOf(uint32_t size_class) {
  return static_cast<uint32_t>((kSlabBytes - kSlabHeaderBytes) / kCellBytes[size_class]);
}

// The heap while its lock is held.
class LockedHeap {
 public:
  LockedHeap(Arena& arena, int32_t self) : arena_(arena), self_(self), runs_(arena) {
    bool abandoned = false;
    AcquireOwnerLock(arena_, kLockOffset, self_, &abandoned);
    // Its holder died somewhere in here: the words of truth are right, all else is made anew from them.
    if (abandoned) Rebuild();
    KILL_POINT("heap.locked");
  }
  ~LockedHeap() {
    KILL_POINT("heap.unlocking");
    ReleaseOwnerLock(arena_, kLockOffset, self_);
  }
  LockedHeap(const LockedHeap&) = delete;
  LockedHeap& operator=(const LockedHeap&) = delete;

  Status Allocate(uint64_t bytes, uint32_t kind, int32_t holder, Block* block, bool* clean);
  Status AddHold(Block place, Holder holder);
  void RemoveHold(uint64_t place, Holder holder, uint32_t stamp);
  void RemoveHoldsOf(Holder participant);
  [[nodiscard]] std::vector<Holder> HoldersOf(uint64_t place) const;
  [[nodiscard]] bool IsBlock(Block block) const;
  void Rebuild();
  uint32_t Check();
  [[nodiscard]] ArenaHeader& header() const { return arena_.header(); }

 private:
  static constexpr uint64_t kLockOffset = offsetof(ArenaHeader, heap_lock);

  [[nodiscard]] Hold& HoldAt(uint32_t index) const { return arena_.At<Hold>(header().holds_offset)[index]; }
  [[nodiscard]] uint32_t& Bucket(uint64_t offset) const {
    const uint64_t hash = (offset >> 4) * 0x9e3779b97f4a7c15u;
    return arena_.At<uint32_t>(header().buckets_offset)[hash >> 40 & (header().bucket_count - 1)];
  }
  [[nodiscard]] bool IsHeld(uint64_t offset) const {
    for (uint32_t next = Bucket(offset); next != 0; next = HoldAt(next - 1).next) {
      if (BlockIn(HoldAt(next - 1).place.load()) == offset) return true;
    }
    return false;
  }
  [[nodiscard]] bool IsCompound(uint64_t offset) const { return (BlockAt(offset).kind & kCompoundKind) != 0; }
  [[nodiscard]] CompoundHeader& CompoundAt(uint64_t offset) const { return *arena_.At<CompoundHeader>(offset); }
  [[nodiscard]] bool IsHolderPresent(Holder holder) const;
  [[nodiscard]] BlockHeader& BlockAt(uint64_t offset) const {
    return *arena_.At<BlockHeader>(offset - kBlockHeaderBytes);
  }
  // The head of the slab that `page` belongs to; false when it is of none.
  bool FindSlab(uint32_t page, uint32_t* head) const;
  [[nodiscard]] uint64_t CellOffset(uint32_t head, uint32_t cell) const {
    return runs_.OffsetOf(head) + kSlabHeaderBytes + cell * uint64_t{kCellBytes[runs_.At(head).size_class]};
  }
  [[nodiscard]] uint32_t CellOf(uint32_t head, uint64_t payload) const {
    return static_cast<uint32_t>((payload - kBlockHeaderBytes - runs_.OffsetOf(head) - kSlabHeaderBytes) /
                                 kCellBytes[runs_.At(head).size_class]);
  }

  Status TakeHold(uint32_t* index);
  void PublishHold(uint32_t index, uint64_t place, Holder holder);
  // Removes a hold, and all that goes with it.
  void RemoveHoldAt(uint32_t index);
  // Removes the record alone.
  void Unhold(uint32_t index);
  void VacateIfLast(uint32_t index);
  void LinkToHolder(uint32_t index);
  void UnlinkFromHolder(uint32_t index);
  [[nodiscard]] std::vector<uint64_t> LostWith(uint64_t offset) const;
  [[nodiscard]] std::unordered_set<uint64_t> Reached() const;
  void RemoveHoldsOfTheLost();
  Status AllocateCell(uint32_t size_class, uint64_t* payload);
  void FreePayload(uint64_t payload);
  void FreeCell(uint32_t head, uint32_t cell);

  Arena& arena_;
  int32_t self_;
  PageRuns runs_;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_LOCKED_HEAP_H_
