// The result of a call that can fail: a stable code, and the system's errno where a call to it failed.
#ifndef FORKLESS_CORE_STATUS_H_
#define FORKLESS_CORE_STATUS_H_

namespace forkless {

// Names are what JavaScript sees in `error.status`; src/native/failure.ts turns each into its message.
enum class Code {
  kOk,
  kSystem,          // a system call failed: errno and syscall say which
  kArenaFull,       // the arena's maxBytes does not allow the request
  kTooLarge,        // the request can never fit into this arena
  kTooMany,         // no free participant slot or hold record
  kNotFound,        // no such name
  kExists,          // the name is taken by a live object
  kWrongVersion,    // the file was written by another layout version
  kForeign,         // not one of our files, or a corrupt one
  kNotReady,        // the creator has not finished (or died before it finished)
  kGone,            // the block or participant of the handle does not exist any more
  kUnsupported,     // the system lacks what is needed
};

struct [[nodiscard]] Status {
  Code code = Code::kOk;
  int error = 0;
  const char* syscall = nullptr;

  [[nodiscard]] bool ok() const { return code == Code::kOk; }

  static Status Ok() { return {}; }
  static Status System(const char* syscall, int error) { return {Code::kSystem, error, syscall}; }
  static Status Fail(Code code) { return {code, 0, nullptr}; }
};

}  // namespace forkless

#endif  // FORKLESS_CORE_STATUS_H_
