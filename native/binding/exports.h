// The parts of the addon, each in the file of its name.
#ifndef FORKLESS_BINDING_EXPORTS_H_
#define FORKLESS_BINDING_EXPORTS_H_

#include <napi.h>

namespace forkless {

void InitArena(Napi::Object exports);
void InitDescriptors(Napi::Object exports);
void InitHeap(Napi::Object exports);
void InitLayout(Napi::Object exports);
void InitNamedBlock(Napi::Object exports);
void InitParking(Napi::Object exports);
void InitPosixSemaphore(Napi::Object exports);
void InitProcess(Napi::Object exports);
void InitThread(Napi::Object exports);
void InitSocket(Napi::Object exports);

}  // namespace forkless

#endif  // FORKLESS_BINDING_EXPORTS_H_
