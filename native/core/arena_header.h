// The header of an arena: where its tables lie, and whether a file is one of ours.
#ifndef FORKLESS_CORE_ARENA_HEADER_H_
#define FORKLESS_CORE_ARENA_HEADER_H_

#include "core/layout.h"
#include "core/status.h"

namespace forkless {

inline constexpr uint64_t kLeastArenaBytes = 4 << 20;
inline constexpr uint64_t kMostArenaBytes = (uint64_t{UINT32_MAX} - 1) * kPageBytes;  // what page numbers reach

constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// Where the tables of an arena of a certain size lie.
struct ArenaPlan {
  uint64_t holds_offset, buckets_offset, pages_offset, runs_offset, data_offset;
  uint32_t hold_capacity, bucket_count, page_capacity;
};
ArenaPlan MakePlan(uint64_t max_bytes);

// The next size that an arena can have.
uint64_t ClampArenaBytes(uint64_t max_bytes);

// Size of the whole file when the arena has grown to its limit.
uint64_t FileBytesFor(uint64_t max_bytes);

void WriteHeader(ArenaHeader& header, uint64_t max_bytes, bool named);

// Whether a file holds an arena of this layout version, and its limit.
Status CheckHeader(int fd, uint64_t* max_bytes);

}  // namespace forkless

#endif  // FORKLESS_CORE_ARENA_HEADER_H_
