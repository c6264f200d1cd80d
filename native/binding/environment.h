// What the addon keeps per JavaScript environment: its participants and its doorbells, and whether it is a thread of ours.
#ifndef FORKLESS_BINDING_ENVIRONMENT_H_
#define FORKLESS_BINDING_ENVIRONMENT_H_

#include <napi.h>

#include <map>
#include <memory>
#include <utility>

#include "binding/loop_doorbell.h"
#include "core/arena.h"
#include "core/watched_process.h"

namespace forkless {

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

  // Whom to tell about the ends of what this environment has started; null before it listens.
  [[nodiscard]] const std::shared_ptr<EndListener>& end_listener() const { return end_listener_; }
  void SetEndListener(std::shared_ptr<EndListener> listener) { end_listener_ = std::move(listener); }

  // From now on the end of this environment is that of a thread (core/threads.h).
  void BecomeThread(uint32_t id) { thread_ = id; }
  // 0 = it is none.
  [[nodiscard]] uint32_t thread() const { return thread_; }

  // `has_libuv`: whether the event loop is libuv's.
  Status OpenDoorbell(Arena& arena, Napi::Function callback, bool has_libuv);
  LoopDoorbell* DoorbellOf(const Arena& arena);

 private:
  Napi::Env env_;
  uint32_t thread_ = 0;
  std::shared_ptr<EndListener> end_listener_;
  std::map<uint32_t, int32_t> participants_;
  std::map<uint32_t, std::unique_ptr<LoopDoorbell>> doorbells_;
};

}  // namespace forkless

#endif  // FORKLESS_BINDING_ENVIRONMENT_H_
