// What the system does not give, and what cannot be: each its own error, and nothing is taken.
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <string>

#include "platform/memory_file.h"
#include "test/fixture.h"

using namespace forkless;
using namespace forkless::test;

namespace {

std::string NewName() {
  static int number = 0;
  return "limits-" + std::to_string(getpid()) + "-" + std::to_string(++number);
}

void TestSizes() {
  const std::string name = NewName();
  Arena* arena = nullptr;
  CHECK(Arena::CreateNamed(name, 1, &arena).ok());
  CHECK(arena->max_bytes() >= 1 << 20);
  CHECK(arena->RemoveIfUnused());
  // More than can be: a system's error or an arena of the most there is, never one of no size.
  for (uint64_t bytes : {UINT64_MAX, UINT64_MAX - 5000, uint64_t{1} << 60}) {
    Arena* family = nullptr;
    const Status status = Arena::CreateFamily(bytes, &family);
    if (status.ok()) {
      CHECK(family->max_bytes() >= uint64_t{1} << 40);
    } else {
      CHECK(status.code == Code::kSystem && status.error == ENOMEM);
    }
  }
}

// A range that does not fit takes nothing. The limit keeps a mistake in this from taking all memory.
void TestWhatDoesNotFitTakesNothing() {
  CHECK_EQ(Reap(Fork([] {
             signal(SIGXFSZ, SIG_IGN);
             const rlimit limit{64 << 20, 64 << 20};
             CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
             const std::string name = "/" + NewName();
             const int fd = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
             CHECK(fd >= 0 && shm_unlink(name.c_str()) == 0);
             CHECK(BackFileRange(fd, 0, 10'000).ok());
             struct stat before;
             struct stat after;
             CHECK(fstat(fd, &before) == 0);
             CHECK(!BackFileRange(fd, 12'288, uint64_t{1} << 40).ok());
             CHECK(fstat(fd, &after) == 0);
             CHECK_EQ(before.st_blocks, after.st_blocks);
           })),
           0);
}

void TestWithoutDescriptors() {
  CHECK_EQ(Reap(Fork([] {
             const std::string name = NewName();
             const rlimit none{0, 0};
             CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
             Arena* arena = nullptr;
             const Status status = Arena::CreateNamed(name, 4 << 20, &arena);
             CHECK(status.code == Code::kSystem && status.error == EMFILE);
             CHECK(Arena::CreateFamily(0, &arena).error == EMFILE);
           })),
           0);
}

#if !defined(__SANITIZE_ADDRESS__)  // which needs all the address space for itself
void TestLimitedAddressSpace() {
  CHECK_EQ(Reap(Fork([] {
             const rlimit limit{256 << 20, 256 << 20};
             CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
             Arena* arena = nullptr;
             CHECK(Arena::CreateFamily(uint64_t{1} << 33, &arena).error == ENOMEM);
             CHECK(Arena::CreateFamily(0, &arena).ok());  // as much as possible
             const int32_t id = Join(*arena);
             Allocate(*arena, 1 << 20, id);
           })),
           0);
}
#endif

}  // namespace

int main() {
  Watch(60);
#if !defined(__SANITIZE_ADDRESS__)
  if (kMayFork) TestLimitedAddressSpace();  // before anything large is mapped
#endif
  if (kMayFork) {
    TestWhatDoesNotFitTakesNothing();
    TestWithoutDescriptors();
  }
  TestSizes();
  return 0;
}
