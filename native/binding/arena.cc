// Arenas, participants and views.
#include "binding/exports.h"

#include <cstring>

#include "binding/convert.h"
#include "core/participants.h"
#include "core/recovery.h"
#include "platform/memory_file.h"
#include "platform/process_identity.h"

namespace forkless {

namespace {

int32_t family_index = -1;  // this process' own family; set once, by the first environment
std::mutex family_mutex;

std::string HexOf(const uint8_t* family) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (int i = 0; i < 16; ++i) {
    hex += kDigits[family[i] >> 4];
    hex += kDigits[family[i] & 15];
  }
  return hex;
}

Napi::Value Describe(Napi::Env env, const Arena& arena, int32_t id) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("index", Napi::Number::New(env, arena.index()));
  result.Set("self", Napi::Number::New(env, id));
  result.Set("fd", Napi::Number::New(env, arena.fd()));
  result.Set("family", Napi::String::New(env, HexOf(arena.header().family)));
  result.Set("maxBytes", Napi::Number::New(env, static_cast<double>(arena.max_bytes())));
  result.Set("root", Napi::Number::New(env, static_cast<double>(arena.header().root_block.load())));
  return result;
}

Napi::Value Enter(Napi::Env env, Arena& arena, const std::string& name) {
  Environment& environment = Environment::Of(env);
  int32_t id = environment.ParticipantOf(arena);
  if (id == 0) {
    if (Status status = RegisterParticipant(arena, name.c_str(), &id); !status.ok()) return Throw(env, status);
    environment.SetParticipant(arena, id);
  }
  return Describe(env, arena, id);
}

// family(maxBytes, participantName): this process' family, created on first use.
Napi::Value Family(const Napi::CallbackInfo& info) {
  std::lock_guard<std::mutex> guard(family_mutex);
  if (family_index < 0) {
    Arena* arena = nullptr;
    if (Status status = Arena::CreateFamily(OffsetAt(info, 0), &arena); !status.ok()) {
      return Throw(info.Env(), status);
    }
    family_index = static_cast<int32_t>(arena->index());
  }
  return Enter(info.Env(), *Arena::ByIndex(static_cast<uint32_t>(family_index)), TextAt(info, 1));
}

// joinArena(fd, participantId): in a child, its parent's family, under the slot that the parent has reserved.
Napi::Value JoinArena(const Napi::CallbackInfo& info) {
  std::lock_guard<std::mutex> guard(family_mutex);
  Arena* arena = nullptr;
  if (Status status = Arena::JoinFamily(IntAt(info, 0), &arena); !status.ok()) return Throw(info.Env(), status);
  const int32_t id = IntAt(info, 1);
  if (!TakeReservedParticipant(*arena, id)) return Throw(info.Env(), Status::Fail(Code::kGone));
  family_index = static_cast<int32_t>(arena->index());
  Environment::Of(info.Env()).SetParticipant(*arena, id);
  return Describe(info.Env(), *arena, id);
}

// joinFamilyOf(pid, fd, family, participantName): the family of a process that is no relative of ours.
Napi::Value JoinFamilyOf(const Napi::CallbackInfo& info) {
  uint8_t family[16];
  const std::string hex = TextAt(info, 2);
  for (size_t i = 0; i < sizeof(family); ++i) {
    family[i] = static_cast<uint8_t>(strtoul(hex.substr(2 * i, 2).c_str(), nullptr, 16));
  }
  std::lock_guard<std::mutex> guard(family_mutex);
  Arena* arena = nullptr;
  if (Status status = Arena::JoinFamilyOf(IntAt(info, 0), IntAt(info, 1), family, &arena); !status.ok()) {
    return Throw(info.Env(), status);
  }
  if (family_index < 0) family_index = static_cast<int32_t>(arena->index());
  return Enter(info.Env(), *arena, TextAt(info, 3));
}

// createNamed(name, maxBytes, participantName): not to be seen by others before publishNamed(index, root).
Napi::Value CreateNamed(const Napi::CallbackInfo& info) {
  Arena* arena = nullptr;
  if (Status status = Arena::CreateNamed(TextAt(info, 0), OffsetAt(info, 1), &arena); !status.ok()) {
    return Throw(info.Env(), status);
  }
  const Napi::Value result = Enter(info.Env(), *arena, TextAt(info, 2));
  if (info.Env().IsExceptionPending()) arena->RemoveIfUnused();
  return result;
}

Napi::Value PublishNamed(const Napi::CallbackInfo& info) {
  Arena& arena = ArenaAt(info, 0);
  arena.header().root_block.store(OffsetAt(info, 1));
  arena.Publish();
  return info.Env().Undefined();
}

Napi::Value OpenNamed(const Napi::CallbackInfo& info) {
  Arena* arena = nullptr;
  int32_t id = 0;
  if (Status status = Arena::EnterNamed(TextAt(info, 0), TextAt(info, 1).c_str(), &arena, &id); !status.ok()) {
    return Throw(info.Env(), status);
  }
  Environment& environment = Environment::Of(info.Env());
  const int32_t already = environment.ParticipantOf(*arena);
  if (already != 0) {
    RetireParticipant(*arena, id);
    id = already;
  } else {
    environment.SetParticipant(*arena, id);
  }
  return Describe(info.Env(), *arena, id);
}

Napi::Value LeaveArena(const Napi::CallbackInfo& info) {
  Environment::Of(info.Env()).Leave(ArenaAt(info, 0));
  return info.Env().Undefined();
}

