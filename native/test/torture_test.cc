// Death at random moments and random kill points, and being stopped: nothing hangs, nothing is corrupt, nothing leaks.
//
//   FORKLESS_TORTURE_SECONDS   how long it goes on (5)
//   FORKLESS_TORTURE_SEED      its random numbers
#include <string>
#include <vector>

#include "test/actor.h"

using namespace forkless;
using namespace forkless::test;

namespace {

constexpr int kWorkers = 4;

int NumberFrom(const char* variable, int fallback) {
  const char* text = getenv(variable);
  return text == nullptr ? fallback : atoi(text);
}

void Torture() {
  const int seconds = NumberFrom("FORKLESS_TORTURE_SECONDS", 5);
  Random random(static_cast<uint64_t>(NumberFrom("FORKLESS_TORTURE_SEED", 1)));
  const World world = World::Make(64 << 20);
  Arena& arena = world.arena;
  Control& control = world.control();
  const std::vector<std::string> names = AllKillPoints();

  const auto start = [&] {
    const uint64_t seed = random.Next();
    const std::string target = random.Below(2) == 0 ? names[random.Below(names.size())] : "";
    const int count = static_cast<int>(1 + random.Below(200));
    return Fork([&, seed] {
      SetKillTarget(target.c_str(), count, nullptr);
      Actor actor(world, world.Enter(), seed);
      for (;;) actor.Act();
    });
  };
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(start());

  int kills = 0;
  int stops = 0;
  uint32_t faults = 0;
  int64_t progress = 0;
  const int64_t end = MonotonicNow() + int64_t{seconds} * 1'000'000'000;
  Watch(20);
  while (MonotonicNow() < end) {
    usleep(static_cast<useconds_t>(random.Below(4'000)));
    pid_t& victim = workers[random.Below(workers.size())];
    if (random.Below(8) == 0) {
      kill(victim, SIGSTOP);
      usleep(static_cast<useconds_t>(random.Below(20'000)));
      kill(victim, SIGCONT);
      ++stops;
    }
    CHECK_EQ(KillAndReap(victim), -SIGKILL);  // it may have died before, but of nothing else
    ++kills;
    // Whoever comes first recovers: now and then that is left to those who wait for the dead.
    if (random.Below(4) != 0) RecoverAllDead(arena);
    victim = start();
    if (kills % 50 == 0) {
      RecoverAllDead(arena);
      faults += CheckHeap(arena, world.self);
    }
    if (control.progress.load() != progress) Watch(20);  // a hang is when nobody gets on any more
    progress = control.progress.load();
  }
  for (pid_t worker : workers) CHECK_EQ(KillAndReap(worker), -SIGKILL);
  RecoverAllDead(arena);
  RecoverAllDead(arena);
  faults += CheckHeap(arena, world.self);
  const HeapStatistics statistics = Statistics(arena, world.self);
  std::printf("torture: %d s, %d kills, %d stops, %lld operations, 0 hangs, %u faults, %u blocks leaked\n", seconds, kills,
              stops, static_cast<long long>(control.progress.load()), faults, statistics.holds - 1);
  CHECK_EQ(faults, 0);
  CHECK_EQ(statistics.holds, 1);
  CHECK(kills > 0);
  // All is usable still.
  Actor actor(world, world.self, 5);
  Watch(20);
  for (int i = 0; i < 2'000; ++i) actor.Act();
}

}  // namespace

int main() {
  Torture();
  return 0;
}
