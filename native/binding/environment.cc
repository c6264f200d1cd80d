#include "binding/environment.h"

#include "binding/convert.h"

#include <stdlib.h>

#include <mutex>
#include <set>
#include <utility>

#include "core/participants.h"
#include "core/recovery.h"

namespace forkless {

namespace {

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

Status Environment::OpenDoorbell(Arena& arena, Napi::Function callback) {
  std::unique_ptr<LoopDoorbell> doorbell;
  if (Status status = LoopDoorbell::Open(env_, arena, ParticipantOf(arena), callback, &doorbell); !status.ok()) {
    return status;
  }
  doorbells_[arena.index()] = std::move(doorbell);
  return Status::Ok();
}

LoopDoorbell* Environment::DoorbellOf(const Arena& arena) {
  const auto found = doorbells_.find(arena.index());
  return found == doorbells_.end() ? nullptr : found->second.get();
}

Status LoopDoorbell::Open(Napi::Env env, Arena& arena, int32_t id, Napi::Function callback,
                          std::unique_ptr<LoopDoorbell>* result) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || loop == nullptr) return Status::Fail(Code::kUnsupported);
  Doorbell doorbell;
  const DoorbellAddress address{arena.header().family, SlotOf(id), GenerationOf(id)};
  if (Status status = forkless::OpenDoorbell(address, &doorbell); !status.ok()) return status;
  auto made = std::unique_ptr<LoopDoorbell>(new LoopDoorbell(env));
  made->callback_ = Napi::Persistent(callback);
  made->handles_ = new Handles;
  made->handles_->doorbell = doorbell;
  made->handles_->owner = made.get();
  uv_poll_init(loop, &made->handles_->event, doorbell.event_fd);
  uv_poll_init(loop, &made->handles_->socket, doorbell.socket_fd);
  made->handles_->event.data = made->handles_;
  made->handles_->socket.data = made->handles_;
  uv_poll_start(&made->handles_->event, UV_READABLE, OnRing);
  uv_poll_start(&made->handles_->socket, UV_READABLE, OnRing);
  made->SetReferenced(false);
  arena.participant(SlotOf(id)).doorbell_fd.store(doorbell.event_fd);
  *result = std::move(made);
  return Status::Ok();
}

LoopDoorbell::~LoopDoorbell() {
  if (handles_ == nullptr) return;
  handles_->owner = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->event), OnClosed);
  uv_close(reinterpret_cast<uv_handle_t*>(&handles_->socket), OnClosed);
}

void LoopDoorbell::OnClosed(uv_handle_t* handle) {
  auto* handles = static_cast<Handles*>(handle->data);
  if (--handles->open > 0) return;
  CloseDoorbell(&handles->doorbell);
  delete handles;
}

void LoopDoorbell::SetReferenced(bool referenced) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handles_->event);
  referenced ? uv_ref(handle) : uv_unref(handle);
  uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->socket));
}

void LoopDoorbell::OnRing(uv_poll_t* handle, int /*status*/, int /*events*/) {
  auto* handles = static_cast<Handles*>(handle->data);
  if (handles->owner == nullptr) return;
  handle == &handles->event ? DrainEvents(handles->doorbell) : DrainSocket(handles->doorbell);
  LoopDoorbell& self = *handles->owner;
  // What is called may close the doorbell, and with it this object.
  const Napi::Env env = self.env_;
  const Napi::HandleScope scope(env);
  // MakeCallback drains the microtasks, so that the promises that this resolves run at once.
  self.callback_.MakeCallback(env.Global(), 0, nullptr);
  ReportUncaught(env);
}

}  // namespace forkless
