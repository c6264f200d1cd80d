// POSIX semaphores and the thread that waits for them: permits are neither lost nor made.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <limits>
#include <map>
#include <string>
#include <thread>

#include "core/posix_semaphore.h"
#include "core/semaphore_waiter.h"
#include "platform/futex.h"
#include "test/check.h"

using forkless::DeadlineAt;
using forkless::kForever;
using forkless::MonotonicNow;
using forkless::PosixSemaphore;
using forkless::SemaphoreWaiter;
using forkless::Status;
using Outcome = forkless::SemaphoreWaiter::Outcome;

namespace {

int64_t DeadlineAfter(int64_t ms) { return MonotonicNow() + ms * 1'000'000; }

void TestNames() {
  const std::string name = "/forkless-test-" + std::to_string(getpid());
  PosixSemaphore missing;
  CHECK_EQ(PosixSemaphore::Open(name.c_str(), &missing).error, ENOENT);
  PosixSemaphore made;
  CHECK(PosixSemaphore::Create(name.c_str(), true, 0600, 2, &made).ok());
  PosixSemaphore again;
  CHECK_EQ(PosixSemaphore::Create(name.c_str(), true, 0600, 2, &again).error, EEXIST);
  CHECK(PosixSemaphore::Create(name.c_str(), false, 0600, 7, &again).ok());
  CHECK_EQ(again.Value(), 2);
  CHECK(again.TryAcquire());
  CHECK_EQ(made.Value(), 1);
  CHECK(PosixSemaphore::Unlink(name.c_str()).ok());
  CHECK_EQ(PosixSemaphore::Unlink(name.c_str()).error, ENOENT);
  PosixSemaphore moved(std::move(made));
  CHECK(made.get() == nullptr);
  CHECK(moved.TryAcquire());
  CHECK(!moved.TryAcquire());
}

void TestDeadlinesAndSignals() {
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, 0).ok());
  PosixSemaphore semaphore = PosixSemaphore::At(&memory);
  const int64_t started = MonotonicNow();
  CHECK(!semaphore.Acquire(DeadlineAfter(30)));
  CHECK(MonotonicNow() - started >= 30'000'000);
  CHECK_EQ(DeadlineAt(1.5), 1'500'000);
  CHECK_EQ(DeadlineAt(1e300), kForever);
  CHECK_EQ(DeadlineAt(std::numeric_limits<double>::infinity()), kForever);

  struct sigaction action {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  const pthread_t waiting = pthread_self();
  std::thread disturber([&] {
    for (int i = 0; i < 5; ++i) {
      usleep(5'000);
      pthread_kill(waiting, SIGUSR1);
    }
    CHECK(semaphore.Release(1).ok());
  });
  CHECK(semaphore.Acquire(kForever));
  disturber.join();

  CHECK_EQ(PosixSemaphore::Init(&memory, 0x80000000u).error, EINVAL);
  CHECK(PosixSemaphore::Init(&memory, SEM_VALUE_MAX - 1).ok());
  CHECK_EQ(semaphore.Release(2).error, EOVERFLOW);
  CHECK(semaphore.Release(1).ok());
}

// Collects what a waiter settles.
struct Collector {
  sem_t news;
  Collector() { sem_init(&news, 0, 0); }
  static void OnNews(void* self) { sem_post(&static_cast<Collector*>(self)->news); }

  std::map<uint32_t, Outcome> outcomes;
  Outcome Await(SemaphoreWaiter& waiter, uint32_t ticket) {
    while (outcomes.count(ticket) == 0) {
      sem_wait(&news);
      for (const auto& [settled, outcome] : waiter.Take()) {
        CHECK(outcomes.emplace(settled, outcome).second);  // each once
      }
    }
    return outcomes[ticket];
  }
};

void TestWaiterSettlesInOrder() {
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, 0).ok());
  Collector collector;
  SemaphoreWaiter waiter(&memory, Collector::OnNews, &collector);
  CHECK_EQ(waiter.Add(1, kForever), 0);
  CHECK_EQ(waiter.Add(2, DeadlineAfter(10)), 0);
  CHECK_EQ(waiter.Add(3, kForever), 0);
  CHECK(collector.Await(waiter, 2) == Outcome::kTimedOut);
  sem_post(&memory);
  CHECK(collector.Await(waiter, 1) == Outcome::kAcquired);
  CHECK_EQ(collector.outcomes.count(3), 0);
  waiter.Cancel(3);
  CHECK(collector.Await(waiter, 3) == Outcome::kCancelled);
  waiter.Cancel(3);  // changes nothing any more
}

