// The offsets that JavaScript needs, read from the structures themselves.
#include "core/layout.h"

#include "binding/convert.h"
#include "binding/exports.h"
#include "core/kill_point.h"

namespace forkless {

namespace {

Napi::Value HitKillPointOf(const Napi::CallbackInfo& info) {
#ifdef FORKLESS_KILL_POINTS
  HitKillPoint(TextAt(info, 0).c_str());
#endif
  return info.Env().Undefined();
}

}  // namespace

void InitLayout(Napi::Object exports) {
  const Napi::Env env = exports.Env();
  Napi::Object layout = Napi::Object::New(env);
  const auto set = [&](const char* name, double value) { layout.Set(name, Napi::Number::New(env, value)); };
  set("version", kLayoutVersion);
  set("magicLow", static_cast<uint32_t>(kArenaMagic));
  set("magicHigh", static_cast<uint32_t>(kArenaMagic >> 32));
  set("headerMagic", offsetof(ArenaHeader, magic));
  set("headerVersion", offsetof(ArenaHeader, layout_version));
  set("headerFamily", offsetof(ArenaHeader, family));
  set("headerState", offsetof(ArenaHeader, state));
  set("headerRoot", offsetof(ArenaHeader, root_block));
  set("headerSlotEnd", offsetof(ArenaHeader, slot_end));
  set("arenaReady", kReady);
  set("blockHeaderBytes", kBlockHeaderBytes);
  set("blockStamp", offsetof(BlockHeader, stamp));
  set("blockKind", offsetof(BlockHeader, kind));
  set("participantsOffset", kParticipantsOffset);
  set("participantSlots", kParticipantSlots);
  set("participantBytes", sizeof(Participant));
  set("participantState", offsetof(Participant, state));
  set("participantPid", offsetof(Participant, pid));
  set("participantDoorbellArmed", offsetof(Participant, doorbell_armed));
  set("participantFilter", offsetof(Participant, filter));
  set("participantAwaits", offsetof(Participant, awaits_pid));
  set("participantName", offsetof(Participant, name));
  set("participantNameBytes", kParticipantNameBytes);
  set("stateLive", kLive);
  set("waitPointBytes", sizeof(WaitPoint));
  set("waitPointEvent", offsetof(WaitPoint, event));
  set("waitPointAsyncBits", offsetof(WaitPoint, async_bits));
  set("syncWaiters", kSyncWaiters);
  set("asyncWaiters", kAsyncWaiters);
  set("eventStep", kEventStep);
  set("ownerLockBytes", sizeof(OwnerLock));
  set("ownerLockWord", offsetof(OwnerLock, word));
  set("ownerLockPoint", offsetof(OwnerLock, point));
  set("waitersBit", kWaitersBit);
  set("slotBits", kSlotBits);
  set("compoundKind", kCompoundKind);
  set("compoundBytes", sizeof(CompoundHeader));
  set("compoundVacated", offsetof(CompoundHeader, vacated));
  set("compoundSignals", offsetof(CompoundHeader, signals));
  set("signalWord", offsetof(Signal, word));
  exports.Set("layout", layout);
#ifdef FORKLESS_KILL_POINTS
  exports.Set("killPoints", Napi::Boolean::New(env, true));
#else
  exports.Set("killPoints", Napi::Boolean::New(env, false));
#endif
  Export<HitKillPointOf>(exports, "killPoint");
}

}  // namespace forkless
