// Death at every kill point of the core: nothing hangs, nothing is corrupt, nothing leaks.
#include <poll.h>

#include <string>
#include <thread>
#include <vector>

#include "platform/doorbell.h"
#include "platform/process_identity.h"
#include "test/actor.h"

using namespace forkless;
using namespace forkless::test;

namespace {

// An event loop, reduced to what wakers see of it.
class SleepingLoop {
 public:
  SleepingLoop(Arena& arena, int32_t id, WaitPoint& point) : slot_(arena.participant(SlotOf(id))), id_(id), point_(point) {
    CHECK(OpenDoorbell({arena.header().family, SlotOf(id), GenerationOf(id)}, &doorbell_).ok());
    slot_.doorbell_fd.store(doorbell_.event_fd);
    Sleep();
  }
  ~SleepingLoop() { CloseDoorbell(&doorbell_); }
  SleepingLoop(const SleepingLoop&) = delete;
  SleepingLoop& operator=(const SleepingLoop&) = delete;

  void Sleep() {
    DrainEvents(doorbell_);
    DrainSocket(doorbell_);
    slot_.doorbell_armed.store(++armings_);
    slot_.filter[0].store(UINT32_MAX);
    slot_.filter[1].store(UINT32_MAX);
    point_.async_bits.fetch_or(uint32_t{1} << (SlotOf(id_) % 32));
    point_.event.fetch_add(kEventStep);
    point_.event.fetch_or(kAsyncWaiters);
  }
  [[nodiscard]] bool IsRung(int within_ms) const {
    pollfd fds[] = {{doorbell_.event_fd, POLLIN, 0}, {doorbell_.socket_fd, POLLIN, 0}};
    return poll(fds, 2, within_ms) > 0;
  }

