#include "binding/started.h"

#include <utility>

namespace forkless {

Napi::Object WrapProcess(Napi::Env env, std::shared_ptr<WatchedProcess> process) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("id", Napi::Number::New(env, process->id()));
  result.Set("pid", Napi::Number::New(env, process->pid()));
  auto* owned = new std::shared_ptr<WatchedProcess>(std::move(process));
  result.Set("handle", ProcessHandle::New(env, owned, [](Napi::Env, std::shared_ptr<WatchedProcess>* own) { delete own; }));
  return result;
}

Napi::Object WrapStarted(Napi::Env env, StartedChild child) {
  Napi::Object result = WrapProcess(env, std::move(child.process));
  Napi::Array pipes = Napi::Array::New(env, 3);
  for (uint32_t i = 0; i < 3; ++i) pipes.Set(i, Napi::Number::New(env, child.pipes[i].Release()));
  result.Set("pipes", pipes);
  return result;
}

std::string TextOf(const Napi::Object& object, const char* key) { return object.Get(key).As<Napi::String>().Utf8Value(); }

std::vector<uint8_t> Bytes(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

std::vector<Block> Blocks(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<Block> blocks;
  blocks.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const auto pair = array.Get(i).As<Napi::Array>();
    blocks.push_back({static_cast<uint64_t>(pair.Get(0u).As<Napi::Number>().Int64Value()),
                      pair.Get(1u).As<Napi::Number>().Uint32Value()});
  }
  return blocks;
}

Stdio StdioOf(const std::string& name) {
  if (name == "pipe") return Stdio::kPipe;
  return name == "ignore" ? Stdio::kIgnore : Stdio::kInherit;
}

}  // namespace forkless
