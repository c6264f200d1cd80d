// A process that does all that the core can do, for tests that kill it.
#ifndef FORKLESS_TEST_ACTOR_H_
#define FORKLESS_TEST_ACTOR_H_

#include <string.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/children.h"
#include "core/kill_point.h"
#include "core/parking.h"
#include "test/fixture.h"

namespace forkless::test {

inline constexpr int kMail = 16;

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
    switch (random_.Below(10)) {
      case 0: case 1: case 2: UseHeap(); break;
      case 6: UseCompound(); break;
      case 7: UseCycle(); break;
      case 3: UseLock(); break;
      case 4: Mail(); break;
      case 5: if (!quiet_) Signal(); break;
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

  // What a queue does: a block that is held in a role, holds others, and takes them with it.
  void UseCompound() {
    Arena& arena = world_.arena;
    Block queue;
    Status status = AllocateBlock(arena, 100, kCompoundKind, id_, id_, &queue);
    for (Block outer = queue; status.ok() && random_.Below(4) != 0;) {
      const bool is_compound = random_.Below(2) == 0;
      Block inner;
      status = AllocateBlock(arena, random_.Below(5'000) + sizeof(CompoundHeader), is_compound ? kCompoundKind : 0, id_,
                             id_, &inner);
      if (!status.ok()) break;
      CHECK(HoldPlace(arena, inner, id_, BlockHolder(outer.offset)).ok());
      DropHold(arena, inner.offset, id_, id_);
      if (random_.Below(4) == 0) DropPlace(arena, inner.offset, id_, BlockHolder(outer.offset));
      else if (is_compound) outer = inner;
    }
    CHECK(status.ok() || status.code == Code::kArenaFull);
    if (queue.offset == 0) return;
    const Block end{queue.offset | 3, queue.stamp};
    CHECK(HoldPlace(arena, end, id_, ParticipantHolder(id_)).ok());
    DropHold(arena, queue.offset, id_, id_);
    CHECK_EQ(arena.At<CompoundHeader>(queue.offset)->vacated.load(), 0);
    DropPlace(arena, end.offset, id_, ParticipantHolder(id_));
  }

  // Blocks that hold each other go once nobody else holds one of them, with all that they lead to.
  void UseCycle() {
    Arena& arena = world_.arena;
    std::vector<Block> blocks;
    for (uint64_t left = 1 + random_.Below(4); left > 0; --left) {
      Block block;
      const Status status = AllocateBlock(arena, random_.Below(5'000), kCompoundKind, id_, id_, &block);
      CHECK(status.ok() || status.code == Code::kArenaFull);
      if (!status.ok()) break;
      blocks.push_back(block);
    }
    for (size_t i = 0; i < blocks.size(); ++i) {
      const Block next = blocks[(i + 1) % blocks.size()];
      const Block any = blocks[random_.Below(blocks.size())];
      CHECK(HoldPlace(arena, next, id_, BlockHolder(blocks[i].offset)).ok());
      CHECK(HoldPlace(arena, {any.offset | 2, any.stamp}, id_, BlockHolder(blocks[i].offset)).ok());
    }
    for (const Block& block : blocks) DropHold(arena, block.offset, id_, id_);
    for (const Block& block : blocks) CHECK(HoldBlock(arena, block, id_, id_).code == Code::kGone);
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

  // From now on it wakes nobody who waits for news.
  void BeQuiet() { quiet_ = true; }

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
  bool quiet_ = false;
};

// From the sources, so that a new one is not forgotten.
inline std::vector<std::string> AllKillPoints() {
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

}  // namespace forkless::test

#endif  // FORKLESS_TEST_ACTOR_H_
