#include "core/heap.h"

#include <string.h>

#include "core/locked_heap.h"
#include "core/participants.h"

namespace forkless {

namespace {

constexpr uint64_t kLargestCell = kCellBytes[kSizeClasses - 1];

}  // namespace

bool LockedHeap::FindSlab(uint32_t page, uint32_t* head) const {
  const PageEntry entry = runs_.At(page);
  *head = page;
  if (entry.kind == kPageInterior) *head = page - entry.length;
  if (entry.kind == kPageTail) *head = page - (entry.length - 1);
  return runs_.At(*head).kind == kPageSlab;
}

Status LockedHeap::TakeHold(uint32_t* index) {
  ArenaHeader& h = header();
  if (h.free_holds != 0) {
    *index = h.free_holds - 1;
    h.free_holds = HoldAt(*index).next;
    return Status::Ok();
  }
  const uint32_t end = h.hold_end.load();
  if (end == h.hold_capacity) return Status::Fail(Code::kTooMany);
  if (Status status = arena_.Back(h.holds_offset + end * sizeof(Hold), sizeof(Hold)); !status.ok()) return status;
  *index = end;
  h.hold_end.store(end + 1);
  return Status::Ok();
}

void LockedHeap::PublishHold(uint32_t index, uint64_t offset, int32_t holder) {
  Hold& hold = HoldAt(index);
  hold.holder.store(holder);
  KILL_POINT("heap.hold.written");
  hold.block.store(offset);
  KILL_POINT("heap.hold.published");
  uint32_t& bucket = Bucket(offset);
  hold.next = bucket;
  bucket = index + 1;
}

Status LockedHeap::AllocateCell(uint32_t size_class, uint64_t* payload) {
  ArenaHeader& h = header();
  if (h.open_slabs[size_class] == 0) {
    uint32_t page = 0;
    bool clean = false;
    if (Status status = runs_.Allocate(kSlabPages, kPageSlab, size_class, &page, &clean); !status.ok()) return status;
    runs_.Slab(page).free_cells = CellsOf(size_class);
    runs_.LinkSlab(page);
  }
  const uint32_t head = h.open_slabs[size_class] - 1;
  SlabHeader& slab = runs_.Slab(head);
  for (uint32_t cell = 0; cell < CellsOf(size_class); ++cell) {
    uint64_t& word = slab.used[cell / 64];
    if (word == UINT64_MAX) {
      cell |= 63;
      continue;
    }
    const uint64_t bit = uint64_t{1} << (cell % 64);
    if ((word & bit) != 0) continue;
    word |= bit;
    if (--slab.free_cells == 0) runs_.UnlinkSlab(head);
    *payload = CellOffset(head, cell) + kBlockHeaderBytes;
    return Status::Ok();
  }
  return Status::Fail(Code::kArenaFull);
}

Status LockedHeap::Allocate(uint64_t bytes, uint32_t kind, int32_t holder, Block* block, bool* clean) {
  ArenaHeader& h = header();
  // Checked under the lock: whoever recovers the holder later needs the lock, too, and then finds this hold.
  if (!IsPresent(arena_, holder)) return Status::Fail(Code::kGone);
  uint32_t hold = 0;
  if (Status status = TakeHold(&hold); !status.ok()) return status;
  Status status = Status::Ok();
  uint64_t payload = 0;
  if (bytes + kBlockHeaderBytes <= kLargestCell) {
    uint32_t size_class = 0;
    while (kCellBytes[size_class] < bytes + kBlockHeaderBytes) ++size_class;
    status = AllocateCell(size_class, &payload);
    *clean = false;
    h.used_bytes += status.ok() ? kCellBytes[size_class] : 0;
  } else {
    const uint64_t pages = (bytes + kRunHeaderBytes + kPageBytes - 1) / kPageBytes;
    uint32_t page = 0;
    status = pages > h.page_capacity ? Status::Fail(Code::kTooLarge)
                                     : runs_.Allocate(static_cast<uint32_t>(pages), kPageUsed, 0, &page, clean);
    payload = status.ok() ? runs_.OffsetOf(page) + kRunHeaderBytes : 0;
    h.used_bytes += status.ok() ? pages * kPageBytes : 0;
  }
  if (!status.ok()) {
    HoldAt(hold).next = h.free_holds;
    h.free_holds = hold + 1;
    return status;
  }
  if (++h.next_stamp == 0) h.next_stamp = 1;
  BlockAt(payload) = {h.next_stamp, kind, bytes};
  KILL_POINT("heap.block.described");
  PublishHold(hold, payload, holder);
  *block = {payload, h.next_stamp};
  return Status::Ok();
}

bool LockedHeap::IsBlock(Block block) const {
  const ArenaHeader& h = header();
  const uint64_t end = h.data_offset + uint64_t{h.page_end.load()} * kPageBytes;
  if (block.offset % kBlockHeaderBytes != 0 || block.offset < h.data_offset + kBlockHeaderBytes ||
      block.offset >= end) {
    return false;
  }
  return IsHeld(block.offset) && BlockAt(block.offset).stamp == block.stamp;
}

Status LockedHeap::AddHold(Block block, int32_t holder) {
  if (!IsBlock(block) || !IsPresent(arena_, holder)) return Status::Fail(Code::kGone);
  for (uint32_t next = Bucket(block.offset); next != 0; next = HoldAt(next - 1).next) {
    const Hold& hold = HoldAt(next - 1);
    if (hold.block.load() == block.offset && hold.holder.load() == holder) return Status::Ok();
  }
  uint32_t index = 0;
  if (Status status = TakeHold(&index); !status.ok()) return status;
  PublishHold(index, block.offset, holder);
  return Status::Ok();
}

void LockedHeap::RemoveHold(uint64_t offset, int32_t holder) {
  for (uint32_t next = Bucket(offset); next != 0; next = HoldAt(next - 1).next) {
    const Hold& hold = HoldAt(next - 1);
    if (hold.block.load() == offset && hold.holder.load() == holder) return RemoveHoldAt(next - 1);
  }
}

void LockedHeap::RemoveHoldsOf(int32_t holder) {
  const uint32_t end = header().hold_end.load();
  for (uint32_t index = 0; index < end; ++index) {
    const Hold& hold = HoldAt(index);
    if (hold.block.load() != 0 && hold.holder.load() == holder) RemoveHoldAt(index);
  }
}

void LockedHeap::RemoveHoldAt(uint32_t index) {
  Hold& hold = HoldAt(index);
  const uint64_t offset = hold.block.load();
  uint32_t* link = &Bucket(offset);
  while (*link != index + 1) link = &HoldAt(*link - 1).next;
  *link = hold.next;
  hold.block.store(0);
  KILL_POINT("heap.hold.dropped");
  hold.next = header().free_holds;
  header().free_holds = index + 1;
  if (!IsHeld(offset)) FreePayload(offset);
}

void LockedHeap::FreePayload(uint64_t payload) {
  const uint32_t page = runs_.PageOf(payload);
  uint32_t head = 0;
  if (FindSlab(page, &head)) {
    header().used_bytes -= kCellBytes[runs_.At(head).size_class];
    FreeCell(head, CellOf(head, payload));
  } else {
    header().used_bytes -= runs_.At(page).length * kPageBytes;
    runs_.Free(page);
  }
}

void LockedHeap::FreeCell(uint32_t head, uint32_t cell) {
  SlabHeader& slab = runs_.Slab(head);
  slab.used[cell / 64] &= ~(uint64_t{1} << (cell % 64));
  if (++slab.free_cells == 1) runs_.LinkSlab(head);
  const uint32_t size_class = slab.size_class;
  // Keep one empty slab per class, so that a lonely block that comes and goes does not carve pages each time.
  const bool only = header().open_slabs[size_class] == head + 1 && slab.free_cells == CellsOf(size_class);
  if (slab.free_cells == CellsOf(size_class) && !only) {
    runs_.UnlinkSlab(head);
    runs_.Free(head);
  }
}

Status AllocateBlock(Arena& arena, uint64_t bytes, uint32_t kind, int32_t self, int32_t holder, Block* block) {
  if (bytes > arena.max_bytes()) return Status::Fail(Code::kTooLarge);
  bool clean = false;
  {
    LockedHeap heap(arena, self);
    if (Status status = heap.Allocate(bytes, kind, holder, block, &clean); !status.ok()) return status;
  }
  // Outside the lock: the block is nobody else's yet, and a large one takes its time.
  if (!clean) memset(arena.At<std::byte>(block->offset), 0, bytes);
  KILL_POINT("heap.block.zeroed");
  return Status::Ok();
}

Status HoldBlock(Arena& arena, Block block, int32_t self, int32_t holder) {
  return LockedHeap(arena, self).AddHold(block, holder);
}

void DropHold(Arena& arena, uint64_t offset, int32_t self, int32_t holder) {
  LockedHeap(arena, self).RemoveHold(offset, holder);
}

void DropHoldsOf(Arena& arena, int32_t holder, int32_t self) { LockedHeap(arena, self).RemoveHoldsOf(holder); }

const BlockHeader& HeaderOf(const Arena& arena, uint64_t offset) {
  return *arena.At<BlockHeader>(offset - kBlockHeaderBytes);
}

HeapStatistics Statistics(Arena& arena, int32_t self) {
  const LockedHeap heap(arena, self);
  const ArenaHeader& header = heap.header();
  HeapStatistics result{header.used_bytes, uint64_t{header.page_end.load()} * kPageBytes, header.dirty_free_bytes, 0};
  for (uint32_t index = 0; index < header.hold_end.load(); ++index) {
    if (arena.At<Hold>(header.holds_offset)[index].block.load() != 0) ++result.holds;
  }
  return result;
}

uint32_t CheckHeap(Arena& arena, int32_t self) { return LockedHeap(arena, self).Check(); }

}  // namespace forkless
