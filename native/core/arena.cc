#include "core/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <deque>

#include "core/arena_header.h"
#include "core/kill_point.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/futex.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

constexpr int64_t kLockWaitNs = 2'000'000'000;

std::mutex registry_mutex;
std::mutex named_mutex;  // taken before registry_mutex
std::deque<Arena*>& Registry() {
  static auto* arenas = new std::deque<Arena*>;  // never destroyed: the reaper thread outlives static destructors
  return *arenas;
}

std::string FileNameOf(const std::string& name) { return "/forkless-" + std::to_string(getuid()) + "-" + name; }

// Takes the lock of a named file, waiting for a while; 0 or an errno (EWOULDBLOCK: somebody else has it).
int LockFile(int fd, int64_t give_up) {
  for (;;) {
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK && errno != EINTR) return errno;
    if (MonotonicNow() > give_up) return EWOULDBLOCK;
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
}

void UnlockFile(int fd) { static_cast<void>(flock(fd, LOCK_UN)); }

// Whether the file was never published: empty, or with a header that says so. To be asked with its lock.
bool IsUnfinished(int fd) {
  uint64_t bytes = 0;
  if (!FileBytes(fd, &bytes).ok()) return false;
  if (bytes == 0) return true;
  if (bytes < sizeof(ArenaHeader)) return false;
  std::byte* base = nullptr;
  if (!MapFile(fd, sizeof(ArenaHeader), &base).ok()) return false;
  const auto& header = *reinterpret_cast<ArenaHeader*>(base);
  const uint64_t magic = header.magic.load();
  const uint32_t version = header.layout_version;
  const bool unfinished = (version == kLayoutVersion ? magic == kArenaMagic || magic == 0 : magic == 0 && version == 0) &&
                          header.state.load() == kBuilding;
  UnmapFile(base, sizeof(ArenaHeader));
  return unfinished;
}

// Whether somebody who counts is registered, or is just being recovered and so still changes the heap.
bool HasUsers(const Arena& arena) {
  for (uint32_t slot = 0; slot < arena.header().slot_end.load(); ++slot) {
    const Participant& participant = arena.participant(slot);
    if (Unpack(participant.state.load()).state != kFree && participant.is_service.load() == 0) return true;
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
  const bool as_much_as_possible = max_bytes == 0;
  max_bytes = ClampArenaBytes(as_much_as_possible ? MemoryLimit() / 4 * 3 : max_bytes);
  int fd = -1;
  if (Status status = CreateAnonymousFile(&fd); !status.ok()) return status;
  Arena* arena = nullptr;
  Status status = Adopt(fd, max_bytes, "", &arena);
  // A limit of the address space (ulimit -v) may be below what the machine has.
  while (as_much_as_possible && status.error == ENOMEM && max_bytes > kLeastArenaBytes) {
    max_bytes = ClampArenaBytes(max_bytes / 2);
    status = Adopt(fd, max_bytes, "", &arena);
  }
  if (status.ok()) {
    status = GrowFile(fd, MakePlan(max_bytes).data_offset);
    if (!status.ok()) {
      Discard(arena);
    }
  }
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
    Discard(arena);
    status = Status::Fail(Code::kGone);
  }
  if (!status.ok()) {
    close(own);
    return status;
  }
  *result = Register(arena);
  return Status::Ok();
}

// Every named file has a lock (flock, which goes with its process). It is held
//   - by the creator from the first moment until it has published the file: so a half-built file that can be locked is
//     that of a dead creator;
//   - by whoever enters, until it is registered as a participant;
//   - by whoever removes, while it looks for participants and takes the name away.
// A name is only ever removed with the lock of the very file that it leads to: so nobody removes the name of a
// newer file, and nobody enters a file that is about to go.
Status Arena::CreateNamed(const std::string& name, uint64_t max_bytes, Arena** result) {
  std::lock_guard<std::mutex> guard(named_mutex);
  CloseRemoved();
  max_bytes = ClampArenaBytes(max_bytes);
  const std::string file_name = FileNameOf(name);
  int fd = -1;
  for (;;) {
    Status status = CreateNamedFile(file_name.c_str(), &fd);
    if (status.ok()) {
      KILL_POINT("named.create.opened");
      if (const int error = LockFile(fd, 0); error != 0 && error != EWOULDBLOCK) {
        static_cast<void>(RemoveNamedFile(file_name.c_str()));
        close(fd);
        return Status::System("flock", error);
      } else if (error == 0 && NameLeadsTo(file_name.c_str(), fd)) {
        break;
      }
      close(fd);  // between the two calls somebody took the empty file for a dead creator's
      continue;
    }
    if (status.code != Code::kExists) return status;
    // Is it somebody's? To open it is to find out: what has no living user is removed on the way.
    Arena* existing = nullptr;
    int lock = -1;
    const Status opened = OpenUsed(name, &existing, &lock);
    if (opened.ok()) {
      UnlockFile(lock);
      if (lock != existing->fd()) close(lock);
      return status;
    }
    if (opened.code != Code::kNotFound) return opened.code == Code::kNotReady ? status : opened;
  }
  KILL_POINT("named.create.locked");
  const ArenaPlan plan = MakePlan(max_bytes);
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
  KILL_POINT("named.create.built");
  header().state.store(kReady);
  KILL_POINT("named.create.published");
  UnlockFile(fd_);
}

