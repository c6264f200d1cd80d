// The processes that this one watches: its children, which it also starts and reaps, orphans of dead
// members of its family, its parent and its root.
//
// One thread per process, the reaper, does all of it: it starts the children, because the system ties a child's
// life to the thread that spawned it and a worker thread may end before its process does; and it reaps exactly
// those children, never those of libuv or of the user.
//
//   a child:   slot reserved -> record written, in a block held by that slot, which holds what the record refers to,
//              too -> spawned -> slot confirmed ->
//              ended (waitid leaves it a zombie, so its pid is still taken) -> recovered from every arena ->
//              reaped -> published to waiters
//
// Crash rule: before it is confirmed, the slot (and with it all that it holds) goes with this process; from then on with the
// child. A child whose slot is gone when it boots ends itself.
#ifndef FORKLESS_CORE_CHILDREN_H_
#define FORKLESS_CORE_CHILDREN_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/arena.h"
#include "core/heap.h"
#include "core/status.h"
#include "platform/process_end.h"
#include "platform/spawn.h"

namespace forkless {

class WatchedProcess;

// Whom to tell about an end. Called on the reaper's thread.
class EndListener {
 public:
  virtual ~EndListener() = default;
  virtual void OnEnd(const WatchedProcess& process) = 0;
};

class WatchedProcess {
 public:
  WatchedProcess(uint32_t id, bool is_child, bool daemon, std::shared_ptr<EndListener> listener)
      : id_(id), is_child_(is_child), daemon_(daemon), listener_(std::move(listener)) {}
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;

  [[nodiscard]] uint32_t id() const { return id_; }
  [[nodiscard]] int32_t pid() const { return pid_; }
  [[nodiscard]] bool daemon() const { return daemon_; }

  // False while it runs. `exit_code` may be kUnknownExit, which it always is when it is not a child.
  [[nodiscard]] bool HasEnded(int32_t* exit_code) const;
  // Sleeps until its end or the absolute monotonic deadline (ns, kForever); true when it has ended.
  [[nodiscard]] bool WaitUntil(int64_t deadline);
  // False when it has ended: a pid that may belong to somebody else by now gets no signal.
  [[nodiscard]] bool Signal(int number);
  // A descriptor, owned by this object, that is readable once the process has ended.
  Status Descriptor(int* fd);

 private:
  friend class Reaper;
  void Publish(int32_t exit_code);

  const uint32_t id_;
  const bool is_child_;
  const bool daemon_;
  int32_t pid_ = -1;  // set before anybody else sees the object
  std::shared_ptr<EndListener> listener_;

  mutable std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  bool descriptor_given_ = false;
  int32_t exit_code_ = kUnknownExit;
  UniqueFd descriptor_;
};

enum class Stdio { kInherit, kIgnore, kPipe };

struct ChildRequest {
  SpawnPlan plan;              // without descriptors, which follow from `stdio` and `arena`
  Stdio stdio = Stdio::kInherit;
  bool daemon = false;
  Arena* arena = nullptr;      // becomes descriptor 3
  int32_t self = 0;            // our participant there
  std::string name;            // of the child, for people
  std::vector<uint8_t> record; // what the child is told, in a block that is its own
  std::string addon;           // the file that it loads
  std::vector<Block> held;     // what the record refers to: the child holds it from the start
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
