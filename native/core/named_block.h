// Memory under a name that any program can open: nothing but its bytes is in it.
#ifndef FORKLESS_CORE_NAMED_BLOCK_H_
#define FORKLESS_CORE_NAMED_BLOCK_H_

#include <cstddef>
#include <cstdint>

#include "core/status.h"

namespace forkless {

class NamedBlock {
 public:
  NamedBlock() = default;
  NamedBlock(NamedBlock&& other) noexcept;
  NamedBlock& operator=(NamedBlock&& other) noexcept;
  NamedBlock(const NamedBlock&) = delete;
  NamedBlock& operator=(const NamedBlock&) = delete;
  ~NamedBlock() { Close(); }

  // Exclusively, for this user, zeroed. What fails leaves no name.
  static Status Create(const char* name, uint64_t bytes, NamedBlock* result);
  // All of it. kNotReady when it has no size yet. Never removes the name.
  static Status Open(const char* name, NamedBlock* result);
  // The memory lives on for those who have it.
  static Status Unlink(const char* name);

  // The memory must not be touched after that.
  void Close();
  [[nodiscard]] std::byte* base() const { return base_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  // Tells the file from others that get its name later.
  [[nodiscard]] uint64_t inode() const { return inode_; }

 private:
  Status Map(int fd, uint64_t bytes);

  std::byte* base_ = nullptr;
  uint64_t bytes_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_NAMED_BLOCK_H_
