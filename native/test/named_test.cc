// Named arenas: exactly one creator wins, whoever dies, and the name goes with the last user.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

constexpr uint64_t kBytes = 4 << 20;

// A name of this run; `FileOf` is what it is called in the file system.
std::string NewName() {
  static int number = 0;
  return "test-" + std::to_string(getpid()) + "-" + std::to_string(++number);
}
std::string FileOf(const std::string& name) { return "/forkless-" + std::to_string(getuid()) + "-" + name; }
bool IsThere(const std::string& name) { return access(("/dev/shm" + FileOf(name)).c_str(), F_OK) == 0; }

size_t OpenDescriptors() {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1 : 0;
  return count;
}

struct Entered {
  Arena* arena = nullptr;
  int32_t id = 0;
  Status status;
};

Entered Create(const std::string& name) {
  Entered made;
  made.status = Arena::CreateNamed(name, kBytes, &made.arena);
  if (!made.status.ok()) return made;
  made.id = Join(*made.arena);
  Block root;
  CHECK(AllocateBlock(*made.arena, 64, 0, made.id, made.id, &root).ok());
  made.arena->header().root_block.store(root.offset);
  made.arena->Publish();
  return made;
}

Entered Open(const std::string& name) {
  Entered entered;
  entered.status = Arena::EnterNamed(name, "test", &entered.arena, &entered.id);
  return entered;
}

// True when the name went with it.
bool Leave(const Entered& entered) {
  RetireParticipant(*entered.arena, entered.id);
  return entered.arena->RemoveIfUnused();
}

void TestLifeOfAName() {
  const std::string name = NewName();
  CHECK(Open(name).status.code == Code::kNotFound);
  const Entered creator = Create(name);
  CHECK(creator.status.ok());
  CHECK(IsThere(name));
  CHECK(Create(name).status.code == Code::kExists);
  const Entered user = Open(name);
  CHECK(user.status.ok());
  CHECK(user.arena == creator.arena);  // one mapping per process
  CHECK(user.arena->header().root_block.load() != 0);
  CHECK(!Leave(creator));
  CHECK(IsThere(name));
  CHECK(Leave(user));
  CHECK(!user.arena->RemoveIfUnused());
  CHECK(!IsThere(name));
  CHECK(Open(name).status.code == Code::kNotFound);
  const Entered second = Create(name);
  CHECK(second.status.ok());
  CHECK(second.arena != creator.arena);
  CHECK(Leave(second));
}

void TestNothingStaysOpen() {
  const size_t before = OpenDescriptors();
  for (int i = 0; i < 20; ++i) {
    const std::string name = NewName();
    const Entered creator = Create(name);
    CHECK(Create(name).status.code == Code::kExists);
    CHECK(!Leave(Open(name)));
    CHECK(Leave(creator));
    CHECK(Open(name).status.code == Code::kNotFound);
  }
  CHECK_EQ(OpenDescriptors(), before);
}

void TestCreatorThatGivesUp() {
  const std::string name = NewName();
  Arena* arena = nullptr;
  CHECK(Arena::CreateNamed(name, kBytes, &arena).ok());
  CHECK(IsThere(name));
  CHECK(arena->RemoveIfUnused());
  CHECK(!IsThere(name));
  CHECK(Arena::CreateNamed(name, kBytes, &arena).ok());
  const int32_t id = Join(*arena);
  RetireParticipant(*arena, id);
  CHECK(arena->RemoveIfUnused());
  CHECK(!IsThere(name));
}

