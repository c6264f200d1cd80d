#include "core/children.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "core/heap.h"
#include "core/kill_point.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/futex.h"
#include "platform/process_identity.h"

namespace forkless {

class Reaper {
 public:
  static Status Get(Reaper** reaper);
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  Status Start(const ChildRequest& request, int32_t participant, std::shared_ptr<EndListener> listener,
               std::shared_ptr<WatchedProcess>* child);
  Status WatchOther(int32_t pid, uint64_t start_time, std::shared_ptr<EndListener> listener,
                    std::shared_ptr<WatchedProcess>* process);
  Status EndWith(int32_t pid, uint64_t start_time);
  std::vector<std::shared_ptr<WatchedProcess>> LiveChildren();

 private:
  // What a descriptor in the watcher stands for.
  struct Entry {
    enum class Kind { kWatched, kOrphan, kRoot };
    Kind kind;
    int32_t pid;
    UniqueFd orphan_or_root;                  // a watched process has its descriptor itself
    std::shared_ptr<WatchedProcess> watched;
  };
  // A start; in a thread other than the main one handed over to the reaper, and waited for until it is `done`.
  struct Order {
    const ChildRequest* request;
    int32_t participant;
    std::shared_ptr<WatchedProcess> child;
    Status status;
    bool done = false;
  };
  explicit Reaper(EndWatcher* watcher) : watcher_(*watcher) {}
  void Run();
  void Execute(Order* order);
  void TakeOrders();
  void HandleEnd(Entry* entry);
  static void Adopt(int32_t pid);
  void RecoverAndAdopt(int32_t pid);
  Status Add(std::unique_ptr<Entry> entry, int fd);
  void Forget(Entry* entry, int fd);

