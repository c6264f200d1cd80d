// POSIX semaphores, and the promise form of waiting for one.
#include "core/posix_semaphore.h"

#include "binding/convert.h"
#include "binding/exports.h"
#include "binding/loop_signal.h"
#include "core/semaphore_waiter.h"

namespace forkless {

namespace {

// A semaphore as one environment uses it. The waiter and its way into the event loop are made with
// the first wait that cannot be settled at once.
class LoopSemaphore {
 public:
  explicit LoopSemaphore(Napi::Env env) : env_(env) {}
  ~LoopSemaphore() { Close(); }
  LoopSemaphore(const LoopSemaphore&) = delete;
  LoopSemaphore& operator=(const LoopSemaphore&) = delete;

  PosixSemaphore semaphore;

  Status Await(uint32_t ticket, int64_t deadline, Napi::Function on_settled) {
    if (Status status = OpenNews(); !status.ok()) return status;
    if (const int error = waiter_->Add(ticket, deadline); error != 0) {
      return Status::System("pthread_create", error);
    }
    if (unsettled_++ > 0) return Status::Ok();
    news_->SetReferenced(true);
    on_settled_ = Napi::Persistent(on_settled);
    return Status::Ok();
  }

  void Cancel(uint32_t ticket) {
    if (waiter_ != nullptr) waiter_->Cancel(ticket);
  }

  void Close() {
    // First the waiter, whose thread sends the news.
    waiter_.reset();
    news_.reset();
    on_settled_.Reset();
    semaphore.Close();
  }

 private:
  Status OpenNews() {
    if (news_ != nullptr) return Status::Ok();
    if (Status status = LoopSignal::Open(env_, [this] { OnNews(); }, &news_); !status.ok()) return status;
    waiter_ = std::make_unique<SemaphoreWaiter>(
        semaphore.get(), [](void* context) { static_cast<LoopSemaphore*>(context)->news_->Send(); }, this);
    return Status::Ok();
  }

  void OnNews() {
    const std::vector<SemaphoreWaiter::Settled> all = waiter_->Take();
    if (all.empty()) return;
    const Napi::Env env = env_;
    const Napi::Function on_settled = on_settled_.Value();
    unsettled_ -= static_cast<uint32_t>(all.size());
    if (unsettled_ == 0) {
      // From here on neither the event loop nor the collector waits for this semaphore.
      news_->SetReferenced(false);
      on_settled_.Reset();
    }
    // What is called may close the semaphore: nothing of it is used from here on.
    for (const auto& [ticket, outcome] : all) {
      on_settled.MakeCallback(
          env.Global(),
          {Napi::Number::New(env, ticket), Napi::Number::New(env, static_cast<int32_t>(outcome))});
      ReportUncaught(env);
    }
  }

