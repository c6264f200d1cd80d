// Threads of this process that are started as processes are: each with a slot in the arena, a record that tells it what to
// do, and an end with an exit code that is published without the help of anybody's event loop.
//
//   slot reserved, holding what the record refers to -> thread started (by the caller) -> entered: slot taken ->
//   exit code noted -> ended: slot retired by the environment's clean-up -> published to waiters
//
// Crash rule: all of it is of this process, and goes with it.
#ifndef FORKLESS_CORE_THREADS_H_
#define FORKLESS_CORE_THREADS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/children.h"

namespace forkless {

struct ThreadRequest {
  Stdio stdio = Stdio::kInherit;
  bool daemon = false;
  uint32_t owner = 0;           // the thread that starts it, if that is one of these
  Arena* arena = nullptr;
  int32_t self = 0;             // our participant there
  std::string name;
  std::vector<uint8_t> record;
  std::vector<Block> held;      // what the record refers to (places): the thread holds it from the start
};

// Everything but the thread itself, which the caller starts. If it cannot, it calls EndThread.
Status PrepareThread(ThreadRequest request, std::shared_ptr<EndListener> listener, StartedChild* child);

struct ThreadEntry {
  Arena* arena = nullptr;
  int32_t participant = 0;
  std::vector<uint8_t> record;
  int descriptors[3] = {-1, -1, -1};  // with Stdio::kPipe; closed at the thread's end
};

// To be called by the thread, once, first of all. kGone: there is no such thread that has not begun.
Status EnterThread(uint32_t id, ThreadEntry* entry);

// The thread's standard input is the caller's from now on, who closes it.
void ReleaseInput(uint32_t id);

// From now on the thread may be cut off at any moment; false when it has been told to stop before.
[[nodiscard]] bool SettleThread(uint32_t id);

enum class StopResult { kEnded, kAbsent, kUnsettled, kSettled };

// The thread's end counts as one by this signal, unless it has ended of its own accord before. Where it was: one that has
// not entered, and one that has settled, are to be cut off by the caller; in between it is told when it settles.
StopResult StopThread(uint32_t id, int signal);

// The exit code of a thread that is about to end; a signal does not change it any more once it is `final`.
void NoteThreadExit(uint32_t id, int32_t exit_code, bool final);

// Publishes the end; `exit_code` counts for a thread that has noted none. May be called again.
void EndThread(uint32_t id, int32_t exit_code);

// The threads that are alive now, in the order of their start.
std::vector<std::shared_ptr<WatchedProcess>> LiveThreads();

}  // namespace forkless

#endif  // FORKLESS_CORE_THREADS_H_
