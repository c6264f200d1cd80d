// What the addon keeps per JavaScript environment: its participants and its doorbells.
#ifndef FORKLESS_BINDING_ENVIRONMENT_H_
#define FORKLESS_BINDING_ENVIRONMENT_H_

#include <napi.h>
#include <uv.h>

#include <map>
#include <memory>

#include "core/arena.h"
#include "platform/doorbell.h"

namespace forkless {

// The doorbell of one participant, polled by the environment's event loop.
class LoopDoorbell {
 public:
  static Status Open(Napi::Env env, Arena& arena, int32_t id, Napi::Function callback,
                     std::unique_ptr<LoopDoorbell>* result);
  ~LoopDoorbell();
  LoopDoorbell(const LoopDoorbell&) = delete;
  LoopDoorbell& operator=(const LoopDoorbell&) = delete;

  void SetReferenced(bool referenced);
  [[nodiscard]] const Doorbell& doorbell() const { return handles_->doorbell; }

 private:
  // The libuv handles outlive this object until libuv has closed them.
  struct Handles {
    uv_poll_t event;
    uv_poll_t socket;
    Doorbell doorbell;
    int open = 2;
    LoopDoorbell* owner;
  };
  explicit LoopDoorbell(Napi::Env env) : env_(env) {}
  static void OnRing(uv_poll_t* handle, int status, int events);
  static void OnClosed(uv_handle_t* handle);

  Napi::Env env_;
  Napi::FunctionReference callback_;
  Handles* handles_ = nullptr;
};

class Environment {
 public:
  static Environment& Of(Napi::Env env);

  explicit Environment(Napi::Env env) : env_(env) {}
  ~Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  // The environment's participant in an arena, 0 = none.
  [[nodiscard]] int32_t ParticipantOf(const Arena& arena) const;
  void SetParticipant(Arena& arena, int32_t id);
  // Gives the participant back; the named arena goes with its last user.
  void Leave(Arena& arena);

  Status OpenDoorbell(Arena& arena, Napi::Function callback);
  LoopDoorbell* DoorbellOf(const Arena& arena);

 private:
  Napi::Env env_;
  std::map<uint32_t, int32_t> participants_;
  std::map<uint32_t, std::unique_ptr<LoopDoorbell>> doorbells_;
};

}  // namespace forkless

#endif  // FORKLESS_BINDING_ENVIRONMENT_H_
