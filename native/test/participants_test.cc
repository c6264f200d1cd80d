// The table of participants: who is in it, who has ended, and what becomes of what the ended ones had.
#include <pthread.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "platform/process_identity.h"
#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

StateWord StateOf(const Arena& arena, int32_t id) { return Unpack(arena.participant(SlotOf(id)).state.load()); }

void TestRegistrationAndRetirement() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t one = Join(arena);
  const int32_t two = Join(arena);
  CHECK(one > 0 && two > 0 && one != two);
  CHECK(IsLive(arena, one) && IsPresent(arena, one));
  CHECK(ProbeParticipant(arena, one));
  Allocate(arena, 1000, two);
  RetireParticipant(arena, two);
  RetireParticipant(arena, two);
  CHECK(!IsLive(arena, two) && !IsPresent(arena, two) && !ProbeParticipant(arena, two));
  CHECK_EQ(Statistics(arena, one).holds, 0);
  const std::string longest(200, 'x');
  RenameParticipant(arena, one, longest.c_str());
  CHECK(arena.participant(SlotOf(one)).name == longest.substr(0, kParticipantNameBytes - 1));

  // Ids do not come back, neither soon nor in the same slot.
  std::set<int32_t> ids{one, two};
  std::set<uint32_t> slots;
  for (int i = 0; i < 2'000; ++i) {
    const int32_t id = Join(arena);
    CHECK(ids.insert(id).second);
    slots.insert(SlotOf(id));
    RetireParticipant(arena, id);
  }
  CHECK(slots.size() > 100);
  CHECK_EQ(CheckHeap(arena, one), 0);
}

// The generation before its last value: the next one is 1, never 0.
void TestGenerationsWrapAround() {
  Arena& arena = NewFamily(8 << 20);
  arena.participant(0).state.store(Pack({0, static_cast<uint32_t>(kGenerationMask), kFree}));
  const int32_t last = Join(arena);
  CHECK_EQ(last, (kGenerationMask << kSlotBits));
  RetireParticipant(arena, last);
  CHECK_EQ(StateOf(arena, last).generation, 1);
}

