#include "platform/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace forkless {

Status CreateAnonymousFile(int* fd) {
  const int file = memfd_create("forkless", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return Status::System("memfd_create", errno);
  if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
    const int error = errno;
    close(file);
    return Status::System("fcntl", error);
  }
  *fd = file;
  return Status::Ok();
}

Status CreateNamedFile(const char* name, int* fd) {
  const int file = shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return errno == EEXIST ? Status{Code::kExists, EEXIST, "shm_open"} : Status::System("shm_open", errno);
  *fd = file;
  return Status::Ok();
}

Status OpenNamedFile(const char* name, int* fd) {
  const int file = shm_open(name, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) {
    return errno == ENOENT ? Status{Code::kNotFound, ENOENT, "shm_open"} : Status::System("shm_open", errno);
  }
  *fd = file;
  return Status::Ok();
}

Status RemoveNamedFile(const char* name) {
  if (shm_unlink(name) != 0 && errno != ENOENT) return Status::System("shm_unlink", errno);
  return Status::Ok();
}

bool NameLeadsTo(const char* name, int fd) {
  struct stat ours;
  struct stat theirs;
  if (fstat(fd, &ours) != 0) return false;
  const int other = shm_open(name, O_RDONLY | O_CLOEXEC, 0);
  if (other < 0) return false;
  const bool same = fstat(other, &theirs) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
  close(other);
  return same;
}

Status OpenFileOfProcess(int32_t pid, int fd, int* result) {
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return Status::System("open", errno);
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return Status::Fail(Code::kForeign);
  }
  *result = file;
  return Status::Ok();
}

Status FileBytes(int fd, uint64_t* bytes) {
  struct stat info;
  if (fstat(fd, &info) != 0) return Status::System("fstat", errno);
  *bytes = static_cast<uint64_t>(info.st_size);
  return Status::Ok();
}

Status GrowFile(int fd, uint64_t bytes) {
  uint64_t now = 0;
  if (Status status = FileBytes(fd, &now); !status.ok()) return status;
  if (now >= bytes) return Status::Ok();
  while (ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return Status::System("ftruncate", errno);
  }
  return Status::Ok();
}

Status BackFileRange(int fd, uint64_t offset, uint64_t bytes) {
  // In pieces: a signal undoes the whole call, so with a timer's signals (profilers) a large one would never end.
  constexpr uint64_t kPiece = 4 << 20;
  // Asked first: a request that can never succeed must not take all memory of the machine before it fails.
  struct statfs info;
  if (fstatfs(fd, &info) == 0 && bytes / static_cast<uint64_t>(info.f_bsize) > info.f_bavail + kPiece / 4096) {
    return Status::System("posix_fallocate", ENOSPC);
  }
  while (bytes > 0) {
    const uint64_t piece = bytes < kPiece ? bytes : kPiece;
    const int error = posix_fallocate(fd, static_cast<off_t>(offset), static_cast<off_t>(piece));
    if (error == EINTR) continue;
    if (error != 0) return Status::System("posix_fallocate", error);
    offset += piece;
    bytes -= piece;
  }
  return Status::Ok();
}

Status PunchFileRange(int fd, uint64_t offset, uint64_t bytes) {
  while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                   static_cast<off_t>(bytes)) != 0) {
    if (errno != EINTR) return Status::System("fallocate", errno);
  }
  return Status::Ok();
}

Status MapFile(int fd, uint64_t bytes, std::byte** base) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  if (address == MAP_FAILED) return Status::System("mmap", errno);
  *base = static_cast<std::byte*>(address);
  return Status::Ok();
}

void UnmapFile(std::byte* base, uint64_t bytes) { munmap(base, bytes); }

void Prefault(std::byte* address, uint64_t bytes) {
  const uintptr_t mask = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)) - 1;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(address) & ~mask;
  const uintptr_t end = (reinterpret_cast<uintptr_t>(address) + bytes + mask) & ~mask;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_POPULATE_WRITE);
}

namespace {

// The lowest memory.max on the way from this process's control group to the root; UINT64_MAX = none.
uint64_t ControlGroupLimit() {
  FILE* own = fopen("/proc/self/cgroup", "re");
  if (own == nullptr) return UINT64_MAX;
  char line[512];
  char group[512] = "";
  while (fgets(line, sizeof(line), own) != nullptr) {
    if (strncmp(line, "0::", 3) == 0) {
      line[strcspn(line, "\n")] = '\0';
      snprintf(group, sizeof(group), "%s", line + 3);
    }
  }
  fclose(own);
  uint64_t limit = UINT64_MAX;
  for (;;) {
    char path[640];
    snprintf(path, sizeof(path), "/sys/fs/cgroup%s/memory.max", group);
    if (FILE* file = fopen(path, "re")) {
      uint64_t value = 0;
      if (fscanf(file, "%" SCNu64, &value) == 1 && value < limit) limit = value;
      fclose(file);
    }
    char* slash = strrchr(group, '/');
    if (slash == nullptr || group[0] == '\0') break;
    *slash = '\0';
  }
  if (FILE* file = fopen("/sys/fs/cgroup/memory/memory.limit_in_bytes", "re")) {  // version 1
    uint64_t value = 0;
    if (fscanf(file, "%" SCNu64, &value) == 1 && value < limit) limit = value;
    fclose(file);
  }
  return limit;
}

}  // namespace

uint64_t MemoryLimit() {
  struct sysinfo info;
  uint64_t physical = uint64_t{1} << 32;
  if (sysinfo(&info) == 0) physical = uint64_t{info.totalram} * info.mem_unit;
  const uint64_t group = ControlGroupLimit();
  return group < physical ? group : physical;
}

void RandomBytes(void* target, size_t bytes) {
  auto* next = static_cast<uint8_t*>(target);
  while (bytes > 0) {
    const ssize_t got = getrandom(next, bytes, 0);
    if (got <= 0) continue;
    next += got;
    bytes -= static_cast<size_t>(got);
  }
}

}  // namespace forkless
