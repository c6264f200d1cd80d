// Places at which a crash test can make this process die, in builds for such tests only.
// FORKLESS_KILL_AT="name" or "name:n" kills at the n-th time (from 1) that the place is reached.
#ifndef FORKLESS_CORE_KILL_POINT_H_
#define FORKLESS_CORE_KILL_POINT_H_

#ifdef FORKLESS_KILL_POINTS
#include <atomic>
#include <cstdint>

namespace forkless {
void HitKillPoint(const char* name);
// For native tests: instead of FORKLESS_KILL_AT. `note` becomes 1 right before the death. To be called before any
// other thread runs.
void SetKillTarget(const char* name, int count, std::atomic<int32_t>* note);
// For native tests: called at every such place, to hold a thread there for a while. To be set before any other thread runs.
void SetPointHook(void (*hook)(const char* name));
}
#define KILL_POINT(name) ::forkless::HitKillPoint(name)
#else
#define KILL_POINT(name) static_cast<void>(0)
#endif

#endif  // FORKLESS_CORE_KILL_POINT_H_
