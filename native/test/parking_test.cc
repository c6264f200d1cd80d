// Waiting and waking: no wake is lost, whoever sleeps how, and however many wake at once.
#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <string_view>
#include <thread>
#include <vector>

#include "core/kill_point.h"
#include "core/parking.h"
#include "platform/doorbell.h"
#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

// A word to wait for and its point.
struct Shared {
  WaitPoint point;
  std::atomic<int32_t> word;
  std::atomic<int32_t> other;
};

struct Place {
  Arena& arena;
  uint64_t offset;

  static Place In(Arena& arena, int32_t self) { return {arena, Allocate(arena, sizeof(Shared), self).offset}; }
  [[nodiscard]] Shared& operator*() const { return *arena.At<Shared>(offset); }
  [[nodiscard]] Shared* operator->() const { return arena.At<Shared>(offset); }
  [[nodiscard]] ParkResult Wait(int32_t self, int32_t expected, int64_t deadline = kForever,
                                int64_t spin_ns = 0) const {
    return Park(arena, {.self = self,
                        .point = offset,
                        .condition = offset + offsetof(Shared, word),
                        .expected = expected,
                        .owner = 0,
                        .deadline = deadline,
                        .spin_ns = spin_ns});
  }
  void WakeUp(int count) const { Wake(arena, offset, count); }
};

