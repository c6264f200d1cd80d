#include "core/threads.h"

#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "core/heap.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

struct Thread {
  std::shared_ptr<WatchedProcess> process;
  Arena* arena;
  int32_t participant;
  std::vector<uint8_t> record;
  UniqueFd descriptors[3];
  bool entered = false;
  bool settled = false;
  int signal = 0;
  std::optional<int32_t> exit_code;
  bool is_final = false;
};

std::mutex threads_mutex;
std::map<uint32_t, Thread>& Threads() {
  static auto* threads = new std::map<uint32_t, Thread>;  // never destroyed: threads may outlive static destructors
  return *threads;
}

Status OpenPipes(Thread* thread, StartedChild* child) {
  for (int fd = 0; fd < 3; ++fd) {
    PipeEnds pipe;
    if (Status status = OpenPipe(&pipe); !status.ok()) return status;
    const bool thread_reads = fd == 0;
    child->pipes[fd] = std::move(thread_reads ? pipe.write : pipe.read);
    thread->descriptors[fd] = std::move(thread_reads ? pipe.read : pipe.write);
  }
  return Status::Ok();
}

}  // namespace

Status PrepareThread(ThreadRequest request, std::shared_ptr<EndListener> listener, StartedChild* child) {
  Thread thread;
  thread.process = std::make_shared<WatchedProcess>(WatchedProcess::Kind::kThread, request.daemon, request.owner,
                                                    std::move(listener));
  thread.process->SetPid(OwnPid());
  thread.arena = request.arena;
  thread.record = std::move(request.record);
  if (request.stdio == Stdio::kPipe) {
    if (Status status = OpenPipes(&thread, child); !status.ok()) return status;
  }
  Arena& arena = *request.arena;
  if (Status status = ReserveParticipant(arena, request.name.c_str(), &thread.participant); !status.ok()) return status;
  // Whatever becomes of our own objects: the thread finds everything that its record refers to.
  for (const Block& block : request.held) {
    if (Status status = HoldBlock(arena, block, request.self, thread.participant); !status.ok()) {
      RetireParticipant(arena, thread.participant);
      return status;
    }
  }
  child->process = thread.process;
  const std::lock_guard<std::mutex> guard(threads_mutex);
  Threads().emplace(child->process->id(), std::move(thread));
  return Status::Ok();
}

Status EnterThread(uint32_t id, ThreadEntry* entry) {
  const std::lock_guard<std::mutex> guard(threads_mutex);
  const auto found = Threads().find(id);
  if (found == Threads().end() || found->second.entered) return Status::Fail(Code::kGone);
  Thread& thread = found->second;
  if (!TakeReservedParticipant(*thread.arena, thread.participant)) return Status::Fail(Code::kGone);
  thread.entered = true;
  entry->arena = thread.arena;
  entry->participant = thread.participant;
  // It holds the family's key: nothing of it stays behind.
  entry->record = std::exchange(thread.record, {});
  for (int fd = 0; fd < 3; ++fd) entry->descriptors[fd] = thread.descriptors[fd].get();
  return Status::Ok();
}

void ReleaseInput(uint32_t id) {
  const std::lock_guard<std::mutex> guard(threads_mutex);
  const auto found = Threads().find(id);
  if (found != Threads().end()) static_cast<void>(found->second.descriptors[0].Release());
}

StopResult StopThread(uint32_t id, int signal) {
  const std::lock_guard<std::mutex> guard(threads_mutex);
  const auto found = Threads().find(id);
  if (found == Threads().end()) return StopResult::kEnded;
  if (!found->second.is_final) found->second.signal = signal;
  if (!found->second.entered) return StopResult::kAbsent;
  return found->second.settled ? StopResult::kSettled : StopResult::kUnsettled;
}

bool SettleThread(uint32_t id) {
  const std::lock_guard<std::mutex> guard(threads_mutex);
  const auto found = Threads().find(id);
  if (found == Threads().end()) return false;
  found->second.settled = true;
  return found->second.signal == 0;
}

void NoteThreadExit(uint32_t id, int32_t exit_code, bool final) {
  const std::lock_guard<std::mutex> guard(threads_mutex);
  const auto found = Threads().find(id);
  if (found == Threads().end()) return;
  found->second.exit_code = exit_code;
  found->second.is_final = final && found->second.signal == 0;
}

void EndThread(uint32_t id, int32_t exit_code) {
  Thread thread;
  {
    const std::lock_guard<std::mutex> guard(threads_mutex);
    const auto found = Threads().find(id);
    if (found == Threads().end()) return;
    thread = std::move(found->second);
    Threads().erase(found);
  }
  // One that has entered is retired by its environment. With the slot goes all that it holds.
  if (!thread.entered) RetireParticipant(*thread.arena, thread.participant);
  for (UniqueFd& descriptor : thread.descriptors) descriptor.Reset();
  thread.process->PublishThreadEnd(thread.signal != 0 ? -thread.signal : thread.exit_code.value_or(exit_code));
}

std::vector<std::shared_ptr<WatchedProcess>> LiveThreads() {
  std::vector<std::shared_ptr<WatchedProcess>> live;
  const std::lock_guard<std::mutex> guard(threads_mutex);
  for (const auto& [id, thread] : Threads()) live.push_back(thread.process);
  return live;
}

}  // namespace forkless