  EndWatcher& watcher_;
  std::mutex mutex_;  // for all below
  std::condition_variable order_done_;
  std::deque<Order*> orders_;
  std::unordered_map<Entry*, std::unique_ptr<Entry>> entries_;
  std::map<uint32_t, std::shared_ptr<WatchedProcess>> children_;
  std::vector<int32_t> to_adopt_;  // the thread's own
};

namespace {
// Never destroyed: the thread uses it until the very end of the process.
std::mutex& ReaperMutex() {
  static auto* mutex = new std::mutex();
  return *mutex;
}
Reaper* the_reaper = nullptr;

}  // namespace

Status Reaper::Get(Reaper** reaper) {
  const std::lock_guard<std::mutex> guard(ReaperMutex());
  if (the_reaper == nullptr) {
    EndWatcher* watcher = nullptr;
    if (Status status = EndWatcher::Create(&watcher); !status.ok()) return status;
    auto* made = new Reaper(watcher);
    Status status = StartServiceThread([](void* self) { static_cast<Reaper*>(self)->Run(); }, made);
    if (!status.ok()) {
      delete made;
      delete watcher;
      return status;
    }
    the_reaper = made;
  }
  *reaper = the_reaper;
  return Status::Ok();
}

void Reaper::Run() {
  constexpr size_t kBatch = 64;
  void* ended[kBatch];
  for (;;) {
    const size_t count = watcher_.Wait(ended, kBatch);
    for (size_t i = 0; i < count; ++i) HandleEnd(static_cast<Entry*>(ended[i]));
    TakeOrders();
  }
}

Status Reaper::Add(std::unique_ptr<Entry> entry, int fd) {
  Entry* key = entry.get();
  const std::lock_guard<std::mutex> guard(mutex_);
  if (Status status = watcher_.Add(fd, key); !status.ok()) return status;
  // Its end may be noticed at once, and waits for the mutex to forget it.
  if (entry->watched != nullptr && entry->watched->kind_ == WatchedProcess::Kind::kChild) children_.emplace(entry->watched->id(), entry->watched);
  entries_.emplace(key, std::move(entry));
  return Status::Ok();
}

void Reaper::Forget(Entry* entry, int fd) {
  watcher_.Remove(fd);
  const std::lock_guard<std::mutex> guard(mutex_);
  if (entry->watched != nullptr) children_.erase(entry->watched->id());
  entries_.erase(entry);
}

void Reaper::HandleEnd(Entry* entry) {
  if (entry->kind == Entry::Kind::kRoot) KillSelf();
  const int32_t pid = entry->pid;
  if (entry->kind == Entry::Kind::kOrphan) {
    RecoverAndAdopt(pid);
    return Forget(entry, entry->orphan_or_root.get());
  }
  const std::shared_ptr<WatchedProcess> process = entry->watched;
  const bool is_child = process->kind_ == WatchedProcess::Kind::kChild;
  const int32_t exit_code = is_child ? LookAtEnd(pid) : kUnknownExit;
  // Before the end is published: whoever joins finds everything that the process held already free.
  if (is_child) RecoverAndAdopt(pid);
  Forget(entry, process->descriptor_.get());
  process->Publish(exit_code);
}

// Called once for each slot of the process.
void Reaper::Adopt(int32_t pid) {
  std::vector<int32_t>& pids = the_reaper->to_adopt_;
  if (std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
}

// The children of a dead process that live on have nobody who would notice their end: from now on we do.
void Reaper::RecoverAndAdopt(int32_t pid) {
  to_adopt_.clear();
  RecoverProcess(pid, &Reaper::Adopt);
  std::vector<int32_t> orphans = std::exchange(to_adopt_, {});
  while (!orphans.empty()) {
    const int32_t orphan = orphans.back();
    orphans.pop_back();
    auto entry = std::make_unique<Entry>(Entry{Entry::Kind::kOrphan, orphan, UniqueFd(), nullptr});
    const Status status = OpenProcess(orphan, &entry->orphan_or_root);
    if (status.ok()) {
      const int fd = entry->orphan_or_root.get();
      static_cast<void>(Add(std::move(entry), fd));
    } else if (status.error == ESRCH) {
      RecoverProcess(orphan, &Reaper::Adopt);
      orphans.insert(orphans.end(), to_adopt_.begin(), to_adopt_.end());
      to_adopt_.clear();
    }
  }
}

void Reaper::TakeOrders() {
  for (;;) {
    Order* order = nullptr;
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      if (orders_.empty()) return;
      order = orders_.front();
      orders_.pop_front();
    }
    Execute(order);
    {
      const std::lock_guard<std::mutex> guard(mutex_);
      order->done = true;
    }
    order_done_.notify_all();
  }
}

// The slot is confirmed before anybody watches for the child's end.
void Reaper::Execute(Order* order) {
  const ChildRequest& request = *order->request;
  WatchedProcess& child = *order->child;
  KILL_POINT("spawn.ordered");
  order->status = SpawnProgram(request.plan, &child.pid_);
  if (!order->status.ok()) return;
  KILL_POINT("spawn.spawned");
  ConfirmParticipant(*request.arena, order->participant, child.pid_);
  KILL_POINT("spawn.confirmed");
  order->status = OpenProcess(child.pid_, &child.descriptor_);
  if (order->status.ok()) {
    const int fd = child.descriptor_.get();
    order->status = Add(std::make_unique<Entry>(Entry{Entry::Kind::kWatched, child.pid_, UniqueFd(), order->child}), fd);
  }
  if (order->status.ok()) return;
  // No descriptor is left to watch it with: a child that nobody watches must not be.
  SendSignal(child.pid_, SIGKILL);
  LookAtEnd(child.pid_);
  RecoverProcess(child.pid_);
  ReapChild(child.pid_);
}

Status Reaper::Start(const ChildRequest& request, int32_t participant, std::shared_ptr<EndListener> listener,
                     std::shared_ptr<WatchedProcess>* child) {
  Order order{&request, participant, nullptr, Status::Ok()};
  std::unique_lock<std::mutex> guard(mutex_);
  order.child = std::make_shared<WatchedProcess>(WatchedProcess::Kind::kChild, request.daemon, request.owner,
                                                 std::move(listener));
  if (IsMainThread()) {
    // No detour over the reaper: it costs two more wake-ups, behind a child that has just begun to use a processor.
    guard.unlock();
    Execute(&order);
  } else {
    orders_.push_back(&order);
    watcher_.Interrupt();
    order_done_.wait(guard, [&order] { return order.done; });
  }
  *child = std::move(order.child);
  return order.status;
}

Status Reaper::WatchOther(int32_t pid, uint64_t start_time, std::shared_ptr<EndListener> listener,
                          std::shared_ptr<WatchedProcess>* process) {
  auto watched =
      std::make_shared<WatchedProcess>(WatchedProcess::Kind::kOther, false, 0, std::move(listener));
  watched->pid_ = pid;
  *process = watched;
  // This process itself, for a thread that looks at its parent: nobody here will see its end.
  if (pid == OwnPid()) return Status::Ok();
  const Status opened = OpenProcess(pid, &watched->descriptor_);
  if (!opened.ok() && opened.error != ESRCH) return opened;
  // Looked at after the descriptor was opened: from here on it stands for the one that we mean.
  if (!opened.ok() || !IsProcessAlive(pid, start_time)) {
    watched->Publish(kUnknownExit);
    return Status::Ok();
  }
  const int fd = watched->descriptor_.get();
  return Add(std::make_unique<Entry>(Entry{Entry::Kind::kWatched, pid, UniqueFd(), watched}), fd);
}

Status Reaper::EndWith(int32_t pid, uint64_t start_time) {
  auto entry = std::make_unique<Entry>(Entry{Entry::Kind::kRoot, pid, UniqueFd(), nullptr});
  const Status opened = OpenProcess(pid, &entry->orphan_or_root);
  if (!opened.ok() && opened.error != ESRCH) return opened;
  if (!opened.ok() || !IsProcessAlive(pid, start_time)) KillSelf();
  const int fd = entry->orphan_or_root.get();
  return Add(std::move(entry), fd);
}

std::vector<std::shared_ptr<WatchedProcess>> Reaper::LiveChildren() {
  std::vector<std::shared_ptr<WatchedProcess>> live;
  const std::lock_guard<std::mutex> guard(mutex_);
  for (const auto& [id, child] : children_) live.push_back(child);
  return live;
}

namespace {

constexpr int kArenaDescriptor = 3;

// Fills in what becomes which descriptor of the child; `theirs` keeps the child's ends open until it is spawned.
Status PlanDescriptors(ChildRequest* request, std::vector<UniqueFd>* theirs, StartedChild* child) {
  std::vector<DescriptorMove>& moves = request->plan.descriptors;
  for (int fd = 0; fd < 3; ++fd) {
    switch (request->stdio) {
      case Stdio::kInherit:
        moves.push_back({fd, fd});
        break;
      case Stdio::kIgnore:
        moves.push_back({kNullDevice, fd});
        break;
      case Stdio::kPipe: {
        PipeEnds pipe;
        if (Status status = OpenPipe(&pipe); !status.ok()) return status;
        const bool child_reads = fd == 0;
        child->pipes[fd] = std::move(child_reads ? pipe.write : pipe.read);
        theirs->push_back(std::move(child_reads ? pipe.read : pipe.write));
        moves.push_back({theirs->back().get(), fd});
        break;
      }
    }
  }
  moves.push_back({request->arena->fd(), kArenaDescriptor});
  return Status::Ok();
}

// Writes the record into a block that `participant` holds, and where that is into the child's environment.
Status WriteRecord(ChildRequest* request, int32_t participant) {
  Block block;
  Status status = AllocateBlock(*request->arena, request->record.size(), 0, request->self, participant, &block);
  if (!status.ok()) return status;
  memcpy(request->arena->base() + block.offset, request->record.data(), request->record.size());
  char place[128];
  snprintf(place, sizeof(place), "%s=%d.%d.%" PRIu64 ".%zu.%" PRIu32 ":", kBootVariable, kArenaDescriptor, participant,
           block.offset, request->record.size(), block.stamp);
  request->plan.environment.push_back(place + request->addon);
  return Status::Ok();
}

// Whatever becomes of our own objects: the child finds everything that its record refers to.
Status HoldForChild(const ChildRequest& request, int32_t participant) {
  for (const Block& block : request.held) {
    if (Status status = HoldBlock(*request.arena, block, request.self, participant); !status.ok()) return status;
  }
  return Status::Ok();
}

}  // namespace

Status StartChild(ChildRequest request, std::shared_ptr<EndListener> listener, StartedChild* child) {
  Reaper* reaper = nullptr;
  if (Status status = Reaper::Get(&reaper); !status.ok()) return status;
  std::vector<UniqueFd> theirs;
  if (Status status = PlanDescriptors(&request, &theirs, child); !status.ok()) return status;
  int32_t participant = 0;
  if (Status status = ReserveParticipant(*request.arena, request.name.c_str(), &participant); !status.ok()) return status;
  KILL_POINT("spawn.reserved");
  Status status = WriteRecord(&request, participant);
  if (status.ok()) status = HoldForChild(request, participant);
  KILL_POINT("spawn.recorded");
  if (status.ok()) status = reaper->Start(request, participant, std::move(listener), &child->process);
  // With the slot goes all that it holds.
  if (!status.ok()) RetireParticipant(*request.arena, participant);
  return status;
}

Status WatchOther(int32_t pid, uint64_t start_time, std::shared_ptr<EndListener> listener,
                  std::shared_ptr<WatchedProcess>* process) {
  Reaper* reaper = nullptr;
  if (Status status = Reaper::Get(&reaper); !status.ok()) return status;
  return reaper->WatchOther(pid, start_time, std::move(listener), process);
}

Status EndWith(int32_t pid, uint64_t start_time) {
  Reaper* reaper = nullptr;
  if (Status status = Reaper::Get(&reaper); !status.ok()) return status;
  return reaper->EndWith(pid, start_time);
}

std::vector<std::shared_ptr<WatchedProcess>> LiveChildren() {
  {
    const std::lock_guard<std::mutex> guard(ReaperMutex());
    if (the_reaper == nullptr) return {};
  }
  return the_reaper->LiveChildren();
}

}  // namespace forkless
