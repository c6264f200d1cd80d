// Waiting and waking.
#include "core/parking.h"

#include <uv.h>

#include <vector>

#include "binding/convert.h"
#include "binding/exports.h"
#include "core/posix_semaphore.h"
#include "platform/futex.h"

namespace forkless {

namespace {

// park(index, point, condition, expected, owner, deadlineMs, spinNs): a ParkResult.
Napi::Value ParkThread(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  const ParkRequest request{
      .self = SelfIn(info, arena),
      .point = OffsetAt(info, 1),
      .condition = OffsetAt(info, 2),
      .expected = IntAt(info, 3),
      .owner = OffsetAt(info, 4),
      .deadline = DeadlineAt(NumberAt(info, 5)),
      .spin_ns = static_cast<int64_t>(NumberAt(info, 6)),
  };
  return Napi::Number::New(info.Env(), static_cast<int32_t>(Park(arena, request)));
}

// monotonicNow(): the clock of all deadlines, in ms
Napi::Value Now(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(MonotonicNow()) / 1e6);
}

// wake(index, point, count): count < 0 = all
Napi::Value WakePoint(const Napi::CallbackInfo& info) {
  const int32_t count = IntAt(info, 2);
  Wake(ArenaAt(info, 0), OffsetAt(info, 1), count < 0 ? kWakeAll : count);
  return info.Env().Undefined();
}

// openDoorbell(index, onRing, hasLibuv)
Napi::Value OpenDoorbellOf(const Napi::CallbackInfo& info) {
  const Status status =
      Environment::Of(info.Env()).OpenDoorbell(ArenaAt(info, 0), info[1].As<Napi::Function>(), info[2].As<Napi::Boolean>());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// referDoorbell(index, referenced): whether it keeps the event loop alive
Napi::Value ReferDoorbell(const Napi::CallbackInfo& info) {
  LoopDoorbell* doorbell = Environment::Of(info.Env()).DoorbellOf(ArenaAt(info, 0));
  if (doorbell != nullptr) doorbell->SetReferenced(info[1].As<Napi::Boolean>());
  return info.Env().Undefined();
}

// waitForRing(index, descriptors, deadlineMs): which of the descriptors are readable, as booleans. The doorbell is open.
Napi::Value WaitForRingOf(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto given = info[1].As<Napi::Array>();
  std::vector<int> descriptors;
  for (uint32_t i = 0; i < given.Length(); ++i) descriptors.push_back(given.Get(i).As<Napi::Number>().Int32Value());
  const LoopDoorbell* doorbell = Environment::Of(env).DoorbellOf(ArenaAt(info, 0));
  std::vector<bool> ready;
  const Status status = WaitForRing(doorbell->doorbell(), descriptors, DeadlineAt(NumberAt(info, 2)), &ready);
  if (!status.ok()) return Throw(env, status);
  Napi::Array result = Napi::Array::New(env, ready.size());
  for (uint32_t i = 0; i < ready.size(); ++i) result.Set(i, Napi::Boolean::New(env, ready[i]));
  return result;
}

// hasRequests(): whether the event loop waits for work that it has given away, such as that of an addon's threads
Napi::Value HasRequests(const Napi::CallbackInfo& info) {
  uv_loop_t* loop = nullptr;
  const bool known = napi_get_uv_event_loop(info.Env(), &loop) == napi_ok && loop != nullptr;
  return Napi::Boolean::New(info.Env(), !known || loop->active_reqs.count > 0);
}

}  // namespace

void InitParking(Napi::Object exports) {
  Export<ParkThread>(exports, "park");
  Export<Now>(exports, "monotonicNow");
  Export<WakePoint>(exports, "wake");
  Export<OpenDoorbellOf>(exports, "openDoorbell");
  Export<HasRequests>(exports, "hasRequests");
  Export<WaitForRingOf>(exports, "waitForRing");
  Export<ReferDoorbell>(exports, "referDoorbell");
}

}  // namespace forkless