Status Arena::EnterNamed(const std::string& name, const char* participant, Arena** arena, int32_t* id) {
  std::lock_guard<std::mutex> guard(named_mutex);
  CloseRemoved();
  int lock = -1;
  if (Status status = OpenUsed(name, arena, &lock); !status.ok()) return status;
  const Status status = RegisterParticipant(**arena, participant, id);
  KILL_POINT("named.enter.registered");
  UnlockFile(lock);
  if (lock != (*arena)->fd()) close(lock);
  return status;
}

// The arena that the name leads to, if it has a user, with its lock (held through descriptor `lock`, which is the
// arena's own when it was not known here before). What has no user any more is removed: kNotFound.
Status Arena::OpenUsed(const std::string& name, Arena** result, int* lock) {
  const std::string file_name = FileNameOf(name);
  const int64_t give_up = MonotonicNow() + kLockWaitNs;
  for (;;) {
    int fd = -1;
    if (Status status = OpenNamedFile(file_name.c_str(), &fd); !status.ok()) return status;
    const int error = LockFile(fd, give_up);
    if (error != 0 || !NameLeadsTo(file_name.c_str(), fd)) {
      close(fd);
      if (error != 0) return error == EWOULDBLOCK ? Status::Fail(Code::kNotReady) : Status::System("flock", error);
      continue;
    }
    KILL_POINT("named.open.locked");
    uint64_t max_bytes = 0;
    Status status = CheckHeader(fd, &max_bytes);
    if (IsUnfinished(fd)) {
      static_cast<void>(RemoveNamedFile(file_name.c_str()));
      close(fd);
      continue;
    }
    Arena* arena = status.ok() ? FindKnown(name, file_name.c_str()) : nullptr;
    const bool known = arena != nullptr;
    if (status.ok() && !known) status = Adopt(fd, max_bytes, name, &arena);
    if (!status.ok()) {
      close(fd);
      return status;
    }
    if (arena->header().state.load() == kReady) {
      RecoverAllDead(*arena);
      if (HasUsers(*arena)) {
        *result = known ? arena : Register(arena);
        *lock = fd;
        return Status::Ok();
      }
    }
    arena->header().state.store(kRemoved);  // everybody who used it is gone
    KILL_POINT("named.remove.marked");
    static_cast<void>(RemoveNamedFile(file_name.c_str()));
    if (!known) Discard(arena);
    close(fd);
  }
}

Arena* Arena::FindKnown(const std::string& name, const char* file_name) {
  for (uint32_t i = 0; i < Count(); ++i) {
    Arena* known = ByIndex(i);
    if (known->fd_ >= 0 && known->name_ == name && NameLeadsTo(file_name, known->fd_)) return known;
  }
  return nullptr;
}

// Gives back the descriptors of files that others have removed.
void Arena::CloseRemoved() {
  for (uint32_t i = 0; i < Count(); ++i) {
    Arena* arena = ByIndex(i);
    if (arena->name_.empty() || arena->fd_ < 0 || arena->header().state.load() != kRemoved) continue;
    close(arena->fd_);
    arena->fd_ = -1;
  }
}

// Of an arena that was never registered.
void Arena::Discard(Arena* arena) {
  UnmapFile(arena->base_, FileBytesFor(arena->max_bytes_));
  delete arena;
}

Status Arena::ServiceParticipant(int32_t* id) {
  // Registration may itself have to recover somebody to find a slot: then there is no service to be had.
  static thread_local bool registering = false;
  if (registering) return Status::Fail(Code::kTooMany);
  std::lock_guard<std::mutex> guard(service_mutex_);
  // A forked copy of a process must not act under the name of the original, whose life says nothing about its own.
  const bool ours = service_ != 0 && IsLive(*this, service_) && participant(SlotOf(service_)).pid.load() == OwnPid();
  if (!ours) {
    registering = true;
    int32_t made = 0;
    const Status status = RegisterService(*this, &made);
    registering = false;
    if (!status.ok()) return status;
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

bool Arena::RemoveIfUnused() {
  if (name_.empty()) return false;
  std::lock_guard<std::mutex> guard(named_mutex);
  CloseRemoved();
  if (fd_ < 0) return false;
  RecoverAllDead(*this);
  if (HasUsers(*this)) return false;
  // An unpublished one is ours, and so is its lock already.
  if (LockFile(fd_, MonotonicNow() + kLockWaitNs) != 0) return false;
  if (HasUsers(*this)) {  // somebody came in between
    if (header().state.load() != kBuilding) UnlockFile(fd_);
    return false;
  }
  header().state.store(kRemoved);
  KILL_POINT("named.remove.marked");
  const std::string file_name = FileNameOf(name_);
  if (NameLeadsTo(file_name.c_str(), fd_)) static_cast<void>(RemoveNamedFile(file_name.c_str()));
  KILL_POINT("named.remove.unlinked");
  // The mapping stays, for views that may still be around; its memory goes.
  uint64_t bytes = 0;
  if (FileBytes(fd_, &bytes).ok() && bytes > kTablesOffset) {
    static_cast<void>(PunchFileRange(fd_, kTablesOffset, bytes - kTablesOffset));
  }
  close(fd_);
  fd_ = -1;
  return true;
}

}  // namespace forkless