void WriteFile(const std::string& name, const std::string& content) {
  const int fd = shm_open(FileOf(name).c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
  CHECK(fd >= 0);
  CHECK(write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  close(fd);
}

// What is not ours is neither opened nor removed.
void TestForeignFiles() {
  const size_t before = OpenDescriptors();
  const std::string name = NewName();
  std::vector<std::pair<std::string, Code>> files;
  files.emplace_back("short", Code::kForeign);
  files.emplace_back(std::string(100'000, 'x'), Code::kForeign);
  const auto with_header = [](void (*change)(ArenaHeader&), size_t bytes) {
    Arena& family = NewFamily(kBytes);
    std::string content(family.header().data_offset, '\0');
    change(family.header());
    memcpy(content.data(), family.base(), sizeof(ArenaHeader));
    if (bytes != 0) content.resize(bytes);
    return content;
  };
  const size_t families = OpenDescriptors();
  files.emplace_back(with_header([](ArenaHeader& header) { header.layout_version = 99; }, 0), Code::kWrongVersion);
  files.emplace_back(with_header([](ArenaHeader& header) { header.layout_version = 99; header.state.store(0); }, 0),
                     Code::kWrongVersion);
  files.emplace_back(with_header([](ArenaHeader&) {}, 50'000), Code::kForeign);  // truncated
  files.emplace_back(with_header([](ArenaHeader& header) { header.page_end.store(5); }, 0), Code::kForeign);
  files.emplace_back(with_header([](ArenaHeader& header) { header.max_bytes = UINT64_MAX; }, 0), Code::kForeign);
  files.emplace_back(with_header([](ArenaHeader& header) { header.data_offset += 8; }, 0), Code::kForeign);
  files.emplace_back(with_header([](ArenaHeader& header) { header.slot_end.store(1 << 30); }, 0), Code::kForeign);
  const size_t made = OpenDescriptors() - families;
  for (const auto& [content, code] : files) {
    WriteFile(name, content);
    CHECK(Open(name).status.code == code);
    CHECK(Create(name).status.code == code);
    CHECK(IsThere(name));
    CHECK(shm_unlink(FileOf(name).c_str()) == 0);
  }
  CHECK_EQ(OpenDescriptors(), before + made);
}

// A file that is being built is waited for, for a while.
void TestOpenWhileItIsBuilt() {
  const std::string name = NewName();
  Arena* arena = nullptr;
  CHECK(Arena::CreateNamed(name, kBytes, &arena).ok());
  const int32_t id = Join(*arena);
  std::thread builder([arena] {
    usleep(100'000);
    arena->header().root_block.store(1);
    arena->Publish();
  });
  const Entered user = Open(name);
  CHECK(user.status.ok());
  CHECK_EQ(user.arena->header().root_block.load(), 1);
  builder.join();
  CHECK(!Leave(user));
  CHECK(Leave({arena, id, Status::Ok()}));

  // Half-built for too long (somebody has the lock): there is an answer, and the file is left alone.
  CHECK(Arena::CreateNamed(name, kBytes, &arena).ok());
  CHECK(Open(name).status.code == Code::kNotReady);
  CHECK(Create(name).status.code == Code::kExists);
  CHECK(arena->RemoveIfUnused());
  CHECK(!IsThere(name));
}

void TestThreadsCreateAndLeave() {
  const std::string name = NewName();
  std::atomic<int> created{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const Entered made = Create(name);
        if (made.status.ok()) {
          ++created;
          Leave(made);
        } else {
          CHECK(made.status.code == Code::kExists);
        }
        const Entered user = Open(name);
        if (user.status.ok()) {
          CHECK(user.arena->header().root_block.load() != 0);
          Leave(user);
        } else {
          CHECK(user.status.code == Code::kNotFound);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(created.load() > 0);
  CHECK(!IsThere(name));
}

// ---- With processes --------------------------------------------------------------------------------

void TestDeadUsersLeaveNothing() {
  const std::string name = NewName();
  const pid_t child = Fork([&] {
    CHECK(Create(name).status.ok());
    raise(SIGKILL);
  });
  CHECK_EQ(Reap(child), -SIGKILL);
  CHECK(IsThere(name));
  CHECK(Open(name).status.code == Code::kNotFound);
  CHECK(!IsThere(name));

  CHECK_EQ(Reap(Fork([&] {
             CHECK(Create(name).status.ok());
             raise(SIGKILL);
           })),
           -SIGKILL);
  const Entered creator = Create(name);  // over the dead one's
  CHECK(creator.status.ok());
  // A user that nobody saw die does not keep the name when the last living one leaves.
  CHECK_EQ(Reap(Fork([&] {
             CHECK(Open(name).status.ok());
             raise(SIGKILL);
           })),
           -SIGKILL);
  CHECK(Leave(creator));
  CHECK(!IsThere(name));
}

void TestOneCreatorWins() {
  for (int round = 0; round < 20; ++round) {
    const std::string name = NewName();
    int gate[2];
    CHECK(pipe(gate) == 0);
    if (round % 2 == 0) {  // a dead one's is in the way
      Reap(Fork([&] {
        CHECK(Create(name).status.ok());
        raise(SIGKILL);
      }));
    }
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(Fork([&] {
        close(gate[1]);
        char byte;
        CHECK(read(gate[0], &byte, 1) == 0);
        const Entered made = Create(name);
        if (!made.status.ok()) _exit(made.status.code == Code::kExists ? 1 : 2);
        raise(SIGSTOP);  // keeps it while the others try
        CHECK(Leave(made));
      }));
    }
    close(gate[0]);
    close(gate[1]);
    pid_t winner = 0;
    for (pid_t child : children) {
      int status = 0;
      CHECK(waitpid(child, &status, WUNTRACED) == child);
      if (WIFSTOPPED(status)) {
        CHECK_EQ(winner, 0);
        winner = child;
      } else {
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
      }
    }
    CHECK(winner != 0);
    kill(winner, SIGCONT);
    CHECK_EQ(Reap(winner), 0);
    CHECK(!IsThere(name));
  }
}

// Everybody creates, opens, leaves and is killed, all under one name.
void TestManyProcessesOneName() {
  const std::string name = NewName();
  Random random(99);
  std::vector<pid_t> children;
  const auto start = [&name](uint64_t seed) {
    return Fork([&name, seed] {
      Random mine(seed);
      for (;;) {
        const Entered entered = mine.Below(2) == 0 ? Create(name) : Open(name);
        if (!entered.status.ok()) {
          CHECK(entered.status.code == Code::kExists || entered.status.code == Code::kNotFound ||
                entered.status.code == Code::kNotReady);
          continue;
        }
        CHECK(entered.arena->header().state.load() == kReady);
        CHECK(entered.arena->header().root_block.load() != 0);
        CHECK_EQ(CheckHeap(*entered.arena, entered.id), 0);
        // While we are in, the name leads to this arena and to no other.
        const Entered again = Open(name);
        CHECK(again.status.ok() && again.arena == entered.arena);
        Leave(again);
        Leave(entered);
      }
    });
  };
  for (uint64_t i = 0; i < 4; ++i) children.push_back(start(i));
  for (int kills = 0; kills < 150; ++kills) {
    usleep(static_cast<useconds_t>(random.Below(5'000)));
    const size_t victim = random.Below(children.size());
    CHECK_EQ(KillAndReap(children[victim]), -SIGKILL);  // and not by a failed check before
    children[victim] = start(random.Next());
  }
  for (pid_t child : children) CHECK_EQ(KillAndReap(child), -SIGKILL);
  CHECK(Open(name).status.code == Code::kNotFound);
  CHECK(!IsThere(name));
}

}  // namespace

int main() {
  Watch(60);
  TestLifeOfAName();
  TestNothingStaysOpen();
  TestCreatorThatGivesUp();
  TestForeignFiles();
  TestOpenWhileItIsBuilt();
  if (kMayFork) {
    TestDeadUsersLeaveNothing();
    TestOneCreatorWins();
    TestManyProcessesOneName();
  }
  TestThreadsCreateAndLeave();
  return 0;
}
