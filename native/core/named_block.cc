#include "core/named_block.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "platform/memory_file.h"
#include "platform/unique_fd.h"

namespace forkless {

NamedBlock::NamedBlock(NamedBlock&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(other.bytes_), inode_(other.inode_) {}

NamedBlock& NamedBlock::operator=(NamedBlock&& other) noexcept {
  if (this == &other) return *this;
  Close();
  base_ = std::exchange(other.base_, nullptr);
  bytes_ = other.bytes_;
  inode_ = other.inode_;
  return *this;
}

Status NamedBlock::Create(const char* name, uint64_t bytes, NamedBlock* result) {
  int made = -1;
  if (Status status = CreateNamedFile(name, &made); !status.ok()) return status;
  const UniqueFd fd(made);
  Status status = GrowFile(fd.get(), bytes);
  // Taken now: a full file system is an error here and not a SIGBUS at some later access.
  if (status.ok()) status = BackFileRange(fd.get(), 0, bytes);
  if (status.ok()) status = result->Map(fd.get(), bytes);
  // The name is ours: nobody could have made it.
  if (!status.ok()) static_cast<void>(RemoveNamedFile(name));
  return status;
}

Status NamedBlock::Open(const char* name, NamedBlock* result) {
  int opened = -1;
  if (Status status = OpenNamedFile(name, &opened); !status.ok()) return status;
  const UniqueFd fd(opened);
  uint64_t bytes = 0;
  if (Status status = FileBytes(fd.get(), &bytes); !status.ok()) return status;
  if (bytes == 0) return Status::Fail(Code::kNotReady);
  return result->Map(fd.get(), bytes);
}

Status NamedBlock::Unlink(const char* name) {
  return shm_unlink(name) == 0 ? Status::Ok() : Status::System("shm_unlink", errno);
}

void NamedBlock::Close() {
  std::byte* base = std::exchange(base_, nullptr);
  if (base != nullptr) UnmapFile(base, bytes_);
}

Status NamedBlock::Map(int fd, uint64_t bytes) {
  struct stat info;
  if (fstat(fd, &info) != 0) return Status::System("fstat", errno);
  std::byte* base = nullptr;
  if (Status status = MapFile(fd, bytes, &base); !status.ok()) return status;
  Close();
  base_ = base;
  bytes_ = bytes;
  inode_ = static_cast<uint64_t>(info.st_ino);
  return Status::Ok();
}

}  // namespace forkless