void AwaitSleepers(Arena& arena, const std::vector<int32_t>& ids) {
  for (int32_t id : ids) {
    while (arena.participant(SlotOf(id)).parked_point.load() == 0) usleep(1'000);
  }
  usleep(20'000);  // from the announcement into the kernel
}

void TestTimeoutsAndSignals(Arena& arena, int32_t self) {
  const Place place = Place::In(arena, self);
  const int64_t started = MonotonicNow();
  CHECK(place.Wait(self, 0, started + 30'000'000) == ParkResult::kTimedOut);
  CHECK(MonotonicNow() - started >= 30'000'000);
  CHECK(place.Wait(self, 0, 0) == ParkResult::kTimedOut);
  CHECK(place.Wait(self, 0, -1'000) == ParkResult::kTimedOut);
  CHECK(place.Wait(self, 1) == ParkResult::kChanged);

  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  const pthread_t waiting = pthread_self();
  std::thread disturber([&] {
    for (int i = 0; i < 10; ++i) {
      usleep(3'000);
      pthread_kill(waiting, SIGUSR1);
    }
    place->word.store(5);
    place.WakeUp(1);
  });
  // A signal ends no wait.
  const ParkResult result = place.Wait(self, 0);
  CHECK(result == ParkResult::kWoken || result == ParkResult::kChanged);
  CHECK_EQ(place->word.load(), 5);
  disturber.join();
  CHECK_EQ(arena.participant(SlotOf(self)).parked_point.load(), 0);
}

// As many as are asked for, no more, no fewer; the bit stays while somebody sleeps.
void TestWakesAsManyAsAsked(Arena& arena, int32_t self) {
  const Place place = Place::In(arena, self);
  std::atomic<int> awake{0};
  std::vector<std::thread> threads;
  std::vector<int32_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(Join(arena));
  for (int32_t id : ids) {
    threads.emplace_back([&, id] {
      CHECK(place.Wait(id, 0) == ParkResult::kWoken);
      ++awake;
    });
  }
  AwaitSleepers(arena, ids);
  for (int expected : {1, 2}) {
    place.WakeUp(1);
    while (awake.load() < expected) usleep(500);
    usleep(10'000);
    CHECK_EQ(awake.load(), expected);
    CHECK((place->point.event.load() & kSyncWaiters) != 0);
  }
  place.WakeUp(2);
  while (awake.load() < 4) usleep(500);
  usleep(10'000);
  CHECK_EQ(awake.load(), 4);
  place.WakeUp(3);  // more than there are: then nobody is left, and the next wake costs one load
  while (awake.load() < 5) usleep(500);
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(place->point.event.load() & kSyncWaiters, 0);
  const int32_t before = place->point.event.load();
  place.WakeUp(1);
  CHECK_EQ(place->point.event.load(), before);
  for (int32_t id : ids) RetireParticipant(arena, id);
}

void TestPingPong(Arena& arena, int32_t self, int64_t spin_ns, int rounds) {
  const Place place = Place::In(arena, self);
  const int32_t other = Join(arena);
  const auto play = [&](int32_t id, int32_t mine) {
    for (int32_t turn = mine; turn < 2 * rounds; turn += 2) {
      for (int32_t seen; (seen = place->word.load()) != turn;) {
        CHECK(place.Wait(id, seen, kForever, spin_ns) != ParkResult::kTimedOut);
      }
      place->word.store(turn + 1);
      place.WakeUp(turn % 4 < 2 ? 1 : kWakeAll);
    }
  };
  std::thread thread([&] { play(other, 1); });
  play(self, 0);
  thread.join();
  RetireParticipant(arena, other);
}

#ifdef FORKLESS_KILL_POINTS
// Holds a thread that has it as its `gate_here` at a kill point, once.
struct Gate {
  std::string_view point;
  std::atomic<bool> reached{false};
  std::atomic<bool> open{false};
};
thread_local Gate* gate_here = nullptr;
std::atomic<bool> delays{false};
std::atomic<uint64_t> next_seed{1};

void HoldUp(const char* name) {
  if (gate_here != nullptr && gate_here->point == name && !gate_here->reached.exchange(true)) {
    while (!gate_here->open.load()) usleep(100);
  }
  if (!delays.load()) return;
  thread_local Random random(next_seed.fetch_add(1));
  if (random.Below(8) == 0) usleep(static_cast<useconds_t>(random.Below(100)));
}

// A waiter that has seen the bit of another and looked must not sleep on the bit that a third has set since: in
// between, a change may have found no bit.
void TestStaleSleeper(Arena& arena, int32_t self) {
  const Place place = Place::In(arena, self);
  const std::vector<int32_t> ids = {Join(arena), Join(arena), Join(arena)};
  std::thread first([&] { CHECK(place.Wait(ids[0], 0) == ParkResult::kWoken); });
  AwaitSleepers(arena, {ids[0]});
  Gate waking{.point = "wake.bumped"};
  Gate looked{.point = "park.looked"};
  std::thread waker([&] {
    gate_here = &waking;
    place->word.store(1);
    place.WakeUp(kWakeAll);
  });
  while (!waking.reached.load()) usleep(100);
  std::thread stale([&] {
    gate_here = &looked;
    CHECK(place.Wait(ids[1], 1) == ParkResult::kChanged);
  });
  while (!looked.reached.load()) usleep(100);
  waking.open.store(true);
  waker.join();
  first.join();
  place->word.store(2);
  place.WakeUp(kWakeAll);  // finds no bit
  std::thread next([&] { CHECK(place.Wait(ids[2], 2) == ParkResult::kWoken); });
  AwaitSleepers(arena, {ids[2]});
  looked.open.store(true);
  stale.join();
  place->word.store(3);
  place.WakeUp(kWakeAll);
  next.join();
  for (int32_t id : ids) RetireParticipant(arena, id);
}
#endif

// A semaphore: every token wakes one, few are in flight, so that a single lost wake brings all to a stop.
void TestTokens(Arena& arena, int32_t self, int waiters, int wakers, int tokens_each) {
  const Place place = Place::In(arena, self);
  const int32_t total = wakers * tokens_each;
  std::atomic<int32_t> consumed{0};
  std::atomic<int32_t> produced{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < waiters; ++i) {
    threads.emplace_back([&, i] {
      const int32_t id = Join(arena);
      for (;;) {
        int32_t tokens = place->word.load();
        if (tokens < 0) break;
        if (tokens == 0) {
          // Some give up now and then: a wake in their hands must not be lost.
          const int64_t deadline = i % 2 == 0 ? kForever : MonotonicNow() + 200'000;
          static_cast<void>(place.Wait(id, 0, deadline, i % 3 == 0 ? 5'000 : 0));
          continue;
        }
        if (place->word.compare_exchange_strong(tokens, tokens - 1)) ++consumed;
      }
      RetireParticipant(arena, id);
    });
  }
  for (int i = 0; i < wakers; ++i) {
    threads.emplace_back([&, i] {
      for (int t = 0; t < tokens_each; ++t) {
        ++produced;
        place->word.fetch_add(1);
        place.WakeUp(1);
        while (produced.load() - consumed.load() > 1 + i) std::this_thread::yield();
      }
    });
  }
  for (int i = waiters; i < waiters + wakers; ++i) threads[static_cast<size_t>(i)].join();
  while (consumed.load() < total) usleep(500);
  CHECK_EQ(consumed.load(), total);
  CHECK_EQ(place->word.exchange(-1), 0);
  place.WakeUp(kWakeAll);
  for (int i = 0; i < waiters; ++i) threads[static_cast<size_t>(i)].join();
}

// What src/synchronize/loop-waits.ts does on an event loop.
class EventLoop {
 public:
  EventLoop(Arena& arena, int32_t id) : arena_(arena), id_(id) {
    CHECK(OpenDoorbell({arena.header().family, SlotOf(id), GenerationOf(id)}, &doorbell_).ok());
    me().doorbell_fd.store(doorbell_.event_fd);
  }
  ~EventLoop() {
    me().doorbell_fd.store(-1);
    CloseDoorbell(&doorbell_);
  }

  // Sleeps until the doorbell rings, unless the word has changed already.
  void Wait(const Place& place, int32_t expected) {
    me().doorbell_armed.store(++armings_);
    const uint64_t bit = FilterBit(place.offset);
    me().filter[0].fetch_or(static_cast<uint32_t>(bit));
    me().filter[1].fetch_or(static_cast<uint32_t>(bit >> 32));
    place->point.async_bits.fetch_or(uint32_t{1} << (SlotOf(id_) % 32));
    place->point.event.fetch_add(kEventStep);
    place->point.event.fetch_or(kAsyncWaiters);
    if (place->word.load() != expected) return;
    pollfd fds[] = {{doorbell_.event_fd, POLLIN, 0}, {doorbell_.socket_fd, POLLIN, 0}};
    while (poll(fds, 2, -1) < 0) {
    }
    DrainEvents(doorbell_);
    DrainSocket(doorbell_);
  }

 private:
  Participant& me() { return arena_.participant(SlotOf(id_)); }
  Arena& arena_;
  int32_t id_;
  int32_t armings_ = 0;
  Doorbell doorbell_;
};

// Loops and sleeping threads on one point, several wakers: everybody sees every step.
void TestEventLoops(Arena& arena, int32_t self, int steps) {
  const Place place = Place::In(arena, self);
  constexpr int kLoops = 3;
  std::atomic<int32_t> seen[kLoops + 1] = {};
  std::vector<std::thread> threads;
  for (int i = 0; i <= kLoops; ++i) {
    threads.emplace_back([&, i] {
      const int32_t id = Join(arena);
      {
        EventLoop loop(arena, id);
        for (int32_t last = 0; last < steps; last = seen[i].load()) {
          if (i < kLoops) {
            loop.Wait(place, last);
          } else {
            static_cast<void>(place.Wait(id, last));
          }
          seen[i].store(place->word.load());
        }
      }
      RetireParticipant(arena, id);
    });
  }
  std::vector<std::thread> wakers;
  for (int w = 0; w < 2; ++w) {
    wakers.emplace_back([&, w] {
      for (int step = 1; step <= steps; ++step) {
        if (step % 2 == w) {
          place->word.store(step);
          place.WakeUp(kWakeAll);
        } else {
          place.WakeUp(1);  // for nothing
        }
        for (std::atomic<int32_t>& one : seen) {
          while (one.load() < step) std::this_thread::yield();
        }
      }
    });
  }
  for (std::thread& waker : wakers) waker.join();
  for (std::thread& thread : threads) thread.join();
}

// Without a descriptor to be had the ring fails and the doorbell stays armed; later it works.
void TestRingsWithoutDescriptors() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const Place place = Place::In(arena, self);
  const int32_t loop_id = Join(arena);
  EventLoop loop(arena, loop_id);
  Participant& slot = arena.participant(SlotOf(loop_id));
  std::atomic<bool> over{false};
  std::thread thread([&] {
    while (place->word.load() == 0) loop.Wait(place, 0);
    over.store(true);
  });
  while ((place->point.event.load() & kAsyncWaiters) == 0) usleep(1'000);
  usleep(20'000);
  rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{0, limit.rlim_max};
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  place->word.store(1);
  place.WakeUp(1);
  CHECK(slot.doorbell_armed.load() != 0);
  CHECK(!over.load());
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  place.WakeUp(1);
  thread.join();
}

}  // namespace

int main() {
  Watch(60);
#ifdef FORKLESS_KILL_POINTS
  SetPointHook(&HoldUp);
#endif
  TestRingsWithoutDescriptors();  // while nobody has rung yet
  Arena& arena = NewFamily(16 << 20);
  const int32_t self = Join(arena);
  TestTimeoutsAndSignals(arena, self);
  TestWakesAsManyAsAsked(arena, self);
  TestPingPong(arena, self, 0, 1'000 * kScale);
  TestPingPong(arena, self, 20'000, 2'000 * kScale);
  TestTokens(arena, self, 4, 1, 2'000 * kScale);
  TestTokens(arena, self, 3, 3, 2'000 * kScale);
  TestTokens(arena, self, 1, 4, 2'000 * kScale);
  TestEventLoops(arena, self, 300 * kScale);
#ifdef FORKLESS_KILL_POINTS
  TestStaleSleeper(arena, self);
  // The same with every thread held up now and then wherever another could overtake it.
  delays.store(true);
  TestPingPong(arena, self, 0, 1'000);
  TestTokens(arena, self, 4, 1, 1'000);
  TestTokens(arena, self, 3, 3, 500);
  TestEventLoops(arena, self, 200);
#endif
  CHECK_EQ(CheckHeap(arena, self), 0);
  return 0;
}
