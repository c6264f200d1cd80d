// One memory file, mapped for as long as the process lives.
#ifndef FORKLESS_CORE_ARENA_H_
#define FORKLESS_CORE_ARENA_H_

#include <mutex>
#include <string>

#include "core/layout.h"
#include "core/status.h"

namespace forkless {

// Never unmapped and never destroyed: a view that JavaScript still has can not fault.
class Arena {
 public:
  // A new family: an anonymous memory file that only inheritance and /proc/<pid>/fd lead to.
  static Status CreateFamily(uint64_t max_bytes, Arena** arena);
  // Maps the family of an open descriptor, which the arena takes over.
  static Status JoinFamily(int fd, Arena** arena);
  // A family whose memory file process `pid` has open as `fd`; `family` (16 bytes) must match.
  static Status JoinFamilyOf(int32_t pid, int fd, const uint8_t* family, Arena** arena);
  // A named arena. Creation is exclusive; a file whose users are all dead is removed and made anew.
  // Nobody can open it before it is published, with its object complete. Who gives up before calls RemoveIfUnused.
  static Status CreateNamed(const std::string& name, uint64_t max_bytes, Arena** arena);
  void Publish();
  // Opens it and registers a participant in one step, so that it cannot go in between.
  static Status EnterNamed(const std::string& name, const char* participant, Arena** arena, int32_t* id);

  static Arena* ByIndex(uint32_t index);
  static uint32_t Count();

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  [[nodiscard]] uint32_t index() const { return index_; }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::byte* base() const { return base_; }
  [[nodiscard]] uint64_t max_bytes() const { return max_bytes_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ArenaHeader& header() const { return *reinterpret_cast<ArenaHeader*>(base_); }

  template <typename T>
  [[nodiscard]] T* At(uint64_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }
  [[nodiscard]] Participant& participant(uint32_t slot) const {
    return At<Participant>(kParticipantsOffset)[slot];
  }

  // The participant of this process' native service thread, which recovers the dead; registered on first use.
  Status ServiceParticipant(int32_t* id);

  // Makes sure that a range has memory behind it (named arenas) and that the file is long enough.
  Status Back(uint64_t offset, uint64_t bytes);

  // A named arena goes when its last user does. Returns true when this call has removed it. Afterwards only the
  // participants' table is still to be read: the mapping stays, its memory and the descriptor do not.
  bool RemoveIfUnused();

 private:
  Arena() = default;
  static Status OpenUsed(const std::string& name, Arena** arena, int* lock);
  static Arena* FindKnown(const std::string& name, const char* file_name);
  static void CloseRemoved();
  static void Discard(Arena* arena);
  static Status Adopt(int fd, uint64_t file_bytes, std::string name, Arena** arena);
  static Arena* Register(Arena* arena);

  uint32_t index_ = 0;
  int fd_ = -1;
  std::byte* base_ = nullptr;
  uint64_t max_bytes_ = 0;
  std::string name_;
  std::mutex service_mutex_;
  int32_t service_ = 0;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_ARENA_H_