 private:
  Participant& slot_;
  int32_t id_;
  WaitPoint& point_;
  int32_t armings_ = 0;
  Doorbell doorbell_;
};

// ---- At every kill point ---------------------------------------------------------------------------

// Whether a child of this test was killed at the point; false when nobody came there so often.
bool TestDeathAt(const std::string& name, int count, uint64_t seed) {
  const World world = World::Make(256 << 20);
  Arena& arena = world.arena;
  Control& control = world.control();
  const std::string file = "crash-" + std::to_string(getpid());

  const pid_t bystander = Fork([&] {
    Actor actor(world, world.Enter(), seed + 1);
    actor.BeQuiet();  // what the victim leaves undone is the recovery's to do
    while (control.stop.load() == 0) actor.Act();
    actor.Leave();
  });
  const pid_t victim = Fork([&] {
    while (control.go.load() == 0) usleep(200);
    SetKillTarget(name.c_str(), count, &control.killed);
    Actor actor(world, world.Enter(), seed);
    for (int i = 0; i < 100; ++i) actor.Act();
    actor.UseMuch();
    actor.Breed();
    actor.UseNamed(file);
    actor.Spawn();
    actor.Leave();
  });

  // Two who wait for news: a thread that sleeps, and an event loop whose doorbell is armed.
  const int32_t sleeper = world.Enter();
  const int32_t loop = world.Enter();
  const uint64_t point = world.OffsetIn(offsetof(Control, news_point));
  const SleepingLoop sleeping(arena, loop, control.news_point);
  std::thread thread([&] {
    for (int32_t seen = 0; control.stop.load() < 2; seen = control.news.load()) {
      control.news_seen.store(seen);
      static_cast<void>(Park(arena, {.self = sleeper,
                                     .point = point,
                                     .condition = world.OffsetIn(offsetof(Control, news)),
                                     .expected = seen,
                                     .owner = 0,
                                     .deadline = kForever,
                                     .spin_ns = 0}));
    }
  });
  control.go.store(1);

  const int end = Reap(victim);
  CHECK(end == 0 || end == -SIGKILL);
  if (end == -SIGKILL) CHECK_EQ(control.killed.load(), 1);

  // Recovery completes: nobody is left but those who live.
  const auto is_known = [&](uint32_t index, StateWord word) {
    const bool ours = word.pid == OwnPid() || word.pid == bystander;
    return word.state == kFree || (word.state == kLive && ours) ||
           (arena.participant(index).is_service.load() != 0 && ours);
  };
  for (bool clean = false; !clean; usleep(500)) {
    RecoverAllDead(arena);
    clean = true;
    for (uint32_t index = 0; index < kParticipantSlots; ++index) {
      clean = clean && is_known(index, Unpack(arena.participant(index).state.load()));
    }
  }
  CHECK_EQ(CheckHeap(arena, world.self), 0);
  // The others go on.
  const int64_t progress = control.progress.load();
  while (control.progress.load() < progress + 20) usleep(200);
  // The bystander falls silent, and the sleepers have seen all that there was, with nobody to wake them any more.
  control.stop.store(1);
  CHECK_EQ(Reap(bystander), 0);
  RecoverAllDead(arena);
  while (control.news_seen.load() != control.news.load()) usleep(500);
  if (control.news.load() != 0) CHECK(sleeping.IsRung(5'000));
  control.stop.store(2);
  control.news.fetch_add(1);
  Wake(arena, point, kWakeAll);
  thread.join();

  CHECK_EQ(CheckHeap(arena, world.self), 0);
  CHECK_EQ(Statistics(arena, world.self).holds, 3);
  CHECK_EQ(Statistics(arena, world.self).used_bytes, Statistics(arena, world.self).used_bytes / 64 * 64);
  RetireParticipant(arena, sleeper);
  RetireParticipant(arena, loop);
  CHECK_EQ(Statistics(arena, world.self).holds, 1);

  // Nothing that the victim had under a name is in the way.
  Arena* named = nullptr;
  CHECK(Arena::CreateNamed(file, 4 << 20, &named).ok());
  CHECK(named->RemoveIfUnused());
  CHECK(access(("/dev/shm/forkless-" + std::to_string(getuid()) + "-" + file).c_str(), F_OK) != 0);
  close(arena.fd());
  return control.killed.load() != 0;
}

void TestDeathAtEveryKillPoint() {
  const std::vector<std::string> names = AllKillPoints();
  Random random(4711);
  int deaths = 0;
  for (const std::string& name : names) {
    for (int count : {1, 2, static_cast<int>(3 + random.Below(20))}) {
      Watch(30);
      bool killed = TestDeathAt(name, count, random.Next());
      // The bystander may be quicker with what only one of them can do.
      for (int again = 0; !killed && count == 1 && again < 100; ++again) {
        killed = TestDeathAt(name, count, random.Next());
      }
      if (killed) ++deaths;
      if (count == 1 && !killed) {
        std::fprintf(stderr, "nobody came to kill point %s\n", name.c_str());
        std::exit(1);
      }
    }
  }
  std::printf("deaths at %zu kill points: %d\n", names.size(), deaths);
}

// A waker that is killed half-way (or stopped there) hides nobody: the next waker reaches those who slept already and
// those who fell asleep afterwards, without any recovery.
void TestNextWakerReachesSleepers(const char* place, int count, bool sleep_first) {
  Watch(30);
  const World world = World::Make(8 << 20);
  Control& control = world.control();
  const uint64_t point = world.OffsetIn(offsetof(Control, news_point));
  const int32_t loop_id = world.Enter();
  const int32_t sleeper_id = world.Enter();
  SleepingLoop loop(world.arena, loop_id, control.news_point);
  const auto start_sleeper = [&] {
    const pid_t sleeper = Fork([&] {
      while (control.news.load() == 0) {
        static_cast<void>(Park(world.arena, {.self = sleeper_id,
                                             .point = point,
                                             .condition = world.OffsetIn(offsetof(Control, news)),
                                             .expected = 0,
                                             .owner = 0,
                                             .deadline = kForever,
                                             .spin_ns = 0}));
      }
    });
    while (world.arena.participant(SlotOf(sleeper_id)).parked_point.load() == 0) usleep(500);
    usleep(20'000);  // from the announcement into the kernel
    return sleeper;
  };

  pid_t sleeper = sleep_first ? start_sleeper() : 0;
  control.news_point.event.fetch_or(kSyncWaiters);  // perhaps left by somebody who is gone
  CHECK_EQ(Reap(Fork([&] {
             SetKillTarget(place, 1, nullptr);
             Wake(world.arena, point, count);
           })),
           -SIGKILL);
  if (!sleep_first) {
    loop.Sleep();
    sleeper = start_sleeper();
  }
  control.news.store(1);
  Wake(world.arena, point, 1);
  CHECK_EQ(Reap(sleeper), 0);
  CHECK(loop.IsRung(0));
  close(world.arena.fd());
}

// The end of a pipe: its holder is killed, and so is, at `place`, who recovers it. Who waits for the other end learns it.
void TestRolesOfTheDeadAreVacated(const char* place) {
  Watch(30);
  const World world = World::Make(8 << 20);
  Arena& arena = world.arena;
  Block pipe;
  CHECK(AllocateBlock(arena, 200, kCompoundKind, world.self, world.self, &pipe).ok());
  auto& compound = *arena.At<CompoundHeader>(pipe.offset);
  constexpr uint32_t kSignal = 64;
  compound.signals[1] = kSignal;
  compound.signals[2] = 192;  // beyond its end: left alone
  auto& signal = *arena.At<Signal>(pipe.offset + kSignal);
  const Block end{pipe.offset | 2, pipe.stamp};
  const Block other_end{pipe.offset | 1, pipe.stamp};
  CHECK(HoldPlace(arena, other_end, world.self, ParticipantHolder(world.self)).ok());
  const pid_t victim = Fork([&] {
    const int32_t id = Join(arena);
    CHECK(HoldPlace(arena, end, id, ParticipantHolder(id)).ok());
    world.control().go.store(1);
    pause();
  });
  while (world.control().go.load() == 0) usleep(200);
  const int32_t sleeper_id = world.Enter();
  const pid_t sleeper = Fork([&] {
    while (signal.word.load() == 0) {
      static_cast<void>(Park(arena, {.self = sleeper_id,
                                     .point = pipe.offset + kSignal,
                                     .condition = pipe.offset + kSignal + offsetof(Signal, word),
                                     .expected = 0,
                                     .owner = 0,
                                     .deadline = kForever,
                                     .spin_ns = 0}));
    }
    CHECK_EQ(signal.word.load(), kVacated);
    CHECK_EQ(compound.vacated.load(), 1 << 2);
  });
  while (arena.participant(SlotOf(sleeper_id)).parked_point.load() == 0) usleep(500);
  usleep(20'000);  // from the announcement into the kernel
  CHECK_EQ(KillAndReap(victim), -SIGKILL);
  CHECK_EQ(Reap(Fork([&] {
             SetKillTarget(place, 1, nullptr);
             RecoverAllDead(arena);
           })),
           -SIGKILL);
  while (RecoverAllDead(arena) != 0) {
  }
  CHECK_EQ(Reap(sleeper), 0);
  CHECK(HoldPlace(arena, end, world.self, ParticipantHolder(world.self)).code == Code::kGone);
  CHECK_EQ(CheckHeap(arena, world.self), 0);
  close(arena.fd());
}

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const char* place : {"wake.bumped", "wake.some-woken", "wake.sync-done", "wake.rung", "ring.rung"}) {
    for (int count : {1, kWakeAll}) {
      TestNextWakerReachesSleepers(place, count, true);
      TestNextWakerReachesSleepers(place, count, false);
    }
  }
  for (const char* place : {"recover.claimed", "heap.locked", "heap.role.vacated", "heap.role.woken", "heap.hold.dropped"}) {
    TestRolesOfTheDeadAreVacated(place);
  }
  TestDeathAtEveryKillPoint();
  return 0;
}
