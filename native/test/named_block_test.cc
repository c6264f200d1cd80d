// Named blocks: made exclusively, opened whole, never removed by who failed to open one.
#include "core/named_block.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "test/check.h"

using forkless::Code;
using forkless::NamedBlock;

namespace {

const std::string kName = "/forkless-block-test-" + std::to_string(getpid());

void TestMadeAndOpened() {
  NamedBlock missing;
  CHECK(NamedBlock::Open(kName.c_str(), &missing).code == Code::kNotFound);
  NamedBlock made;
  CHECK(NamedBlock::Create(kName.c_str(), 5000, &made).ok());
  NamedBlock again;
  CHECK(NamedBlock::Create(kName.c_str(), 5000, &again).code == Code::kExists);
  CHECK(again.base() == nullptr);
  NamedBlock opened;
  CHECK(NamedBlock::Open(kName.c_str(), &opened).ok());
  CHECK_EQ(opened.bytes(), 5000u);
  CHECK_EQ(opened.inode(), made.inode());
  made.base()[4999] = std::byte{7};
  CHECK(opened.base()[4999] == std::byte{7});
  CHECK(NamedBlock::Unlink(kName.c_str()).ok());
  CHECK_EQ(NamedBlock::Unlink(kName.c_str()).error, ENOENT);
  NamedBlock moved(std::move(made));
  CHECK(made.base() == nullptr);
  moved.Close();
  moved.Close();
  CHECK(opened.base()[4999] == std::byte{7});
}

void TestWhatFailsLeavesAllAsItWas() {
  NamedBlock block;
  CHECK(!NamedBlock::Create(kName.c_str(), uint64_t{1} << 46, &block).ok());
  CHECK(NamedBlock::Open(kName.c_str(), &block).code == Code::kNotFound);
  const int empty = shm_open(kName.c_str(), O_CREAT | O_RDWR, 0600);
  CHECK(empty >= 0);
  CHECK(NamedBlock::Open(kName.c_str(), &block).code == Code::kNotReady);
  struct stat info;
  CHECK(fstat(empty, &info) == 0);
  CHECK_EQ(info.st_nlink, 1u);
  close(empty);
  CHECK(NamedBlock::Unlink(kName.c_str()).ok());
}

}  // namespace

int main() {
  TestMadeAndOpened();
  TestWhatFailsLeavesAllAsItWas();
  return 0;
}
