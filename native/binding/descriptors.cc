// Descriptors that go from process to process.
#include <unistd.h>

#include "binding/convert.h"
#include "binding/exports.h"
#include "platform/descriptor_keeper.h"
#include "platform/doorbell.h"

namespace forkless {

namespace {

// keepDescriptor(fd): a ticket
Napi::Value Keep(const Napi::CallbackInfo& info) {
  std::string ticket;
  if (Status status = KeepDescriptor(IntAt(info, 0), &ticket); !status.ok()) return Throw(info.Env(), status);
  return Napi::String::New(info.Env(), ticket);
}

// dropDescriptor(ticket)
Napi::Value Drop(const Napi::CallbackInfo& info) {
  DropDescriptor(TextAt(info, 0));
  return info.Env().Undefined();
}

// keptDescriptors()
Napi::Value Kept(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(KeptDescriptors()));
}

// fetchDescriptor(ticket): fd
Napi::Value Fetch(const Napi::CallbackInfo& info) {
  int fd = -1;
  if (Status status = FetchDescriptor(TextAt(info, 0), &fd); !status.ok()) return Throw(info.Env(), status);
  return Napi::Number::New(info.Env(), fd);
}

// openFlag(): a descriptor that is readable while it is set
Napi::Value Open(const Napi::CallbackInfo& info) {
  int fd = -1;
  if (Status status = OpenFlag(&fd); !status.ok()) return Throw(info.Env(), status);
  return Napi::Number::New(info.Env(), fd);
}

// setFlag(fd, readable)
Napi::Value Set(const Napi::CallbackInfo& info) {
  SetFlag(IntAt(info, 0), info[1].As<Napi::Boolean>());
  return info.Env().Undefined();
}

}  // namespace

void InitDescriptors(Napi::Object exports) {
  Export<Keep>(exports, "keepDescriptor");
  Export<Drop>(exports, "dropDescriptor");
  Export<Kept>(exports, "keptDescriptors");
  Export<Open>(exports, "openFlag");
  Export<Set>(exports, "setFlag");
  Export<Fetch>(exports, "fetchDescriptor");
}

}  // namespace forkless
