// A call into an environment's event loop from any thread, whatever loop that is.
#ifndef FORKLESS_BINDING_LOOP_SIGNAL_H_
#define FORKLESS_BINDING_LOOP_SIGNAL_H_

#include <napi.h>

#include <functional>
#include <memory>

#include "core/status.h"

namespace forkless {

class LoopSignal {
 public:
  // `on_signal` is called on the loop once for each Send() before the end of this object or of the environment.
  // It does not keep the loop alive at first.
  static Status Open(Napi::Env env, std::function<void()> on_signal, std::unique_ptr<LoopSignal>* result);
  // On the thread of the environment.
  ~LoopSignal();
  LoopSignal(const LoopSignal&) = delete;
  LoopSignal& operator=(const LoopSignal&) = delete;

  // From any thread, but not after the end of this object.
  void Send();
  void SetReferenced(bool referenced);

 private:
  struct State;
  explicit LoopSignal(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace forkless

#endif  // FORKLESS_BINDING_LOOP_SIGNAL_H_
