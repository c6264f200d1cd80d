// One process whose end is watched for (children.h does the watching).
#ifndef FORKLESS_CORE_WATCHED_PROCESS_H_
#define FORKLESS_CORE_WATCHED_PROCESS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "core/status.h"
#include "platform/process_end.h"

namespace forkless {

class WatchedProcess;

// Whom to tell about an end. Called on the reaper's thread, or on the one that ends.
class EndListener {
 public:
  virtual ~EndListener() = default;
  virtual void OnEnd(const WatchedProcess& process) = 0;
};

class WatchedProcess {
 public:
  // A thread of this process can be watched like a process (core/threads.h).
  enum class Kind { kChild, kOther, kThread };

  // `owner`: the thread of core/threads.h that has started it; 0 = any other.
  WatchedProcess(Kind kind, bool daemon, uint32_t owner, std::shared_ptr<EndListener> listener);
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;

  [[nodiscard]] uint32_t id() const { return id_; }
  [[nodiscard]] int32_t pid() const { return pid_; }
  [[nodiscard]] bool daemon() const { return daemon_.load(); }
  void set_daemon(bool daemon) { daemon_.store(daemon); }
  [[nodiscard]] uint32_t owner() const { return owner_; }

  // False while it runs. `exit_code` may be kUnknownExit, which it always is when it is not a child.
  [[nodiscard]] bool HasEnded(int32_t* exit_code) const;
  // Sleeps until its end or the absolute monotonic deadline (ns, kForever); true when it has ended.
  [[nodiscard]] bool WaitUntil(int64_t deadline);
  // False when it has ended: a pid that may belong to somebody else by now gets no signal. Not for threads.
  [[nodiscard]] bool Signal(int number);
  // A descriptor, owned by this object, that is readable once the process has ended.
  Status Descriptor(int* fd);
  // After its end: closes that descriptor.
  void CloseDescriptor();

  // For threads.
  void SetPid(int32_t pid) { pid_ = pid; }
  void PublishThreadEnd(int32_t exit_code) { Publish(exit_code); }

 private:
  friend class Reaper;
  void Publish(int32_t exit_code);

  const uint32_t id_;
  const Kind kind_;
  std::atomic<bool> daemon_;
  const uint32_t owner_;
  int32_t pid_ = -1;  // set before anybody else sees the object
  std::shared_ptr<EndListener> listener_;

  mutable std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;
  bool descriptor_given_ = false;
  int32_t exit_code_ = kUnknownExit;
  UniqueFd descriptor_;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_WATCHED_PROCESS_H_