void TestCancelledWaitLeavesThePermit() {
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, 0).ok());
  PosixSemaphore semaphore = PosixSemaphore::At(&memory);
  Collector collector;
  SemaphoreWaiter waiter(&memory, Collector::OnNews, &collector);
  for (uint32_t round = 0; round < 40; ++round) {
    const bool post_at_once = round % 2 == 0;
    CHECK_EQ(waiter.Add(round, kForever), 0);
    if (round % 4 < 2) usleep(500);  // until the thread sleeps in sem_clockwait
    waiter.Cancel(round);
    if (post_at_once) sem_post(&memory);
    CHECK(collector.Await(waiter, round) == Outcome::kCancelled);
    if (!post_at_once) sem_post(&memory);
    // Nobody takes it, not even for a moment.
    const int64_t until = MonotonicNow() + 300'000;
    while (MonotonicNow() < until) CHECK_EQ(semaphore.Value(), 1);
    CHECK(semaphore.TryAcquire());
  }
}

void TestDestructionGivesPermitsBack() {
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, 3).ok());
  Collector collector;
  {
    SemaphoreWaiter waiter(&memory, Collector::OnNews, &collector);
    for (uint32_t ticket = 0; ticket < 5; ++ticket) CHECK_EQ(waiter.Add(ticket, kForever), 0);
    usleep(30'000);
  }
  CHECK_EQ(PosixSemaphore::At(&memory).Value(), 3);
}

// Several waiters of one semaphore, with cancellations all the time: in the end the sum is right.
void TestPermitsAreConserved() {
  constexpr uint32_t kRounds = 300;
  constexpr int kPermits = 2;
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, kPermits).ok());
  std::atomic<int> inside{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      Collector collector;
      SemaphoreWaiter waiter(&memory, Collector::OnNews, &collector);
      for (uint32_t ticket = 0; ticket < kRounds; ++ticket) {
        CHECK_EQ(waiter.Add(ticket, ticket % 3 == 0 ? DeadlineAfter(1) : kForever), 0);
        if (ticket % 5 == static_cast<uint32_t>(i)) waiter.Cancel(ticket);
        if (collector.Await(waiter, ticket) != Outcome::kAcquired) continue;
        CHECK(inside.fetch_add(1) < kPermits);
        inside.fetch_sub(1);
        sem_post(&memory);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(PosixSemaphore::At(&memory).Value(), kPermits);
}

void TestThreadEndsWhenIdleAndStartsAgain() {
  sem_t memory;
  CHECK(PosixSemaphore::Init(&memory, 2).ok());
  Collector collector;
  SemaphoreWaiter waiter(&memory, Collector::OnNews, &collector);
  CHECK_EQ(waiter.Add(1, kForever), 0);
  CHECK(collector.Await(waiter, 1) == Outcome::kAcquired);
  usleep(forkless::kIdleNs / 1000 + 200'000);
  CHECK_EQ(waiter.Add(2, kForever), 0);
  CHECK(collector.Await(waiter, 2) == Outcome::kAcquired);
}

}  // namespace

int main() {
  TestNames();
  TestDeadlinesAndSignals();
  TestWaiterSettlesInOrder();
  TestCancelledWaitLeavesThePermit();
  TestDestructionGivesPermitsBack();
  TestPermitsAreConserved();
  TestThreadEndsWhenIdleAndStartsAgain();
  return 0;
}
