// Waiting and waking.
#include "core/parking.h"

#include "binding/convert.h"
#include "binding/exports.h"
#include "core/posix_semaphore.h"

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

// wake(index, point, count): count < 0 = all
Napi::Value WakePoint(const Napi::CallbackInfo& info) {
  const int32_t count = IntAt(info, 2);
  Wake(ArenaAt(info, 0), OffsetAt(info, 1), count < 0 ? kWakeAll : count);
  return info.Env().Undefined();
}

// openDoorbell(index, onRing)
Napi::Value OpenDoorbellOf(const Napi::CallbackInfo& info) {
  const Status status =
      Environment::Of(info.Env()).OpenDoorbell(ArenaAt(info, 0), info[1].As<Napi::Function>());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

// referDoorbell(index, referenced): whether it keeps the event loop alive
Napi::Value ReferDoorbell(const Napi::CallbackInfo& info) {
  LoopDoorbell* doorbell = Environment::Of(info.Env()).DoorbellOf(ArenaAt(info, 0));
  if (doorbell != nullptr) doorbell->SetReferenced(info[1].As<Napi::Boolean>());
  return info.Env().Undefined();
}

}  // namespace

void InitParking(Napi::Object exports) {
  Export<ParkThread>(exports, "park");
  Export<WakePoint>(exports, "wake");
  Export<OpenDoorbellOf>(exports, "openDoorbell");
  Export<ReferDoorbell>(exports, "referDoorbell");
}

}  // namespace forkless