void TestFullTable() {
  Arena& arena = NewFamily(8 << 20);
  std::vector<int32_t> ids;
  int32_t id = 0;
  Status status = Status::Ok();
  while ((status = RegisterParticipant(arena, "one of many", &id)).ok()) ids.push_back(id);
  CHECK(status.code == Code::kTooMany);
  CHECK(ReserveParticipant(arena, "child", &id).code == Code::kTooMany);
  CHECK(ids.size() >= 4'000 && ids.size() < kParticipantSlots);
  RetireParticipant(arena, ids[1'000]);
  CHECK_EQ(SlotOf(Join(arena)), SlotOf(ids[1'000]));
  CHECK_EQ(CheckHeap(arena, ids[0]), 0);
}

void TestReservedSlots() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  int32_t child = 0;
  CHECK(ReserveParticipant(arena, "child", &child).ok());
  CHECK(!IsLive(arena, child) && IsPresent(arena, child));
  CHECK(TakeReservedParticipant(arena, child));
  CHECK(IsLive(arena, child));
  ConfirmParticipant(arena, child, 1);  // too late: it changes nothing
  CHECK(IsLive(arena, child));
  CHECK_EQ(StateOf(arena, child).pid, OwnPid());
  CHECK(!TakeReservedParticipant(arena, child));
  RetireParticipant(arena, child);
  CHECK(!TakeReservedParticipant(arena, child));
  CHECK(!TakeReservedParticipant(arena, 0));
  CHECK(!TakeReservedParticipant(arena, -1));
  // Given back unused, with what was held for it.
  CHECK(ReserveParticipant(arena, "child", &child).ok());
  Block block;
  CHECK(AllocateBlock(arena, 100, 0, self, child, &block).ok());
  RetireParticipant(arena, child);
  CHECK_EQ(Statistics(arena, self).holds, 0);
}

// Somebody else had our pid before us and was never recovered.
void TestPredecessorWithOurPid() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const int32_t former = Join(arena);
  Allocate(arena, 100, former);
  Participant& slot = arena.participant(SlotOf(former));
  slot.start_time.store(slot.start_time.load() - 1);
  CHECK(!ProbeParticipant(arena, former));
  CHECK(!IsPresent(arena, former));
  CHECK(ProbeParticipant(arena, self));
  CHECK_EQ(Statistics(arena, self).holds, 0);
}

void TestThreadsClaimDifferentSlots() {
  Arena& arena = NewFamily(8 << 20);
  std::vector<std::thread> threads;
  std::vector<int32_t> ids[4];
  for (std::vector<int32_t>& mine : ids) {
    threads.emplace_back([&arena, &mine] {
      for (int i = 0; i < 200; ++i) {
        mine.push_back(Join(arena));
        if (i % 3 == 0) {
          RetireParticipant(arena, mine.back());
          mine.pop_back();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<uint32_t> slots;
  for (const std::vector<int32_t>& mine : ids) {
    for (int32_t id : mine) {
      CHECK(IsLive(arena, id));
      CHECK(slots.insert(SlotOf(id)).second);
    }
  }
}

// ---- With processes --------------------------------------------------------------------------------

void TestDeadChildIsRecovered() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const Block kept = Allocate(arena, 100, self);
  int32_t id = 0;
  CHECK(ReserveParticipant(arena, "child", &id).ok());
  CHECK(HoldBlock(arena, kept, self, id).ok());
  const pid_t child = Fork([&] {
    CHECK(TakeReservedParticipant(arena, id));
    const int32_t second = Join(arena);
    for (int i = 0; i < 50; ++i) Allocate(arena, 5'000, i % 2 == 0 ? id : second);
    raise(SIGSTOP);
  });
  ConfirmParticipant(arena, id, child);
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  CHECK(IsLive(arena, id));
  CHECK(ProbeParticipant(arena, id));  // stopped is not dead
  CHECK_EQ(RecoverAllDead(arena), 0);
  CHECK_EQ(Statistics(arena, self).holds, 52);
  CHECK_EQ(KillAndReap(child), -SIGKILL);
  CHECK_EQ(RecoverAllDead(arena), 2);
  CHECK_EQ(RecoverAllDead(arena), 0);
  CHECK(!IsPresent(arena, id));
  CHECK_EQ(Statistics(arena, self).holds, 1);
  CHECK_EQ(CheckHeap(arena, self), 0);
}

// A zombie has ended, too, and the reaper recovers before it reaps.
void TestZombieIsDead() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const pid_t child = Fork([&] {
    Allocate(arena, 100, Join(arena));
    raise(SIGKILL);
  });
  siginfo_t info;
  CHECK(waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) == 0);
  CHECK(!IsProcessAlive(child, 0));
  CHECK_EQ(StartTimeOf(child), 0);
  RecoverProcess(child);
  CHECK_EQ(Statistics(arena, self).holds, 0);
  CHECK_EQ(Reap(child), -SIGKILL);
}

// The end of a former process with this pid is none of the participant that has it now.
void TestPidOfTheDeadIsReused() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const Block shared = Allocate(arena, sizeof(int32_t), self);
  const pid_t child = Fork([&] {
    *arena.At<int32_t>(shared.offset) = Join(arena);
    raise(SIGSTOP);
  });
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
  const int32_t id = *arena.At<int32_t>(shared.offset);
  RecoverProcess(child);
  CHECK(IsLive(arena, id));
  KillAndReap(child);
  RecoverProcess(child);
  CHECK(!IsLive(arena, id));
}

// Its first thread has ended; another one still works.
void TestProcessLivesWithItsLastThread() {
  const pid_t child = Fork([] {
    std::thread([] {
      for (;;) pause();
    }).detach();
    pthread_exit(nullptr);
  });
  usleep(100'000);
  const uint64_t start_time = StartTimeOf(child);
  CHECK(start_time != 0);
  CHECK(IsProcessAlive(child, start_time));
  CHECK(!IsProcessAlive(child, start_time + 1));
  CHECK_EQ(KillAndReap(child), -SIGKILL);
  CHECK(!IsProcessAlive(child, start_time));
}

void TestParentDiesBeforeItsChildStarts() {
  Arena& arena = NewFamily(8 << 20);
  const int32_t self = Join(arena);
  const Block shared = Allocate(arena, sizeof(int32_t), self);
  const pid_t parent = Fork([&] {
    int32_t id = 0;
    CHECK(ReserveParticipant(arena, "child", &id).ok());
    Block block;
    CHECK(AllocateBlock(arena, 100, 0, Join(arena), id, &block).ok());
    *arena.At<int32_t>(shared.offset) = id;
    raise(SIGKILL);
  });
  CHECK_EQ(Reap(parent), -SIGKILL);
  CHECK_EQ(RecoverAllDead(arena), 2);
  CHECK(!TakeReservedParticipant(arena, *arena.At<int32_t>(shared.offset)));
  CHECK_EQ(Statistics(arena, self).holds, 1);
}

// Everybody in a full table is dead, and the one who comes has no slot yet.
void TestTableFullOfDead() {
  Arena& arena = NewFamily(8 << 20);
  const pid_t child = Fork([&] {
    int32_t id = 0;
    while (RegisterParticipant(arena, "doomed", &id).ok()) {
    }
    raise(SIGKILL);
  });
  CHECK_EQ(Reap(child), -SIGKILL);
  const int32_t self = Join(arena);
  CHECK(IsLive(arena, self));
  CHECK_EQ(CheckHeap(arena, self), 0);
}

}  // namespace

int main() {
  Watch(60);
  TestRegistrationAndRetirement();
  TestGenerationsWrapAround();
  TestFullTable();
  TestReservedSlots();
  TestPredecessorWithOurPid();
  if (kMayFork) {
    TestDeadChildIsRecovered();
    TestZombieIsDead();
    TestPidOfTheDeadIsReused();
    TestProcessLivesWithItsLastThread();
    TestParentDiesBeforeItsChildStarts();
    TestTableFullOfDead();
  }
  TestThreadsClaimDifferentSlots();
  return 0;
}
