// The file of an arena from outside: where its tables lie, and whether a file is one.
#ifndef FORKLESS_CORE_ARENA_FILE_H_
#define FORKLESS_CORE_ARENA_FILE_H_

#include "core/layout.h"
#include "core/status.h"

namespace forkless {

inline constexpr uint64_t kLeastBytes = 4 << 20;
inline constexpr uint64_t kMostBytes = (uint64_t{UINT32_MAX} - 1) * kPageBytes;  // what page numbers reach

constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

struct Plan {
  uint64_t holds_offset, buckets_offset, pages_offset, runs_offset, data_offset;
  uint32_t hold_capacity, bucket_count, page_capacity;
};

// Where the tables of an arena of this size lie.
Plan MakePlan(uint64_t max_bytes);

// A size that can be: whole pages, within the limits.
uint64_t ClampBytes(uint64_t max_bytes);

// Address space that the whole file can take.
uint64_t FileBytesFor(uint64_t max_bytes);

void WriteHeader(ArenaHeader& header, uint64_t max_bytes, bool named);

// Whether the file is an arena of this version, as far as its header says: kForeign, kWrongVersion.
Status CheckHeader(int fd, uint64_t* max_bytes);

}  // namespace forkless

#endif  // FORKLESS_CORE_ARENA_FILE_H_