  Napi::Env env_;
  std::unique_ptr<SemaphoreWaiter> waiter_;
  std::unique_ptr<LoopSignal> news_;
  Napi::FunctionReference on_settled_;
  uint32_t unsettled_ = 0;
};

using Handle = Napi::External<LoopSemaphore>;

LoopSemaphore& SemaphoreAt(const Napi::CallbackInfo& info) { return *info[0].As<Handle>().Data(); }

Napi::Value Wrap(Napi::Env env, PosixSemaphore&& semaphore) {
  auto* made = new LoopSemaphore(env);
  made->semaphore = std::move(semaphore);
  return Handle::New(env, made, [](Napi::Env, LoopSemaphore* data) { delete data; });
}

// createSemaphore(name, exclusive, mode, value)
Napi::Value Create(const Napi::CallbackInfo& info) {
  PosixSemaphore semaphore;
  const Status status = PosixSemaphore::Create(TextAt(info, 0).c_str(), info[1].As<Napi::Boolean>(),
                                               static_cast<uint32_t>(IntAt(info, 2)),
                                               static_cast<uint32_t>(IntAt(info, 3)), &semaphore);
  return status.ok() ? Wrap(info.Env(), std::move(semaphore)) : Throw(info.Env(), status);
}

// openSemaphore(name)
Napi::Value Open(const Napi::CallbackInfo& info) {
  PosixSemaphore semaphore;
  const Status status = PosixSemaphore::Open(TextAt(info, 0).c_str(), &semaphore);
  return status.ok() ? Wrap(info.Env(), std::move(semaphore)) : Throw(info.Env(), status);
}

// unlinkSemaphore(name)
Napi::Value Unlink(const Napi::CallbackInfo& info) {
  const Status status = PosixSemaphore::Unlink(TextAt(info, 0).c_str());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// initSemaphore(index, offset, value): makes one in a block of semaphoreBytes
Napi::Value InitInBlock(const Napi::CallbackInfo& info) {
  const Status status = PosixSemaphore::Init(ArenaAt(info, 0).At<void>(OffsetAt(info, 1)),
                                             static_cast<uint32_t>(IntAt(info, 2)));
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// semaphoreAt(index, offset): one that initSemaphore has made; the caller holds the block until it
// closes this.
Napi::Value InBlock(const Napi::CallbackInfo& info) {
  return Wrap(info.Env(), PosixSemaphore::At(ArenaAt(info, 0).At<void>(OffsetAt(info, 1))));
}

// tryAcquireSemaphore(semaphore)
Napi::Value TryAcquire(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), SemaphoreAt(info).semaphore.TryAcquire());
}

// acquireSemaphore(semaphore, deadlineMs): blocks; false when the deadline came first
Napi::Value Acquire(const Napi::CallbackInfo& info) {
  const int64_t deadline = DeadlineAt(NumberAt(info, 1));
  return Napi::Boolean::New(info.Env(), SemaphoreAt(info).semaphore.Acquire(deadline));
}

// releaseSemaphore(semaphore, count)
Napi::Value Release(const Napi::CallbackInfo& info) {
  const Status status = SemaphoreAt(info).semaphore.Release(static_cast<uint32_t>(IntAt(info, 1)));
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// semaphoreValue(semaphore)
Napi::Value Value(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), SemaphoreAt(info).semaphore.Value());
}

// awaitSemaphore(semaphore, ticket, deadlineMs, onSettled)
Napi::Value Await(const Napi::CallbackInfo& info) {
  const Status status =
      SemaphoreAt(info).Await(static_cast<uint32_t>(IntAt(info, 1)), DeadlineAt(NumberAt(info, 2)),
                              info[3].As<Napi::Function>());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// cancelSemaphoreWait(semaphore, ticket): onSettled tells when it is over
Napi::Value CancelWait(const Napi::CallbackInfo& info) {
  SemaphoreAt(info).Cancel(static_cast<uint32_t>(IntAt(info, 1)));
  return info.Env().Undefined();
}

// closeSemaphore(semaphore): after the last wait has been settled
Napi::Value Close(const Napi::CallbackInfo& info) {
  SemaphoreAt(info).Close();
  return info.Env().Undefined();
}

}  // namespace

void InitPosixSemaphore(Napi::Object exports) {
  exports.Set("semaphoreBytes", Napi::Number::New(exports.Env(), kSemaphoreBytes));
  Export<Create>(exports, "createSemaphore");
  Export<Open>(exports, "openSemaphore");
  Export<Unlink>(exports, "unlinkSemaphore");
  Export<InitInBlock>(exports, "initSemaphore");
  Export<InBlock>(exports, "semaphoreAt");
  Export<TryAcquire>(exports, "tryAcquireSemaphore");
  Export<Acquire>(exports, "acquireSemaphore");
  Export<Release>(exports, "releaseSemaphore");
  Export<Value>(exports, "semaphoreValue");
  Export<Await>(exports, "awaitSemaphore");
  Export<CancelWait>(exports, "cancelSemaphoreWait");
  Export<Close>(exports, "closeSemaphore");
}

}  // namespace forkless
