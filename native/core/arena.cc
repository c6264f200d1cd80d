#include "core/arena.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <deque>

#include "core/arena_file.h"
#include "core/participants.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

std::mutex registry_mutex;
std::deque<Arena*>& Registry() {
  static auto* arenas = new std::deque<Arena*>;  // never destroyed: the reaper thread outlives static destructors
  return *arenas;
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

// Of an arena that was never registered.
void Arena::Discard(Arena* arena) {
  UnmapFile(arena->base_, FileBytesFor(arena->max_bytes_));
  delete arena;
}

Status Arena::CreateFamily(uint64_t max_bytes, Arena** result) {
  const bool as_much_as_possible = max_bytes == 0;
  max_bytes = ClampBytes(as_much_as_possible ? MemoryLimit() / 4 * 3 : max_bytes);
  int fd = -1;
  if (Status status = CreateAnonymousFile(&fd); !status.ok()) return status;
  Arena* arena = nullptr;
  Status status = Adopt(fd, max_bytes, "", &arena);
  // A limit of the address space (ulimit -v) may be below what the machine has.
  while (as_much_as_possible && status.error == ENOMEM && max_bytes > kLeastBytes) {
    max_bytes = ClampBytes(max_bytes / 2);
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

}  // namespace forkless
