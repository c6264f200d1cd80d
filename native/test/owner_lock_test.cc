// The owner lock: one holder at a time, and the end of a holder hands it on, marked as abandoned.
#include <thread>
#include <vector>

#include "core/parking.h"
#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

struct Shared {
  OwnerLock lock;
  int64_t counter;  // behind the lock, and not atomic: ThreadSanitizer sees whether the lock orders accesses
  int64_t copy;
};

void TestExclusion(Arena& arena, int32_t self, int threads, int rounds) {
  const uint64_t offset = Allocate(arena, sizeof(Shared), self).offset;
  Shared& shared = *arena.At<Shared>(offset);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      const int32_t id = Join(arena);
      for (int i = 0; i < rounds; ++i) {
        bool abandoned = true;
        AcquireOwnerLock(arena, offset, id, &abandoned);
        CHECK(!abandoned);
        CHECK_EQ(shared.counter, shared.copy);
        ++shared.counter;
        if (i % 64 == 0) usleep(50);  // so that others go to sleep
        ++shared.copy;
        ReleaseOwnerLock(arena, offset, id);
      }
      RetireParticipant(arena, id);
    });
  }
  for (std::thread& thread : running) thread.join();
  CHECK_EQ(shared.counter, int64_t{threads} * rounds);
  CHECK_EQ(shared.lock.word.load(), 0);
}

// The holder goes while others sleep for the lock: one of them takes it over, then all get it in turn.
void TestHolderThatDisappears(Arena& arena, int32_t self) {
  const uint64_t offset = Allocate(arena, sizeof(Shared), self).offset;
  Shared& shared = *arena.At<Shared>(offset);
  for (int round = 0; round < 10; ++round) {
    const int32_t holder = Join(arena);
    CHECK(HoldBlock(arena, {offset, HeaderOf(arena, offset).stamp}, holder, holder).ok());
    bool abandoned = true;
    AcquireOwnerLock(arena, offset, holder, &abandoned);
    CHECK(!abandoned);
    std::atomic<int> takeovers{0};
    std::vector<std::thread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        const int32_t id = Join(arena);
        bool taken_over = false;
        AcquireOwnerLock(arena, offset, id, &taken_over);
        if (taken_over) ++takeovers;
        ++shared.counter;
        ReleaseOwnerLock(arena, offset, id);
        RetireParticipant(arena, id);
      });
    }
    if (round % 2 == 0) {
      while ((shared.lock.word.load() & kWaitersBit) == 0) usleep(500);
      usleep(5'000);
    }
    RetireParticipant(arena, holder);
    for (std::thread& waiter : waiters) waiter.join();
    CHECK_EQ(takeovers.load(), 1);
    CHECK_EQ(shared.counter, 3 * (round + 1));
    CHECK_EQ(shared.lock.word.load(), 0);
  }
}

// A release wakes: this sleeper looks after no owner, so that nothing else ends its sleep.
void TestReleaseWakes(Arena& arena, int32_t self) {
  const uint64_t offset = Allocate(arena, sizeof(Shared), self).offset;
  Shared& shared = *arena.At<Shared>(offset);
  const int32_t sleeper = Join(arena);
  bool abandoned = false;
  AcquireOwnerLock(arena, offset, self, &abandoned);
  shared.lock.word.fetch_or(kWaitersBit);
  std::thread thread([&] {
    static_cast<void>(Park(arena, {.self = sleeper,
                                   .point = offset + offsetof(OwnerLock, point),
                                   .condition = offset + offsetof(OwnerLock, word),
                                   .expected = self | kWaitersBit,
                                   .owner = 0,
                                   .deadline = kForever,
                                   .spin_ns = 0}));
    CHECK_EQ(shared.lock.word.load(), 0);
  });
  while (arena.participant(SlotOf(sleeper)).parked_point.load() == 0) usleep(500);
  usleep(20'000);  // from the announcement into the kernel
  ReleaseOwnerLock(arena, offset, self);
  thread.join();
}

// Nobody tells of the death: whoever waits finds out by looking after the owner.
void TestHolderThatIsKilled(Arena& arena, int32_t self) {
  const uint64_t offset = Allocate(arena, sizeof(Shared), self).offset;
  Shared& shared = *arena.At<Shared>(offset);
  const pid_t child = Fork([&] {
    const int32_t id = Join(arena);
    bool abandoned = false;
    AcquireOwnerLock(arena, offset, id, &abandoned);
    raise(SIGKILL);
  });
  CHECK_EQ(Reap(child), -SIGKILL);
  CHECK(shared.lock.word.load() != 0);
  bool abandoned = false;
  AcquireOwnerLock(arena, offset, self, &abandoned);
  CHECK(abandoned);
  ReleaseOwnerLock(arena, offset, self);
  AcquireOwnerLock(arena, offset, self, &abandoned);
  CHECK(!abandoned);
  ReleaseOwnerLock(arena, offset, self);
}

// One that is stopped is not dead: its lock stays its own.
void TestHolderThatIsStopped(Arena& arena, int32_t self) {
  const uint64_t offset = Allocate(arena, sizeof(Shared), self).offset;
  Shared& shared = *arena.At<Shared>(offset);
  const pid_t child = Fork([&] {
    const int32_t id = Join(arena);
    bool abandoned = false;
    AcquireOwnerLock(arena, offset, id, &abandoned);
    raise(SIGSTOP);
    ++shared.counter;
    ReleaseOwnerLock(arena, offset, id);
    RetireParticipant(arena, id);
  });
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  const int32_t holder = shared.lock.word.load();
  const ParkRequest wait{.self = self,
                         .point = offset + offsetof(OwnerLock, point),
                         .condition = offset + offsetof(OwnerLock, word),
                         .expected = holder,
                         .owner = offset + offsetof(OwnerLock, word),
                         .deadline = MonotonicNow() + 250'000'000,  // long enough for several looks at the owner
                         .spin_ns = 0};
  CHECK(Park(arena, wait) == ParkResult::kTimedOut);
  CHECK_EQ(shared.lock.word.load(), holder);
  kill(child, SIGCONT);
  bool abandoned = true;
  AcquireOwnerLock(arena, offset, self, &abandoned);
  CHECK(!abandoned);
  CHECK_EQ(shared.counter, 1);
  ReleaseOwnerLock(arena, offset, self);
  CHECK_EQ(Reap(child), 0);
}

}  // namespace

int main() {
  Watch(60);
  Arena& arena = NewFamily(16 << 20);
  const int32_t self = Join(arena);
  if (kMayFork) {
    TestHolderThatIsKilled(arena, self);
    TestHolderThatIsStopped(arena, self);
  }
  TestReleaseWakes(arena, self);
  TestExclusion(arena, self, 2, 10'000 * kScale);
  TestExclusion(arena, self, 5, 3'000 * kScale);
  TestHolderThatDisappears(arena, self);
  CHECK_EQ(CheckHeap(arena, self), 0);
  return 0;
}
