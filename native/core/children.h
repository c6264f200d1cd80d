// The processes that this one watches: its children, which it also starts and reaps, orphans of dead
// members of its family, its parent and its root.
//
// One thread per process, the reaper, watches and reaps exactly those, never the children of libuv or of the user. The
// system ties a child's life to the thread that spawned it, and a worker thread may end before its process does: so
// the main thread spawns its children itself, and for the other threads the reaper does.
//
//   a child:   slot reserved -> record written, in a block held by that slot, which holds what the record refers to,
//              too -> spawned -> slot confirmed ->
//              ended (waitid leaves it a zombie, so its pid is still taken) -> recovered from every arena ->
//              reaped -> published to waiters
//
// Crash rule: before it is confirmed, the slot (and with it all that it holds) goes with this process; from then on with
// the child. A child whose slot is gone when it boots ends itself.
#ifndef FORKLESS_CORE_CHILDREN_H_
#define FORKLESS_CORE_CHILDREN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/heap.h"
#include "core/status.h"
#include "core/watched_process.h"
#include "platform/spawn.h"

namespace forkless {

enum class Stdio { kInherit, kIgnore, kPipe };

struct ChildRequest {
  SpawnPlan plan;              // without descriptors, which follow from `stdio` and `arena`
  Stdio stdio = Stdio::kInherit;
  bool daemon = false;
  uint32_t owner = 0;          // the thread of core/threads.h that starts it
  Arena* arena = nullptr;      // becomes descriptor 3
  int32_t self = 0;            // our participant there
  std::string name;            // of the child, for people
  std::vector<uint8_t> record; // what the child is told, in a block that is its own
  std::string addon;           // the file that it loads
  std::vector<Block> held;     // what the record refers to (places): the child holds it from the start
};

// The environment variable that tells a child where its record is:
// <descriptor>.<participant>.<offset>.<bytes>.<stamp>:<addon>
inline constexpr char kBootVariable[] = "FORKLESS_CHILD";

struct StartedChild {
  std::shared_ptr<WatchedProcess> process;
  UniqueFd pipes[3];  // our ends, with Stdio::kPipe
};

// Starts a child; it is spawned when this returns.
Status StartChild(ChildRequest request, std::shared_ptr<EndListener> listener, StartedChild* child);

// Watches a process that is not a child; one that is gone already counts as ended.
Status WatchOther(int32_t pid, uint64_t start_time, std::shared_ptr<EndListener> listener,
                  std::shared_ptr<WatchedProcess>* process);

// From now on this process is killed as soon as process `pid` has ended.
Status EndWith(int32_t pid, uint64_t start_time);

// The children that are alive now, in the order of their start.
std::vector<std::shared_ptr<WatchedProcess>> LiveChildren();

}  // namespace forkless

#endif  // FORKLESS_CORE_CHILDREN_H_
