// Memory under a name, and views of it.
#include "core/named_block.h"

#include <memory>
#include <utility>

#include "binding/convert.h"
#include "binding/exports.h"

namespace forkless {

namespace {

// The object and the view share it: the memory goes when it is closed, or with the last of them.
using Shared = std::shared_ptr<NamedBlock>;
using Handle = Napi::External<Shared>;

// [handle, view, inode]
Napi::Value Wrap(Napi::Env env, NamedBlock&& block) {
  const auto shared = std::make_shared<NamedBlock>(std::move(block));
  auto* of_view = new Shared(shared);
  napi_value view = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      env, shared->base(), static_cast<size_t>(shared->bytes()),
      [](napi_env, void*, void* hint) { delete static_cast<Shared*>(hint); }, of_view, &view);
  if (status != napi_ok) {
    delete of_view;
    return Throw(env, Status::Fail(Code::kUnsupported));
  }
  Napi::Array result = Napi::Array::New(env, 3);
  result.Set(0u, Handle::New(env, new Shared(shared), [](Napi::Env, Shared* data) { delete data; }));
  result.Set(1u, view);
  result.Set(2u, Napi::Number::New(env, static_cast<double>(shared->inode())));
  return result;
}

// createBlock(name, bytes)
Napi::Value Create(const Napi::CallbackInfo& info) {
  NamedBlock block;
  const Status status = NamedBlock::Create(TextAt(info, 0).c_str(), OffsetAt(info, 1), &block);
  return status.ok() ? Wrap(info.Env(), std::move(block)) : Throw(info.Env(), status);
}

// openBlock(name)
Napi::Value Open(const Napi::CallbackInfo& info) {
  NamedBlock block;
  const Status status = NamedBlock::Open(TextAt(info, 0).c_str(), &block);
  return status.ok() ? Wrap(info.Env(), std::move(block)) : Throw(info.Env(), status);
}

// closeBlock(handle, view): every view of it is empty from then on. Where that cannot be had, it goes with the last view.
Napi::Value Close(const Napi::CallbackInfo& info) {
  if (napi_detach_arraybuffer(info.Env(), info[1]) == napi_ok) (*info[0].As<Handle>().Data())->Close();
  return info.Env().Undefined();
}

// unlinkBlock(name)
Napi::Value Unlink(const Napi::CallbackInfo& info) {
  const Status status = NamedBlock::Unlink(TextAt(info, 0).c_str());
  return status.ok() ? info.Env().Undefined() : Throw(info.Env(), status);
}

}  // namespace

void InitNamedBlock(Napi::Object exports) {
  Export<Create>(exports, "createBlock");
  Export<Open>(exports, "openBlock");
  Export<Close>(exports, "closeBlock");
  Export<Unlink>(exports, "unlinkBlock");
}

}  // namespace forkless
