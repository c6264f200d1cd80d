// The doorbell of one participant, as the event loop of its environment hears it.
#ifndef FORKLESS_BINDING_LOOP_DOORBELL_H_
#define FORKLESS_BINDING_LOOP_DOORBELL_H_

#include <napi.h>

#include <memory>

#include "core/status.h"
#include "platform/doorbell.h"

namespace forkless {

class LoopDoorbell {
 public:
  virtual ~LoopDoorbell() = default;
  LoopDoorbell(const LoopDoorbell&) = delete;
  LoopDoorbell& operator=(const LoopDoorbell&) = delete;

  // Whether it keeps the event loop alive.
  virtual void SetReferenced(bool referenced) = 0;
  [[nodiscard]] virtual const Doorbell& doorbell() const = 0;

 protected:
  LoopDoorbell() = default;
};

// Both call `callback` after rings, and own the doorbell if they succeed.

// The loop polls the doorbell itself: for loops of libuv.
Status PollDoorbell(Napi::Env env, const Doorbell& doorbell, Napi::Function callback,
                    std::unique_ptr<LoopDoorbell>* result);
// A thread does, and tells the loop: for runtimes with loops of their own, which know the thread-safe functions of Node-API.
Status WatchDoorbell(Napi::Env env, const Doorbell& doorbell, Napi::Function callback,
                     std::unique_ptr<LoopDoorbell>* result);

}  // namespace forkless

#endif  // FORKLESS_BINDING_LOOP_DOORBELL_H_
