// Death at every kill point of the core, and at random moments: nothing hangs, nothing is corrupt, nothing leaks.
//
//   FORKLESS_TORTURE_SECONDS   how long the random part goes on (5)
//   FORKLESS_TORTURE_SEED      its random numbers
#include <poll.h>
#include <string.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "core/children.h"
#include "core/kill_point.h"
#include "core/parking.h"
#include "platform/doorbell.h"
#include "platform/process_identity.h"
#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

constexpr int kMail = 16;
constexpr int kWorkers = 4;

// What all processes of a test share: a block that everybody holds.
struct Control {
  OwnerLock lock;
  int64_t counter;  // behind the lock: equal, unless the holder was killed
  int64_t copy;
  Block mail[kMail];  // behind the lock: blocks that others may hold or not, gone or not
  WaitPoint news_point;
  std::atomic<int32_t> news;
  std::atomic<int32_t> news_seen;
  WaitPoint token_point;
  std::atomic<int32_t> tokens;
  std::atomic<int32_t> stop;
  std::atomic<int32_t> go;
  std::atomic<int32_t> killed;  // at the place where it was asked for
  std::atomic<int64_t> progress;
};

struct World {
  Arena& arena;
  Block block;
  int32_t self;

  static World Make(uint64_t max_bytes) {
    Arena& arena = NewFamily(max_bytes);
    const int32_t self = Join(arena);
    return {arena, Allocate(arena, sizeof(Control), self), self};
  }
  [[nodiscard]] Control& control() const { return *arena.At<Control>(block.offset); }
  [[nodiscard]] uint64_t OffsetIn(size_t member) const { return block.offset + member; }
  [[nodiscard]] int32_t Enter() const {
    const int32_t id = Join(arena);
    CHECK(HoldBlock(arena, block, id, id).ok());
    return id;
  }
};

// One participant that does what comes to its mind.
class Actor {
 public:
  Actor(const World& world, int32_t id, uint64_t seed) : world_(world), id_(id), random_(seed) {}
  ~Actor() = default;

  void Act() {
    switch (random_.Below(8)) {
      case 0: case 1: case 2: UseHeap(); break;
      case 3: UseLock(); break;
      case 4: Mail(); break;
      case 5: Signal(); break;
      default: Tokens();
    }
    control().progress.fetch_add(1);
  }

  void UseHeap() {
    if (mine_.size() < 10 || (mine_.size() < 40 && random_.Below(2) == 0)) {
      const uint64_t bytes = random_.Below(10) == 0 ? random_.Below(200'000) : random_.Below(3'000);
      const auto fill = static_cast<uint8_t>(1 + random_.Below(255));
      Block block;
      const Status status = AllocateBlock(world_.arena, bytes, 0, id_, id_, &block);
      CHECK(status.ok() || status.code == Code::kArenaFull);
      if (!status.ok()) return;
      CheckFill(block, bytes, 0);
      memset(world_.arena.At<std::byte>(block.offset), fill, bytes);
      mine_.push_back({block, bytes, fill});
    } else {
      std::swap(mine_[random_.Below(mine_.size())], mine_.back());
      const Mine& last = mine_.back();
      CheckFill(last.block, last.bytes, last.fill);
      DropHold(world_.arena, last.block.offset, id_, id_);
      mine_.pop_back();
    }
  }

  // Large runs that come and go: growth, and memory that goes back to the system.
  void UseMuch() {
    std::vector<Block> blocks;
    for (int i = 0; i < 80; ++i) {
      blocks.push_back(Allocate(world_.arena, (1 << 20) - kRunHeaderBytes, id_));
    }
    for (const Block& block : blocks) DropHold(world_.arena, block.offset, id_, id_);
  }

  void UseLock() {
    Lock();
    CHECK_EQ(control().counter, control().copy);
    ++control().counter;
    if (random_.Below(20) == 0) usleep(200);  // so that others go to sleep
    ++control().copy;
    Unlock();
  }

  // Puts a block where others can find it, or holds one that it finds there.
  void Mail() {
    Lock();
    Block& place = control().mail[random_.Below(kMail)];
    const Block found = place;
    if (random_.Below(2) == 0 && !mine_.empty()) place = mine_[random_.Below(mine_.size())].block;
    Unlock();
    if (found.offset == 0) return;
    const Status status = HoldBlock(world_.arena, found, id_, id_);
    CHECK(status.ok() || status.code == Code::kGone);
    if (!status.ok()) return;
    const auto own = std::find_if(mine_.begin(), mine_.end(), [&found](const Mine& one) {
      return one.block.offset == found.offset;
    });
    if (own == mine_.end()) DropHold(world_.arena, found.offset, id_, id_);
  }

  void Signal() {
    control().news.fetch_add(1);
    Wake(world_.arena, world_.OffsetIn(offsetof(Control, news_point)), random_.Below(2) == 0 ? 1 : kWakeAll);
  }

