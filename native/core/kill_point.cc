#include "core/kill_point.h"

#ifdef FORKLESS_KILL_POINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace forkless {

namespace {

struct Target {
  std::string name;
  int count = 1;
  std::atomic<int32_t>* note = nullptr;
};

Target ReadTarget() {
  Target target;
  const char* text = getenv("FORKLESS_KILL_AT");
  if (text == nullptr) return target;
  const char* colon = strrchr(text, ':');
  target.name = colon == nullptr ? text : std::string(text, colon);
  if (colon != nullptr) target.count = atoi(colon + 1);
  return target;
}

Target& TheTarget() {
  static auto* target = new Target(ReadTarget());  // never destroyed: other threads outlive static destructors
  return *target;
}

std::atomic<int> hits{0};
std::atomic<void (*)(const char*)> point_hook{nullptr};

}  // namespace

void SetKillTarget(const char* name, int count, std::atomic<int32_t>* note) {
  TheTarget() = {name, count, note};
  hits.store(0);
}

void SetPointHook(void (*hook)(const char* name)) { point_hook.store(hook); }

void HitKillPoint(const char* name) {
  if (const auto hook = point_hook.load(std::memory_order_relaxed); hook != nullptr) hook(name);
  const Target& target = TheTarget();
  if (target.name != name) return;
  if (hits.fetch_add(1) + 1 == target.count) {
    if (target.note != nullptr) target.note->store(1);
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
}

}  // namespace forkless

#endif
