#include <napi.h>

#include "binding/environment.h"
#include "binding/exports.h"

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new forkless::Environment(env));
  forkless::InitLayout(exports);
  forkless::InitArena(exports);
  forkless::InitDescriptors(exports);
  forkless::InitHeap(exports);
  forkless::InitNamedBlock(exports);
  forkless::InitParking(exports);
  forkless::InitPosixSemaphore(exports);
  forkless::InitProcess(exports);
  forkless::InitThread(exports);
  forkless::InitSocket(exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(forkless, Init)
