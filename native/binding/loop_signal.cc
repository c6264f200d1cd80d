#include "binding/loop_signal.h"

#include <mutex>
#include <utility>

#include "binding/convert.h"

namespace forkless {

// The thread-safe function belongs to the runtime, which frees it once it has been released: whoever comes later must
// not use it. So it is released once, under the mutex: at the end of the object or of the environment.
struct LoopSignal::State {
  using Shared = std::shared_ptr<State>;

  Napi::Env env;
  std::function<void()> on_signal;
  std::mutex mutex;
  napi_threadsafe_function function = nullptr;

  State(Napi::Env environment, std::function<void()> call) : env(environment), on_signal(std::move(call)) {}

  // True for the first who calls it.
  bool End() {
    const std::lock_guard<std::mutex> guard(mutex);
    if (function == nullptr) return false;
    napi_release_threadsafe_function(function, napi_tsfn_abort);
    function = nullptr;
    return true;
  }

  static void OnEnvironmentEnd(void* state) { static_cast<State*>(state)->End(); }

  static void Deliver(napi_env env, napi_value, void* context, void*) {
    // Without an environment, that is at its end.
    if (env == nullptr) return;
    const Shared state = *static_cast<Shared*>(context);
    {
      const std::lock_guard<std::mutex> guard(state->mutex);
      if (state->function == nullptr) return;
    }
    const Napi::HandleScope scope(env);
    state->on_signal();
    ReportUncaught(env);
  }

  static void Forget(napi_env, void* context, void*) { delete static_cast<Shared*>(context); }
};

Status LoopSignal::Open(Napi::Env env, std::function<void()> on_signal, std::unique_ptr<LoopSignal>* result) {
  auto state = std::make_shared<State>(env, std::move(on_signal));
  auto* context = new State::Shared(state);
  const napi_value name = Napi::String::New(env, "forkless.signal");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, context, State::Forget, context,
                                      State::Deliver, &state->function) != napi_ok) {
    delete context;
    return Status::Fail(Code::kUnsupported);
  }
  napi_unref_threadsafe_function(env, state->function);
  // Registered after the function's own hook, so it runs before it.
  napi_add_env_cleanup_hook(env, State::OnEnvironmentEnd, state.get());
  *result = std::unique_ptr<LoopSignal>(new LoopSignal(std::move(state)));
  return Status::Ok();
}

LoopSignal::~LoopSignal() {
  if (state_->End()) napi_remove_env_cleanup_hook(state_->env, State::OnEnvironmentEnd, state_.get());
}

void LoopSignal::Send() {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  if (state_->function != nullptr) napi_call_threadsafe_function(state_->function, nullptr, napi_tsfn_nonblocking);
}

void LoopSignal::SetReferenced(bool referenced) {
  const std::lock_guard<std::mutex> guard(state_->mutex);
  if (state_->function == nullptr) return;
  if (referenced) {
    napi_ref_threadsafe_function(state_->env, state_->function);
  } else {
    napi_unref_threadsafe_function(state_->env, state_->function);
  }
}

}  // namespace forkless
