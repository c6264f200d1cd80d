#include "core/heap.h"

#include <string.h>

#include <algorithm>
#include <vector>

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

void LockedHeap::PublishHold(uint32_t index, uint64_t place, Holder holder) {
  Hold& hold = HoldAt(index);
  hold.holder.store(holder);
  KILL_POINT("heap.hold.written");
  hold.place.store(place);
  KILL_POINT("heap.hold.published");
  uint32_t& bucket = Bucket(BlockIn(place));
  hold.next = bucket;
  bucket = index + 1;
  LinkToHolder(index);
}

void LockedHeap::LinkToHolder(uint32_t index) {
  Hold& hold = HoldAt(index);
  const Holder holder = hold.holder.load();
  if (!IsBlockHolder(holder)) return;
  uint32_t& first = CompoundAt(BlockOf(holder)).first_hold;
  hold.previous_of_holder = 0;
  hold.next_of_holder = first;
  if (first != 0) HoldAt(first - 1).previous_of_holder = index + 1;
  first = index + 1;
}

void LockedHeap::UnlinkFromHolder(uint32_t index) {
  const Hold& hold = HoldAt(index);
  const Holder holder = hold.holder.load();
  if (!IsBlockHolder(holder)) return;
  if (hold.next_of_holder != 0) HoldAt(hold.next_of_holder - 1).previous_of_holder = hold.previous_of_holder;
  uint32_t& link = hold.previous_of_holder != 0 ? HoldAt(hold.previous_of_holder - 1).next_of_holder
                                                : CompoundAt(BlockOf(holder)).first_hold;
  link = hold.next_of_holder;
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
  if ((kind & kCompoundKind) != 0) bytes = std::max<uint64_t>(bytes, sizeof(CompoundHeader));
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
  // Before anybody can come to own it, and to free it.
  if ((kind & kCompoundKind) != 0) memset(arena_.At<std::byte>(payload), 0, sizeof(CompoundHeader));
  KILL_POINT("heap.block.described");
  PublishHold(hold, payload, ParticipantHolder(holder));
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

bool LockedHeap::IsHolderPresent(Holder holder) const {
  if (!IsBlockHolder(holder)) return IsPresent(arena_, static_cast<int32_t>(holder));
  const uint64_t offset = BlockOf(holder);
  return IsHeld(offset) && IsCompound(offset);
}

Status LockedHeap::AddHold(Block place, Holder holder) {
  const uint64_t offset = BlockIn(place.offset);
  const uint32_t role = RoleIn(place.offset);
  if (!IsBlock({offset, place.stamp}) || !IsHolderPresent(holder)) return Status::Fail(Code::kGone);
  if (role != 0 && (!IsCompound(offset) || (CompoundAt(offset).vacated.load() & (1 << role)) != 0)) {
    return Status::Fail(Code::kGone);
  }
  for (uint32_t next = Bucket(offset); next != 0; next = HoldAt(next - 1).next) {
    const Hold& hold = HoldAt(next - 1);
    if (hold.place.load() == place.offset && hold.holder.load() == holder) return Status::Ok();
  }
  uint32_t index = 0;
  if (Status status = TakeHold(&index); !status.ok()) return status;
  PublishHold(index, place.offset, holder);
  return Status::Ok();
}

void LockedHeap::RemoveHold(uint64_t place, Holder holder, uint32_t stamp) {
  if (stamp != 0 && !IsBlock({BlockIn(place), stamp})) return;
  for (uint32_t next = Bucket(BlockIn(place)); next != 0; next = HoldAt(next - 1).next) {
    const Hold& hold = HoldAt(next - 1);
    if (hold.place.load() == place && hold.holder.load() == holder) return RemoveHoldAt(next - 1);
  }
}

void LockedHeap::RemoveHoldsOf(Holder participant) {
  const uint32_t end = header().hold_end.load();
  for (uint32_t index = 0; index < end; ++index) {
    const Hold& hold = HoldAt(index);
    if (hold.place.load() != 0 && hold.holder.load() == participant) RemoveHoldAt(index);
  }
}

std::vector<Holder> LockedHeap::HoldersOf(uint64_t place) const {
  std::vector<Holder> holders;
  for (uint32_t next = Bucket(BlockIn(place)); next != 0; next = HoldAt(next - 1).next) {
    const Hold& hold = HoldAt(next - 1);
    if (hold.place.load() == place) holders.push_back(hold.holder.load());
  }
  return holders;
}

// Before the last hold in a role goes, the block learns it, and who waits for it is woken: who dies in between is found
// dead with the hold still there, and its recovery does both again.
void LockedHeap::VacateIfLast(uint32_t index) {
  const uint64_t place = HoldAt(index).place.load();
  if (RoleIn(place) == 0) return;
  const uint64_t offset = BlockIn(place);
  for (uint32_t next = Bucket(offset); next != 0; next = HoldAt(next - 1).next) {
    if (next != index + 1 && HoldAt(next - 1).place.load() == place) return;
  }
  CompoundHeader& compound = CompoundAt(offset);
  compound.vacated.fetch_or(1 << RoleIn(place));
  KILL_POINT("heap.role.vacated");
  for (const uint32_t distance : compound.signals) {
    if (distance == 0 || distance + sizeof(Signal) > BlockAt(offset).bytes) continue;
    arena_.At<Signal>(offset + distance)->word.fetch_or(kVacated);
    Wake(arena_, offset + distance + offsetof(Signal, point), kWakeAll);
  }
  KILL_POINT("heap.role.woken");
}

void LockedHeap::Unhold(uint32_t index) {
  VacateIfLast(index);
  Hold& hold = HoldAt(index);
  uint32_t* link = &Bucket(BlockIn(hold.place.load()));
  while (*link != index + 1) link = &HoldAt(*link - 1).next;
  *link = hold.next;
  hold.place.store(0);
  KILL_POINT("heap.hold.dropped");
  hold.next = header().free_holds;
  header().free_holds = index + 1;
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

Status AllocateBlock(Arena& arena, uint64_t bytes, uint32_t kind, int32_t self, int32_t holder, Block* block,
                     Contents contents) {
  if (bytes > arena.max_bytes()) return Status::Fail(Code::kTooLarge);
  bool clean = false;
  {
    LockedHeap heap(arena, self);
    if (Status status = heap.Allocate(bytes, kind, holder, block, &clean); !status.ok()) return status;
  }
  // Outside the lock: the block is nobody else's yet, and a large one takes its time.
  if (!clean && contents == Contents::kZeros) memset(arena.At<std::byte>(block->offset), 0, bytes);
  KILL_POINT("heap.block.zeroed");
  return Status::Ok();
}

Status HoldPlace(Arena& arena, Block place, int32_t self, Holder holder) {
  return LockedHeap(arena, self).AddHold(place, holder);
}

void DropPlace(Arena& arena, uint64_t place, int32_t self, Holder holder, uint32_t stamp) {
  LockedHeap(arena, self).RemoveHold(place, holder, stamp);
}

std::vector<Holder> HoldersOf(Arena& arena, uint64_t place, int32_t self) {
  return LockedHeap(arena, self).HoldersOf(place);
}

void DropHoldsOf(Arena& arena, int32_t holder, int32_t self) {
  LockedHeap(arena, self).RemoveHoldsOf(ParticipantHolder(holder));
}

const BlockHeader& HeaderOf(const Arena& arena, uint64_t offset) {
  return *arena.At<BlockHeader>(offset - kBlockHeaderBytes);
}

HeapStatistics Statistics(Arena& arena, int32_t self) {
  const LockedHeap heap(arena, self);
  const ArenaHeader& header = heap.header();
  HeapStatistics result{header.used_bytes, uint64_t{header.page_end.load()} * kPageBytes, header.dirty_free_bytes, 0};
  for (uint32_t index = 0; index < header.hold_end.load(); ++index) {
    if (arena.At<Hold>(header.holds_offset)[index].place.load() != 0) ++result.holds;
  }
  return result;
}

uint32_t CheckHeap(Arena& arena, int32_t self) { return LockedHeap(arena, self).Check(); }

}  // namespace forkless
