#include "core/page_runs.h"

#include <limits.h>

#include <algorithm>
#include <bit>

#include "core/kill_point.h"
#include "platform/memory_file.h"

namespace forkless {

namespace {

constexpr uint32_t kGrowPagesLeast = 256;         // 1 MiB
constexpr uint32_t kGrowPagesMost = 16384;        // 64 MiB
constexpr uint64_t kWarmReserveBytes = 64 << 20;  // freed memory that is kept for reuse
constexpr uint32_t kPunchPagesLeast = 64;         // smaller holes are not worth a system call
constexpr int kLooksPerBin = 64;

constexpr bool IsFree(PageEntry entry) { return entry.kind == kPageFreeClean || entry.kind == kPageFreeDirty; }

uint32_t BinOf(uint32_t length) { return static_cast<uint32_t>(std::bit_width(length)) - 1; }

}  // namespace

void PageRuns::Describe(uint32_t page, PageEntry entry) {
  if (entry.length >= 2) {
    if (entry.kind == kPageSlab) {
      for (uint32_t i = 1; i + 1 < entry.length; ++i) Word(page + i).store(PackPage({i, kPageInterior, 0}));
    }
    Word(page + entry.length - 1).store(PackPage({entry.length, kPageTail, 0}));
  }
  Word(page).store(PackPage(entry));
}

void PageRuns::Link(uint32_t* head, uint32_t page) {
  RunLinks& links = Links(page);
  links.previous = 0;
  links.next = *head;
  if (*head != 0) Links(*head - 1).previous = page + 1;
  *head = page + 1;
}

void PageRuns::Unlink(uint32_t* head, uint32_t page) {
  const RunLinks links = Links(page);
  if (links.previous != 0) {
    Links(links.previous - 1).next = links.next;
  } else {
    *head = links.next;
  }
  if (links.next != 0) Links(links.next - 1).previous = links.previous;
}

void PageRuns::LinkFree(uint32_t page) {
  const PageEntry entry = At(page);
  Link(&header().free_runs[BinOf(entry.length)], page);
  if (entry.kind == kPageFreeDirty) header().dirty_free_bytes += entry.length * kPageBytes;
}

void PageRuns::UnlinkFree(uint32_t page) {
  const PageEntry entry = At(page);
  Unlink(&header().free_runs[BinOf(entry.length)], page);
  if (entry.kind == kPageFreeDirty) header().dirty_free_bytes -= entry.length * kPageBytes;
}

void PageRuns::LinkSlab(uint32_t page) { Link(&header().open_slabs[At(page).size_class], page); }
void PageRuns::UnlinkSlab(uint32_t page) { Unlink(&header().open_slabs[At(page).size_class], page); }

// First fit among the first `looks` runs in the bin of this length, then any run of a higher bin. Returns page + 1, or 0.
uint32_t PageRuns::FindFree(uint32_t length, int looks) const {
  const uint32_t bin = BinOf(length);
  uint32_t candidate = header().free_runs[bin];
  for (; candidate != 0 && looks > 0; --looks) {
    if (At(candidate - 1).length >= length) return candidate;
    candidate = Links(candidate - 1).next;
  }
  for (uint32_t higher = bin + 1; higher < kRunBins; ++higher) {
    if (header().free_runs[higher] != 0) return header().free_runs[higher];
  }
  return 0;
}

Status PageRuns::Allocate(uint32_t length, PageKind kind, uint32_t size_class, uint32_t* page, bool* clean) {
  uint32_t found = FindFree(length, kLooksPerBin);
  if (found == 0) {
    const Status status = Grow(length);
    // Before the arena is called full, every run that could do is looked at.
    found = FindFree(length, status.ok() ? kLooksPerBin : INT_MAX);
    if (found == 0) return status.ok() ? Status::Fail(Code::kArenaFull) : status;
  }
  const uint32_t head = found - 1;
  const PageEntry run = At(head);
  UnlinkFree(head);
  if (run.length > length) {
    // Nobody walks into the rest before the shorter head is published below.
    Describe(head + length, {run.length - length, run.kind, 0});
    LinkFree(head + length);
  }
  KILL_POINT("heap.run.split");
  Describe(head, {length, kind, size_class});
  KILL_POINT("heap.run.taken");
  // Not before it is called a slab: a free run that is said to be clean must stay so if we die.
  if (kind == kPageSlab) {
    SlabHeader& slab = Slab(head);
    slab = {};
    slab.size_class = size_class;
  }
  KILL_POINT("heap.slab.made");
  *page = head;
  *clean = run.kind == kPageFreeClean;
  return Status::Ok();
}

uint32_t PageRuns::Coalesce(uint32_t page) {
  PageEntry run = At(page);
  bool clean = run.kind == kPageFreeClean;
  uint32_t head = page;
  uint32_t length = run.length;
  const uint32_t after = page + run.length;
  if (after < header().page_end.load() && IsFree(At(after))) {
    const PageEntry next = At(after);
    UnlinkFree(after);
    length += next.length;
    clean = clean && next.kind == kPageFreeClean;
  }
  if (page > 0) {
    // The page before is the last of its run: a tail mark, or the head of a run of one.
    const PageEntry last = At(page - 1);
    const uint32_t before = last.kind == kPageTail ? page - last.length : page - 1;
    const PageEntry previous = At(before);
    if (IsFree(previous)) {
      UnlinkFree(before);
      head = before;
      length += previous.length;
      clean = clean && previous.kind == kPageFreeClean;
    }
  }
  KILL_POINT("heap.run.coalescing");
  Describe(head, {length, clean ? kPageFreeClean : kPageFreeDirty, 0});
  return head;
}

void PageRuns::Free(uint32_t page) {
  Word(page).store(PackPage({At(page).length, kPageFreeDirty, 0}));
  KILL_POINT("heap.run.freed");
  const uint32_t head = Coalesce(page);
  LinkFree(head);
  GiveBack(head);
}

// Beyond the reserve, a large dirty run goes back to the system.
void PageRuns::GiveBack(uint32_t page) {
  const PageEntry run = At(page);
  if (run.kind != kPageFreeDirty || run.length < kPunchPagesLeast) return;
  if (header().named != 0) return;  // its memory was promised when it was made
  if (header().dirty_free_bytes <= kWarmReserveBytes) return;
  if (!PunchFileRange(arena_.fd(), OffsetOf(page), run.length * kPageBytes).ok()) return;
  KILL_POINT("heap.run.punched");
  UnlinkFree(page);
  Describe(page, {run.length, kPageFreeClean, 0});
  LinkFree(page);
}

Status PageRuns::Grow(uint32_t length) {
  const uint32_t end = header().page_end.load();
  const uint32_t room = header().page_capacity - end;
  // What is free at the end already counts.
  uint32_t needed = length;
  if (end > 0) {
    const PageEntry last = At(end - 1);
    const uint32_t before = last.kind == kPageTail ? end - last.length : end - 1;
    if (IsFree(At(before))) needed = length > At(before).length ? length - At(before).length : 1;
  }
  if (needed > room) return Status::Fail(length > header().page_capacity ? Code::kTooLarge : Code::kArenaFull);
  const uint32_t step = std::min(std::clamp(end / 2, kGrowPagesLeast, kGrowPagesMost), room);
  const uint32_t wanted = std::max(needed, step);
  Status status = GrowBy(wanted);
  if (!status.ok() && wanted > needed) status = GrowBy(needed);
  return status;
}

Status PageRuns::BackNext(uint32_t length) {
  const uint32_t end = header().page_end.load();
  const ArenaHeader& h = header();
  Status status = arena_.Back(h.pages_offset + end * sizeof(uint64_t), length * sizeof(uint64_t));
  if (status.ok()) status = arena_.Back(h.runs_offset + end * sizeof(RunLinks), length * sizeof(RunLinks));
  if (status.ok()) status = arena_.Back(OffsetOf(end), length * kPageBytes);
  return status;
}

Status PageRuns::GrowBy(uint32_t length) {
  const uint32_t end = header().page_end.load();
  if (Status status = BackNext(length); !status.ok()) {
    // What was backed before the memory ran out would be missed elsewhere.
    static_cast<void>(PunchFileRange(arena_.fd(), OffsetOf(end), length * kPageBytes));
    return status;
  }
  KILL_POINT("arena.grow.backed");
  Describe(end, {length, kPageFreeClean, 0});
  KILL_POINT("arena.grow.described");
  header().page_end.store(end + length);
  KILL_POINT("arena.grow.published");
  LinkFree(Coalesce(end));
  return Status::Ok();
}

}  // namespace forkless
