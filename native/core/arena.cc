#include "core/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <deque>

#include "core/kill_point.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/futex.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

constexpr uint64_t kLeastBytes = 4 << 20;
constexpr int64_t kBuildWaitNs = 2'000'000'000;

std::mutex registry_mutex;
std::deque<Arena*>& Registry() {
  static auto* arenas = new std::deque<Arena*>;  // never destroyed: the reaper thread outlives static destructors
  return *arenas;
}

constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) { return (value + alignment - 1) / alignment * alignment; }

struct Plan {
  uint64_t holds_offset, buckets_offset, pages_offset, runs_offset, data_offset;
  uint32_t hold_capacity, bucket_count, page_capacity;
};

// Where the tables of an arena of this size lie.
Plan MakePlan(uint64_t max_bytes) {
  Plan plan;
  plan.page_capacity = static_cast<uint32_t>(std::min<uint64_t>(max_bytes / kPageBytes, UINT32_MAX - 1));
  plan.hold_capacity = std::bit_ceil(std::clamp<uint32_t>(plan.page_capacity / 4, 4096, 1 << 21));
  plan.bucket_count = plan.hold_capacity / 2;
  plan.holds_offset = kTablesOffset;
  plan.buckets_offset = AlignUp(plan.holds_offset + plan.hold_capacity * sizeof(Hold), kPageBytes);
  plan.pages_offset = AlignUp(plan.buckets_offset + plan.bucket_count * sizeof(uint32_t), kPageBytes);
  plan.runs_offset = AlignUp(plan.pages_offset + plan.page_capacity * sizeof(uint64_t), kPageBytes);
  plan.data_offset = AlignUp(plan.runs_offset + plan.page_capacity * sizeof(RunLinks), kPageBytes);
  return plan;
}

uint64_t FileBytesFor(uint64_t max_bytes) {
  const Plan plan = MakePlan(max_bytes);
  return plan.data_offset + uint64_t{plan.page_capacity} * kPageBytes;
}

bool MatchesPlan(const ArenaHeader& header) {
  const Plan plan = MakePlan(header.max_bytes);
  return header.max_bytes >= kLeastBytes && header.holds_offset == plan.holds_offset &&
         header.buckets_offset == plan.buckets_offset && header.pages_offset == plan.pages_offset &&
         header.runs_offset == plan.runs_offset && header.data_offset == plan.data_offset &&
         header.hold_capacity == plan.hold_capacity && header.bucket_count == plan.bucket_count &&
         header.page_capacity == plan.page_capacity && header.page_end.load() <= plan.page_capacity &&
         header.hold_end.load() <= plan.hold_capacity && header.slot_end.load() <= kParticipantSlots;
}

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

std::string FileNameOf(const std::string& name) { return "/forkless-" + std::to_string(getuid()) + "-" + name; }