// view(index, offset, bytes): an ArrayBuffer over the memory itself. The mapping is never undone, so that
// nothing has to be released with it.
Napi::Value View(const Napi::CallbackInfo& info) {
  napi_value result = nullptr;
  const napi_status status =
      napi_create_external_arraybuffer(info.Env(), ArenaAt(info, 0).At<std::byte>(OffsetAt(info, 1)),
                                       static_cast<size_t>(OffsetAt(info, 2)), nullptr, nullptr, &result);
  if (status != napi_ok) return Throw(info.Env(), Status::Fail(Code::kUnsupported));
  return {info.Env(), result};
}

// copyIn(index, offset, bytes) and copyOut(index, offset, bytes): without a view, which the collector would have to find.
Napi::Value CopyIn(const Napi::CallbackInfo& info) {
  const auto bytes = info[2].As<Napi::Uint8Array>();
  std::memcpy(ArenaAt(info, 0).At<uint8_t>(OffsetAt(info, 1)), bytes.Data(), bytes.ByteLength());
  return info.Env().Undefined();
}

Napi::Value CopyOut(const Napi::CallbackInfo& info) {
  auto bytes = info[2].As<Napi::Uint8Array>();
  std::memcpy(bytes.Data(), ArenaAt(info, 0).At<uint8_t>(OffsetAt(info, 1)), bytes.ByteLength());
  return info.Env().Undefined();
}

// detach(buffer): a view ends, for all typed arrays over it: their length is 0 from then on. False: not here.
Napi::Value Detach(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), napi_detach_arraybuffer(info.Env(), info[0]) == napi_ok);
}

Napi::Value PrefaultRange(const Napi::CallbackInfo& info) {
  Prefault(ArenaAt(info, 0).At<std::byte>(OffsetAt(info, 1)), OffsetAt(info, 2));
  return info.Env().Undefined();
}

Napi::Value Reserve(const Napi::CallbackInfo& info) {
  int32_t id = 0;
  if (Status status = ReserveParticipant(ArenaAt(info, 0), TextAt(info, 1).c_str(), &id); !status.ok()) {
    return Throw(info.Env(), status);
  }
  return Napi::Number::New(info.Env(), id);
}

Napi::Value Confirm(const Napi::CallbackInfo& info) {
  ConfirmParticipant(ArenaAt(info, 0), IntAt(info, 1), IntAt(info, 2));
  return info.Env().Undefined();
}

Napi::Value Cancel(const Napi::CallbackInfo& info) {
  RetireParticipant(ArenaAt(info, 0), IntAt(info, 1));
  return info.Env().Undefined();
}

Napi::Value Rename(const Napi::CallbackInfo& info) {
  RenameParticipant(ArenaAt(info, 0), IntAt(info, 1), TextAt(info, 2).c_str());
  return info.Env().Undefined();
}

Napi::Value Probe(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), ProbeParticipant(ArenaAt(info, 0), IntAt(info, 1)));
}

Napi::Value RecoverAll(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), RecoverAllDead(ArenaAt(info, 0)));
}

// participants(index): everybody in the table, for people and tests.
Napi::Value Participants(const Napi::CallbackInfo& info) {
  const Arena& arena = ArenaAt(info, 0);
  static constexpr const char* kStates[] = {"free", "reserved", "live", "recovering"};
  Napi::Array result = Napi::Array::New(info.Env());
  for (uint32_t slot = 0; slot < arena.header().slot_end.load(); ++slot) {
    const Participant& participant = arena.participant(slot);
    const StateWord word = Unpack(participant.state.load());
    if (word.state == kFree) continue;
    Napi::Object entry = Napi::Object::New(info.Env());
    entry.Set("id", Napi::Number::New(info.Env(), MakeId(slot, word.generation)));
    entry.Set("pid", Napi::Number::New(info.Env(), word.pid));
    entry.Set("state", Napi::String::New(info.Env(), kStates[word.state]));
    entry.Set("name", Napi::String::New(info.Env(), participant.name));
    entry.Set("isService", Napi::Boolean::New(info.Env(), participant.is_service.load() != 0));
    entry.Set("parks", Napi::Number::New(info.Env(), static_cast<double>(participant.parks.load())));
    entry.Set("rings", Napi::Number::New(info.Env(), static_cast<double>(participant.rings.load())));
    result.Set(result.Length(), entry);
  }
  return result;
}

Napi::Value StartTime(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(StartTimeOf(IntAt(info, 0))));
}

}  // namespace

void InitArena(Napi::Object exports) {
  Export<Family>(exports, "family");
  Export<JoinArena>(exports, "joinArena");
  Export<JoinFamilyOf>(exports, "joinFamilyOf");
  Export<CreateNamed>(exports, "createNamed");
  Export<PublishNamed>(exports, "publishNamed");
  Export<OpenNamed>(exports, "openNamed");
  Export<LeaveArena>(exports, "leaveArena");
  Export<View>(exports, "view");
  Export<CopyIn>(exports, "copyIn");
  Export<CopyOut>(exports, "copyOut");
  Export<Detach>(exports, "detach");
  Export<PrefaultRange>(exports, "prefault");
  Export<Reserve>(exports, "reserveParticipant");
  Export<Confirm>(exports, "confirmParticipant");
  Export<Cancel>(exports, "cancelParticipant");
  Export<Rename>(exports, "renameParticipant");
  Export<Probe>(exports, "probeParticipant");
  Export<RecoverAll>(exports, "recoverAll");
  Export<Participants>(exports, "participants");
  Export<StartTime>(exports, "startTime");
}

}  // namespace forkless
