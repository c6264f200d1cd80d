#include <string.h>

#include "core/locked_heap.h"
#include "core/participants.h"

namespace forkless {

// Makes everything derived anew from the page heads and the hold words. May itself be cut off at any point:
// the next holder begins again.
void LockedHeap::Rebuild() {
  ArenaHeader& h = header();
  KILL_POINT("heap.rebuild");
  memset(h.free_runs, 0, sizeof(h.free_runs));
  memset(h.open_slabs, 0, sizeof(h.open_slabs));
  memset(arena_.At<uint32_t>(h.buckets_offset), 0, h.bucket_count * sizeof(uint32_t));
  h.free_holds = 0;
  h.used_bytes = 0;
  h.dirty_free_bytes = 0;
  const uint32_t pages = h.page_end.load();
  for (uint32_t page = 0; page < pages; page += runs_.At(page).length) {
    const PageEntry run = runs_.At(page);
    runs_.Describe(page, run);  // its marks; the head stays the same
    if (run.kind != kPageSlab) continue;
    SlabHeader& slab = runs_.Slab(page);
    memset(slab.used, 0, sizeof(slab.used));
    slab.size_class = run.size_class;
    slab.free_cells = CellsOf(run.size_class);
  }
  for (uint32_t index = h.hold_end.load(); index-- > 0;) {
    Hold& hold = HoldAt(index);
    const uint64_t place = hold.place.load();
    uint32_t& list = place == 0 ? h.free_holds : Bucket(BlockIn(place));
    hold.next = list;
    list = index + 1;
  }
  KILL_POINT("heap.rebuild.holds");
  RemoveHoldsOfTheLost();
  for (uint32_t index = h.hold_end.load(); index-- > 0;) {
    const uint64_t offset = BlockIn(HoldAt(index).place.load());
    if (offset != 0 && IsCompound(offset)) CompoundAt(offset).first_hold = 0;
  }
  for (uint32_t index = h.hold_end.load(); index-- > 0;) {
    const uint64_t offset = BlockIn(HoldAt(index).place.load());
    if (offset == 0) continue;
    LinkToHolder(index);
    uint32_t head = 0;
    if (!FindSlab(runs_.PageOf(offset), &head)) continue;
    const uint32_t cell = CellOf(head, offset);
    uint64_t& word = runs_.Slab(head).used[cell / 64];
    const uint64_t bit = uint64_t{1} << (cell % 64);
    if ((word & bit) != 0) continue;
    word |= bit;
    --runs_.Slab(head).free_cells;
    h.used_bytes += kCellBytes[runs_.At(head).size_class];
  }
  KILL_POINT("heap.rebuild.linked");
  // Free runs into their lists; used ones that nobody holds, and empty slabs, become free. Neighbours are
  // merged here, so that no two free runs stay side by side.
  for (uint32_t page = 0; page < pages;) {
    PageEntry run = runs_.At(page);
    const bool unheld = run.kind == kPageUsed && !IsHeld(runs_.OffsetOf(page) + kRunHeaderBytes);
    const bool empty = run.kind == kPageSlab && runs_.Slab(page).free_cells == CellsOf(run.size_class);
    if (unheld || empty) {
      run.kind = kPageFreeDirty;
      runs_.Describe(page, {run.length, run.kind, 0});
    }
    if (run.kind == kPageFreeClean || run.kind == kPageFreeDirty) {
      uint32_t next = page + run.length;
      bool clean = run.kind == kPageFreeClean;
      bool merged = false;
      while (next < pages) {
        const PageEntry after = runs_.At(next);
        const bool free_after = after.kind == kPageFreeClean || after.kind == kPageFreeDirty ||
                                (after.kind == kPageUsed && !IsHeld(runs_.OffsetOf(next) + kRunHeaderBytes)) ||
                                (after.kind == kPageSlab &&
                                 runs_.Slab(next).free_cells == CellsOf(after.size_class));
        if (!free_after) break;
        clean = clean && after.kind == kPageFreeClean;
        next += after.length;
        merged = true;
      }
      if (merged) runs_.Describe(page, {next - page, clean ? kPageFreeClean : kPageFreeDirty, 0});
      runs_.LinkFree(page);
      page = next;
      continue;
    }
    if (run.kind == kPageSlab && runs_.Slab(page).free_cells > 0) runs_.LinkSlab(page);
    if (run.kind == kPageUsed) h.used_bytes += run.length * kPageBytes;
    page += run.length;
  }
  KILL_POINT("heap.rebuild.done");
}

uint32_t LockedHeap::Check() {
  const ArenaHeader& h = header();
  uint32_t faults = 0;
  uint64_t used = 0;
  uint64_t dirty = 0;
  const uint32_t pages = h.page_end.load();
  bool free_before = false;
  for (uint32_t page = 0; page < pages;) {
    const PageEntry run = runs_.At(page);
    if (run.length == 0 || run.length > pages - page) return faults + 1;
    const bool is_free = run.kind == kPageFreeClean || run.kind == kPageFreeDirty;
    if (is_free && free_before) ++faults;
    free_before = is_free;
    if (run.kind == kPageFreeDirty) dirty += run.length * kPageBytes;
    if (run.kind == kPageUsed) {
      used += run.length * kPageBytes;
      if (!IsHeld(runs_.OffsetOf(page) + kRunHeaderBytes)) ++faults;
    }
    if (run.kind == kPageSlab) {
      uint32_t free_cells = 0;
      for (uint32_t cell = 0; cell < CellsOf(run.size_class); ++cell) {
        const bool marked = (runs_.Slab(page).used[cell / 64] >> (cell % 64) & 1) != 0;
        if (marked != IsHeld(CellOffset(page, cell) + kBlockHeaderBytes)) ++faults;
        if (marked) used += kCellBytes[run.size_class];
        if (!marked) ++free_cells;
      }
      if (free_cells != runs_.Slab(page).free_cells) ++faults;
    }
    if (run.length >= 2 && runs_.At(page + run.length - 1).kind != kPageTail) ++faults;
    page += run.length;
  }
  if (used != h.used_bytes || dirty != h.dirty_free_bytes) ++faults;
  const std::unordered_set<uint64_t> reached = Reached();
  for (uint32_t index = 0; index < h.hold_end.load(); ++index) {
    const Hold& hold = HoldAt(index);
    if (hold.place.load() == 0) continue;
    if (!reached.contains(BlockIn(hold.place.load()))) ++faults;
    const Holder holder = hold.holder.load();
    if (IsBlockHolder(holder)) {
      const uint32_t before = hold.previous_of_holder;
      const uint32_t link = before == 0 ? CompoundAt(BlockOf(holder)).first_hold : HoldAt(before - 1).next_of_holder;
      if (!IsHolderPresent(holder) || link != index + 1) ++faults;
      continue;
    }
    // One that is being recovered still has its holds.
    const auto id = static_cast<int32_t>(holder);
    const StateWord word = Unpack(arena_.participant(SlotOf(id)).state.load());
    if (word.state == kFree || word.generation != GenerationOf(id)) ++faults;
  }
  return faults;
}

}  // namespace forkless
