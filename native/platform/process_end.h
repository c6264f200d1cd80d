// Learning that a process has ended, and how.
#ifndef FORKLESS_PLATFORM_PROCESS_END_H_
#define FORKLESS_PLATFORM_PROCESS_END_H_

#include <cstddef>
#include <cstdint>

#include "core/status.h"
#include "platform/unique_fd.h"

namespace forkless {

inline constexpr int32_t kUnknownExit = INT32_MIN;

// A descriptor that stands for one process, whatever becomes of its pid, and is readable once that has ended.
// ESRCH when there is no such process.
Status OpenProcess(int32_t pid, UniqueFd* process);
// A descriptor that is readable from the beginning: it stands for a process that has ended.
Status OpenEnded(UniqueFd* ended);

// How a child of this process has ended: its exit code, minus the number of the signal that killed it, or
// kUnknownExit when somebody else has reaped it. The pid stays taken until ReapChild.
int32_t LookAtEnd(int32_t pid);
void ReapChild(int32_t pid);

// Sends a signal; false when there is no such process (any more).
bool SendSignal(int32_t pid, int number);

// One thread waits for the end of many processes; other threads can wake it.
class EndWatcher {
 public:
  static Status Create(EndWatcher** watcher);
  EndWatcher(const EndWatcher&) = delete;
  EndWatcher& operator=(const EndWatcher&) = delete;

  // `key` is what Wait reports; not null.
  Status Add(int process_fd, void* key);
  void Remove(int process_fd);
  void Interrupt();
  // Sleeps until a process has ended or Interrupt was called; returns the number of `keys` written.
  size_t Wait(void** keys, size_t capacity);

 private:
  EndWatcher() = default;
  UniqueFd poll_;
  UniqueFd interrupt_;
};

// Starts a thread that gets no signals and is never waited for.
Status StartServiceThread(void (*body)(void*), void* argument);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_PROCESS_END_H_
