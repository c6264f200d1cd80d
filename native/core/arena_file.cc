#include "core/arena_file.h"

#include <algorithm>
#include <bit>

#include "core/kill_point.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

Plan MakePlan(uint64_t max_bytes) {
  Plan plan;
  plan.page_capacity = static_cast<uint32_t>(std::min<uint64_t>(max_bytes / kPageBytes, UINT32_MAX - 1));
  plan.hold_capacity = std::bit_ceil(std::clamp<uint32_t>(plan.page_capacity / 2, 16384, 1 << 22));
  plan.bucket_count = plan.hold_capacity / 2;
  plan.holds_offset = kTablesOffset;
  plan.buckets_offset = AlignUp(plan.holds_offset + plan.hold_capacity * sizeof(Hold), kPageBytes);
  plan.pages_offset = AlignUp(plan.buckets_offset + plan.bucket_count * sizeof(uint32_t), kPageBytes);
  plan.runs_offset = AlignUp(plan.pages_offset + plan.page_capacity * sizeof(uint64_t), kPageBytes);
  plan.data_offset = AlignUp(plan.runs_offset + plan.page_capacity * sizeof(RunLinks), kPageBytes);
  return plan;
}

uint64_t ClampBytes(uint64_t max_bytes) { return AlignUp(std::clamp(max_bytes, kLeastBytes, kMostBytes), kPageBytes); }

uint64_t FileBytesFor(uint64_t max_bytes) {
  const Plan plan = MakePlan(max_bytes);
  return plan.data_offset + uint64_t{plan.page_capacity} * kPageBytes;
}

namespace {

bool MatchesPlan(const ArenaHeader& header) {
  const Plan plan = MakePlan(header.max_bytes);
  return header.max_bytes >= kLeastBytes && header.max_bytes <= kMostBytes && header.holds_offset == plan.holds_offset &&
         header.buckets_offset == plan.buckets_offset && header.pages_offset == plan.pages_offset &&
         header.runs_offset == plan.runs_offset && header.data_offset == plan.data_offset &&
         header.hold_capacity == plan.hold_capacity && header.bucket_count == plan.bucket_count &&
         header.page_capacity == plan.page_capacity && header.page_end.load() <= plan.page_capacity &&
         header.hold_end.load() <= plan.hold_capacity && header.slot_end.load() <= kParticipantSlots;
}

}  // namespace

void WriteHeader(ArenaHeader& header, uint64_t max_bytes, bool named) {
  const Plan plan = MakePlan(max_bytes);
  header.layout_version = kLayoutVersion;
  header.named = named ? 1 : 0;
  RandomBytes(header.family, sizeof(header.family));
  header.creator_pid.store(OwnPid());
  header.creator_start_time.store(StartTimeOf(OwnPid()));
  header.max_bytes = max_bytes;
  header.holds_offset = plan.holds_offset;
  header.buckets_offset = plan.buckets_offset;
  header.pages_offset = plan.pages_offset;
  header.runs_offset = plan.runs_offset;
  header.data_offset = plan.data_offset;
  header.hold_capacity = plan.hold_capacity;
  header.bucket_count = plan.bucket_count;
  header.page_capacity = plan.page_capacity;
  KILL_POINT("arena.create.header");
  header.magic.store(kArenaMagic);
}

Status CheckHeader(int fd, uint64_t* max_bytes) {
  uint64_t bytes = 0;
  if (Status status = FileBytes(fd, &bytes); !status.ok()) return status;
  if (bytes < sizeof(ArenaHeader)) return Status::Fail(Code::kForeign);
  std::byte* base = nullptr;
  if (Status status = MapFile(fd, sizeof(ArenaHeader), &base); !status.ok()) return status;
  const auto& header = *reinterpret_cast<ArenaHeader*>(base);
  Status result = Status::Ok();
  if (header.magic.load() != kArenaMagic) {
    result = Status::Fail(Code::kForeign);
  } else if (header.layout_version != kLayoutVersion) {
    result = Status::Fail(Code::kWrongVersion);
  } else if (!MatchesPlan(header) ||
             bytes < header.data_offset + uint64_t{header.page_end.load()} * kPageBytes) {
    result = Status::Fail(Code::kForeign);
  }
  *max_bytes = header.max_bytes;
  UnmapFile(base, sizeof(ArenaHeader));
  return result;
}

}  // namespace forkless
