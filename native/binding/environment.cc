#include "binding/environment.h"

#include <signal.h>
#include <stdlib.h>

#include <mutex>
#include <set>
#include <utility>

#include "core/participants.h"
#include "core/recovery.h"
#include "core/threads.h"

namespace forkless {

namespace {

constexpr int32_t kFailed = 1;  // the exit code of a thread that has not said how it ends

// Every participant of this process, for its end: process.exit() runs no environment's clean-up.
std::mutex own_mutex;
std::set<std::pair<Arena*, int32_t>>& Own() {
  static auto* own = new std::set<std::pair<Arena*, int32_t>>;
  return *own;
}

void Retire(Arena& arena, int32_t id) {
  RetireParticipant(arena, id);
  arena.RemoveIfUnused();
}

void RetireAllAtExit() {
  std::set<std::pair<Arena*, int32_t>> all;
  {
    std::lock_guard<std::mutex> guard(own_mutex);
    all.swap(Own());
  }
  for (const auto& [arena, id] : all) Retire(*arena, id);
}

}  // namespace

Environment& Environment::Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

Environment::~Environment() {
  doorbells_.clear();
  while (!participants_.empty()) Leave(*Arena::ByIndex(participants_.begin()->first));
  if (thread_ == 0) return;
  // As for a process that has been killed: its daemonic children end with it.
  for (const auto& child : LiveChildren()) {
    if (child->daemon() && child->owner() == thread_) static_cast<void>(child->Signal(SIGTERM));
  }
  // After everything that the thread held is free.
  EndThread(thread_, kFailed);
}

int32_t Environment::ParticipantOf(const Arena& arena) const {
  const auto found = participants_.find(arena.index());
  return found == participants_.end() ? 0 : found->second;
}

void Environment::SetParticipant(Arena& arena, int32_t id) {
  participants_[arena.index()] = id;
  std::lock_guard<std::mutex> guard(own_mutex);
  static const bool registered = atexit(RetireAllAtExit) == 0;
  static_cast<void>(registered);
  Own().emplace(&arena, id);
}

void Environment::Leave(Arena& arena) {
  const auto found = participants_.find(arena.index());
  if (found == participants_.end()) return;
  const int32_t id = found->second;
  doorbells_.erase(arena.index());
  participants_.erase(found);
  {
    std::lock_guard<std::mutex> guard(own_mutex);
    if (Own().erase({&arena, id}) == 0) return;
  }
  Retire(arena, id);
}

Status Environment::OpenDoorbell(Arena& arena, Napi::Function callback, bool has_libuv) {
  const int32_t id = ParticipantOf(arena);
  Doorbell doorbell;
  const DoorbellAddress address{arena.header().family, SlotOf(id), GenerationOf(id)};
  if (Status status = forkless::OpenDoorbell(address, &doorbell); !status.ok()) return status;
  std::unique_ptr<LoopDoorbell> made;
  const auto make = has_libuv ? PollDoorbell : WatchDoorbell;
  if (Status status = make(env_, doorbell, callback, &made); !status.ok()) {
    CloseDoorbell(&doorbell);
    return status;
  }
  made->SetReferenced(false);
  doorbells_[arena.index()] = std::move(made);
  arena.participant(SlotOf(id)).doorbell_fd.store(doorbell.event_fd);
  return Status::Ok();
}

LoopDoorbell* Environment::DoorbellOf(const Arena& arena) {
  const auto found = doorbells_.find(arena.index());
  return found == doorbells_.end() ? nullptr : found->second.get();
}

}  // namespace forkless