  // A semaphore with few tokens: takes one if it can (waiting a little), gives one now and then.
  void Tokens() {
    std::atomic<int32_t>& tokens = control().tokens;
    const uint64_t point = world_.OffsetIn(offsetof(Control, token_point));
    if (random_.Below(3) != 0) {
      if (tokens.load() < 3) tokens.fetch_add(1);
      Wake(world_.arena, point, 1);
      return;
    }
    int32_t seen = tokens.load();
    if (seen == 0) {
      static_cast<void>(Park(world_.arena, {.self = id_,
                                            .point = point,
                                            .condition = world_.OffsetIn(offsetof(Control, tokens)),
                                            .expected = 0,
                                            .owner = 0,
                                            .deadline = MonotonicNow() + 2'000'000,
                                            .spin_ns = 0}));
      seen = tokens.load();
    }
    while (seen > 0 && !tokens.compare_exchange_weak(seen, seen - 1)) {
    }
  }

  // Children that end, in all ways.
  void Breed() {
    Arena& arena = world_.arena;
    int32_t child_id = 0;
    CHECK(ReserveParticipant(arena, "child", &child_id).ok());
    CHECK(HoldBlock(arena, world_.block, id_, child_id).ok());
    const pid_t orderly = Fork([&] {
      CHECK(TakeReservedParticipant(arena, child_id));
      Allocate(arena, 500, child_id);
    });
    ConfirmParticipant(arena, child_id, orderly);
    Bury(orderly);
    Bury(Fork([&] {  // dies with the heap in its hands
      const int32_t id = Join(arena);
      SetKillTarget("heap.hold.published", 1, nullptr);
      Allocate(arena, 50'000, id);
    }));
    Bury(Fork([&] {  // and with a lock
      Actor child(world_, world_.Enter(), 1);
      child.Lock();
      raise(SIGKILL);
    }));
    UseLock();
  }

  void UseNamed(const std::string& name) {
    for (int i = 0; i < 2; ++i) {
      Arena* arena = nullptr;
      CHECK(Arena::CreateNamed(name, 4 << 20, &arena).ok());
      const int32_t id = Join(*arena);
      arena->Publish();
      int32_t second = 0;
      CHECK(Arena::EnterNamed(name, "again", &arena, &second).ok());
      Allocate(*arena, 100'000, second);
      RetireParticipant(*arena, second);
      RetireParticipant(*arena, id);
      CHECK(arena->RemoveIfUnused());
    }
  }

  // A program that never takes the slot that was kept for it: with its end all is gone that was held for it.
  void Spawn() {
    ChildRequest request;
    request.plan.file = "/bin/true";
    request.plan.arguments = {"true"};
    request.stdio = Stdio::kIgnore;
    request.arena = &world_.arena;
    request.self = id_;
    request.name = "spawned";
    request.record.assign(1'000, 1);
    StartedChild child;
    CHECK(StartChild(request, nullptr, &child).ok());
    CHECK(child.process->WaitUntil(kForever));
  }

  void Leave() { RetireParticipant(world_.arena, id_); }

 private:
  struct Mine {
    Block block;
    uint64_t bytes;
    uint8_t fill;
  };

  [[nodiscard]] Control& control() const { return world_.control(); }

  void CheckFill(Block block, uint64_t bytes, uint8_t fill) const {
    const auto* begin = world_.arena.At<std::byte>(block.offset);
    CHECK(bytes == 0 || (begin[0] == std::byte{fill} && memcmp(begin, begin + 1, bytes - 1) == 0));
  }

  void Lock() {
    bool abandoned = false;
    AcquireOwnerLock(world_.arena, world_.OffsetIn(offsetof(Control, lock)), id_, &abandoned);
    if (!abandoned) return;
    control().copy = control().counter;
    for (Block& place : control().mail) place = {};  // half-written, perhaps
  }
  void Unlock() { ReleaseOwnerLock(world_.arena, world_.OffsetIn(offsetof(Control, lock)), id_); }

  void Bury(pid_t child) {
    const int end = Reap(child);
    CHECK(end == 0 || end == -SIGKILL);
    RecoverAllDead(world_.arena);
  }

  const World& world_;
  int32_t id_;
  Random random_;
  std::vector<Mine> mine_;
};

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
    DrainDoorbell(doorbell_);
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

std::vector<std::string> AllKillPoints() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(FORKLESS_SOURCES "/core")) {
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      const size_t begin = line.find("KILL_POINT(\"");
      if (begin == std::string::npos) continue;
      const size_t from = begin + strlen("KILL_POINT(\"");
      names.push_back(line.substr(from, line.find('"', from) - from));
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  CHECK(names.size() > 30);
  return names;
}

// Whether a child of this test was killed at the point; false when nobody came there so often.
bool TestDeathAt(const std::string& name, int count, uint64_t seed) {
  const World world = World::Make(256 << 20);
  Arena& arena = world.arena;
  Control& control = world.control();
  const std::string file = "crash-" + std::to_string(getpid());

  const pid_t bystander = Fork([&] {
    Actor actor(world, world.Enter(), seed + 1);
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
      for (int again = 0; !killed && count == 1 && again < 20; ++again) {
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

// ---- At random -------------------------------------------------------------------------------------

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
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  for (const char* place : {"wake.bumped", "wake.some-woken", "wake.sync-done", "wake.rung", "ring.rung"}) {
    for (int count : {1, kWakeAll}) {
      TestNextWakerReachesSleepers(place, count, true);
      TestNextWakerReachesSleepers(place, count, false);
    }
  }
  TestDeathAtEveryKillPoint();
  Torture();
  return 0;
}
