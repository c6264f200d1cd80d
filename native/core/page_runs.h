// The lower half of the heap: runs of pages. All functions need the heap lock.
#ifndef FORKLESS_CORE_PAGE_RUNS_H_
#define FORKLESS_CORE_PAGE_RUNS_H_

#include "core/arena.h"

namespace forkless {

struct PageEntry {
  uint32_t length;  // in pages; for kPageInterior the distance back to the head
  PageKind kind;
  uint32_t size_class;
};

constexpr uint64_t PackPage(PageEntry entry) {
  return uint64_t{entry.size_class} << 40 | uint64_t{entry.kind} << 32 | entry.length;
}
constexpr PageEntry UnpackPage(uint64_t word) {
  return {static_cast<uint32_t>(word), static_cast<PageKind>(word >> 32 & 0xff),
          static_cast<uint32_t>(word >> 40 & 0xff)};
}

class PageRuns {
 public:
  explicit PageRuns(Arena& arena) : arena_(arena) {}

  [[nodiscard]] PageEntry At(uint32_t page) const { return UnpackPage(Word(page).load()); }
  [[nodiscard]] uint64_t OffsetOf(uint32_t page) const { return header().data_offset + page * kPageBytes; }
  [[nodiscard]] uint32_t PageOf(uint64_t offset) const {
    return static_cast<uint32_t>((offset - header().data_offset) / kPageBytes);
  }
  [[nodiscard]] SlabHeader& Slab(uint32_t page) const { return *arena_.At<SlabHeader>(OffsetOf(page)); }

  // Takes a run of exactly `length` pages, growing the arena if need be. `clean`: it reads as zero.
  Status Allocate(uint32_t length, PageKind kind, uint32_t size_class, uint32_t* page, bool* clean);
  void Free(uint32_t page);

  // Writes the tail mark (and a slab's inner marks), then, with one store, the head.
  void Describe(uint32_t page, PageEntry entry);
  // Puts a free run into its list. `Free` does so itself; for rebuilding.
  void LinkFree(uint32_t page);

  void LinkSlab(uint32_t page);
  void UnlinkSlab(uint32_t page);

 private:
  [[nodiscard]] ArenaHeader& header() const { return arena_.header(); }
  [[nodiscard]] std::atomic<uint64_t>& Word(uint32_t page) const {
    return arena_.At<std::atomic<uint64_t>>(header().pages_offset)[page];
  }
  [[nodiscard]] RunLinks& Links(uint32_t page) const { return arena_.At<RunLinks>(header().runs_offset)[page]; }

  Status Grow(uint32_t length);
  Status GrowBy(uint32_t length);
  Status BackNext(uint32_t length);
  uint32_t FindFree(uint32_t length, int looks) const;
  void UnlinkFree(uint32_t page);
  void Link(uint32_t* head, uint32_t page);
  void Unlink(uint32_t* head, uint32_t page);
  // Merges the free run with its free neighbours; returns the head of what came out, not linked.
  uint32_t Coalesce(uint32_t page);
  void GiveBack(uint32_t page);

  Arena& arena_;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_PAGE_RUNS_H_