bool LockFile(int fd, int how) {
  int result;
  do {
    result = flock(fd, how);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

// Whether the file was never published: empty, or with a header that says so.
bool IsUnfinished(int fd) {
  uint64_t bytes = 0;
  if (!FileBytes(fd, &bytes).ok()) return false;
  if (bytes == 0) return true;
  if (bytes < sizeof(ArenaHeader)) return false;
  std::byte* base = nullptr;
  if (!MapFile(fd, sizeof(ArenaHeader), &base).ok()) return false;
  const auto& header = *reinterpret_cast<ArenaHeader*>(base);
  const uint64_t magic = header.magic.load();
  const bool unfinished = (magic == kArenaMagic || (magic == 0 && header.layout_version <= kLayoutVersion)) &&
                          header.state.load() == kBuilding;
  UnmapFile(base, sizeof(ArenaHeader));
  return unfinished;
}

// Whether somebody who counts is registered.
bool HasUsers(const Arena& arena) {
  for (uint32_t slot = 0; slot < arena.header().slot_end.load(); ++slot) {
    const Participant& participant = arena.participant(slot);
    const StateWord word = Unpack(participant.state.load());
    if ((word.state == kLive || word.state == kReserved) && participant.is_service.load() == 0) return true;
  }
  return false;
}

}  // namespace

Arena* Arena::Register(Arena* arena) {
  std::lock_guard<std::mutex> guard(registry_mutex);
  arena->index_ = static_cast<uint32_t>(Registry().size());
  Registry().push_back(arena);
  return arena;
}

Arena* Arena::ByIndex(uint32_t index) {
  std::lock_guard<std::mutex> guard(registry_mutex);
  return index < Registry().size() ? Registry()[index] : nullptr;
}

uint32_t Arena::Count() {
  std::lock_guard<std::mutex> guard(registry_mutex);
  return static_cast<uint32_t>(Registry().size());
}

Status Arena::Adopt(int fd, uint64_t max_bytes, std::string name, Arena** result) {
  std::byte* base = nullptr;
  if (Status status = MapFile(fd, FileBytesFor(max_bytes), &base); !status.ok()) return status;
  auto* arena = new Arena;
  arena->fd_ = fd;
  arena->base_ = base;
  arena->max_bytes_ = max_bytes;
  arena->name_ = std::move(name);
  *result = arena;
  return Status::Ok();
}

Status Arena::CreateFamily(uint64_t max_bytes, Arena** result) {
  if (max_bytes == 0) max_bytes = MemoryLimit() / 4 * 3;
  max_bytes = AlignUp(std::max(max_bytes, kLeastBytes), kPageBytes);
  int fd = -1;
  if (Status status = CreateAnonymousFile(&fd); !status.ok()) return status;
  Arena* arena = nullptr;
  Status status = GrowFile(fd, MakePlan(max_bytes).data_offset);
  if (status.ok()) status = Adopt(fd, max_bytes, "", &arena);
  if (!status.ok()) {
    close(fd);
    return status;
  }
  WriteHeader(arena->header(), max_bytes, false);
  arena->header().state.store(kReady);
  *result = Register(arena);
  return Status::Ok();
}

Status Arena::JoinFamily(int fd, Arena** result) {
  uint64_t max_bytes = 0;
  if (Status status = CheckHeader(fd, &max_bytes); !status.ok()) return status;
  Arena* arena = nullptr;
  if (Status status = Adopt(fd, max_bytes, "", &arena); !status.ok()) return status;
  *result = Register(arena);
  return Status::Ok();
}

Status Arena::JoinFamilyOf(int32_t pid, int fd, const uint8_t* family, Arena** result) {
  for (uint32_t i = 0; i < Count(); ++i) {
    Arena* known = ByIndex(i);
    if (memcmp(known->header().family, family, sizeof(known->header().family)) == 0) {
      *result = known;
      return Status::Ok();
    }
  }
  int own = -1;
  if (Status status = OpenFileOfProcess(pid, fd, &own); !status.ok()) return status;
  uint64_t max_bytes = 0;
  Arena* arena = nullptr;
  Status status = CheckHeader(own, &max_bytes);
  if (status.ok()) status = Adopt(own, max_bytes, "", &arena);
  if (status.ok() && memcmp(arena->header().family, family, sizeof(arena->header().family)) != 0) {
    UnmapFile(arena->base_, FileBytesFor(max_bytes));
    delete arena;
    status = Status::Fail(Code::kGone);
  }
  if (!status.ok()) {
    close(own);
    return status;
  }
  *result = Register(arena);
  return Status::Ok();
}

// The creator keeps the file locked until it has published it, so that a half-built file whose creator died
// is known by its open lock.
Status Arena::CreateNamed(const std::string& name, uint64_t max_bytes, Arena** result) {
  CloseRemoved();
  max_bytes = AlignUp(std::max(max_bytes, kLeastBytes), kPageBytes);
  const std::string file_name = FileNameOf(name);
  int fd = -1;
  for (int attempt = 0;; ++attempt) {
    Status status = CreateNamedFile(file_name.c_str(), &fd);
    if (status.ok()) {
      KILL_POINT("named.create.opened");
      LockFile(fd, LOCK_EX);
      if (NameLeadsTo(file_name.c_str(), fd)) break;
      close(fd);  // between the two calls somebody took the empty file for a dead creator's
      continue;
    }
    if (status.code != Code::kExists || attempt == 3) return status;
    // Is it somebody's? To open it is to find out: what has no living user is removed on the way.
    Arena* existing = nullptr;
    const Status opened = OpenNamed(name, &existing);
    if (opened.ok()) {
      existing->RemoveIfUnused();
      return status;
    }
    if (opened.code != Code::kNotFound) return opened.code == Code::kNotReady ? status : opened;
  }
  KILL_POINT("named.create.locked");
  const Plan plan = MakePlan(max_bytes);
  Arena* arena = nullptr;
  Status status = GrowFile(fd, plan.data_offset);
  if (status.ok()) status = BackFileRange(fd, 0, kParticipantsOffset + kPageBytes);
  if (status.ok()) status = BackFileRange(fd, plan.buckets_offset, plan.bucket_count * sizeof(uint32_t));
  if (status.ok()) status = Adopt(fd, max_bytes, name, &arena);
  if (!status.ok()) {
    static_cast<void>(RemoveNamedFile(file_name.c_str()));
    close(fd);
    return status;
  }
  KILL_POINT("named.create.sized");
  WriteHeader(arena->header(), max_bytes, true);
  *result = Register(arena);
  return Status::Ok();
}

void Arena::Publish() {
  header().state.store(kReady);
  KILL_POINT("named.create.published");
  LockFile(fd_, LOCK_UN);
}

Status Arena::EnterNamed(const std::string& name, const char* participant, Arena** arena, int32_t* id) {
  for (;;) {
    if (Status status = OpenNamed(name, arena); !status.ok()) return status;
    if (Status status = RegisterParticipant(**arena, participant, id); !status.ok()) return status;
    // From here on nobody takes it for unused; but somebody may have done so just before.
    if ((*arena)->header().state.load() == kReady) return Status::Ok();
    RetireParticipant(**arena, *id);
  }
}

Status Arena::OpenNamed(const std::string& name, Arena** result) {
  CloseRemoved();
  const std::string file_name = FileNameOf(name);
  const int64_t give_up = MonotonicNow() + kBuildWaitNs;
  for (;;) {
    int fd = -1;
    if (Status status = OpenNamedFile(file_name.c_str(), &fd); !status.ok()) return status;
    uint64_t max_bytes = 0;
    Status status = CheckHeader(fd, &max_bytes);
    uint32_t state = kBuilding;
    if (status.ok()) {
      for (uint32_t i = 0; i < Count(); ++i) {
        Arena* known = ByIndex(i);
        if (known->name() == name && known->header().state.load() == kReady &&
            NameLeadsTo(file_name.c_str(), known->fd())) {
          close(fd);
          *result = known;
          return Status::Ok();
        }
      }
      Arena* arena = nullptr;
      status = Adopt(fd, max_bytes, name, &arena);
      if (!status.ok()) {
        close(fd);
        return status;
      }
      state = arena->header().state.load();
      if (state == kReady) {
        RecoverAllDead(*arena);
        if (HasUsers(*arena)) {
          *result = Register(arena);
          return Status::Ok();
        }
        state = kRemoved;  // everybody who used it is gone
      }
      UnmapFile(arena->base_, FileBytesFor(max_bytes));
      delete arena;
    }
    // Half-built, foreign, or left behind. Whoever builds it holds the lock.
    const bool lockable = LockFile(fd, LOCK_EX | LOCK_NB);
    if (state == kRemoved || (lockable && IsUnfinished(fd))) {
      if (NameLeadsTo(file_name.c_str(), fd)) static_cast<void>(RemoveNamedFile(file_name.c_str()));
      close(fd);
      continue;
    }
    close(fd);
    if (lockable) return status.ok() ? Status::Fail(Code::kForeign) : status;
    if (MonotonicNow() > give_up) return Status::Fail(Code::kNotReady);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

Status Arena::ServiceParticipant(int32_t* id) {
  // Registration may itself have to recover somebody to find a slot: then there is no service to be had.
  static thread_local bool registering = false;
  if (registering) return Status::Fail(Code::kTooMany);
  std::lock_guard<std::mutex> guard(service_mutex_);
  if (service_ == 0 || !IsLive(*this, service_)) {
    registering = true;
    int32_t made = 0;
    const Status status = RegisterParticipant(*this, "service", &made);
    registering = false;
    if (!status.ok()) return status;
    participant(SlotOf(made)).is_service.store(1);
    service_ = made;
  }
  *id = service_;
  return Status::Ok();
}

Status Arena::Back(uint64_t offset, uint64_t bytes) {
  if (Status status = GrowFile(fd_, offset + bytes); !status.ok()) return status;
  if (header().named == 0) return Status::Ok();
  const uint64_t begin = offset / kPageBytes * kPageBytes;
  return BackFileRange(fd_, begin, AlignUp(offset + bytes, kPageBytes) - begin);
}

bool Arena::RemoveIfUnused(bool leaving) {
  if (name_.empty()) return false;
  if (header().state.load() == kRemoved) CloseFile();
  // Who leaves looks whether the others still live: nobody may come after it who would.
  if (leaving && HasUsers(*this)) RecoverAllDead(*this);
  if (HasUsers(*this)) return false;
  uint32_t before = kReady;
  if (!header().state.compare_exchange_strong(before, kRemoved)) {
    // What is unfinished nobody but its creator has.
    if (!leaving || before != kBuilding) return false;
    header().state.store(kRemoved);
  }
  KILL_POINT("named.remove.marked");
  if (HasUsers(*this)) {  // somebody came in between
    header().state.store(before);
    return false;
  }
  const std::string file_name = FileNameOf(name_);
  if (NameLeadsTo(file_name.c_str(), fd_)) static_cast<void>(RemoveNamedFile(file_name.c_str()));
  // The mapping stays, for views that may still be around; its memory goes.
  uint64_t bytes = 0;
  if (FileBytes(fd_, &bytes).ok()) {
    const uint64_t data = header().data_offset;
    if (bytes > data) static_cast<void>(PunchFileRange(fd_, data, bytes - data));
  }
  CloseFile();
  return true;
}

// Only when it is removed: nobody of this process will grow or open it any more.
void Arena::CloseFile() {
  std::lock_guard<std::mutex> guard(registry_mutex);
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

// Those that others have removed since this process left them.
void Arena::CloseRemoved() {
  for (uint32_t i = 0; i < Count(); ++i) {
    Arena* arena = ByIndex(i);
    if (!arena->name_.empty() && arena->header().state.load() == kRemoved) arena->CloseFile();
  }
}

}  // namespace forkless
