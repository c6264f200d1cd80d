// What the limits share: one mapping between a process and its forked child, and the child's end.
#pragma once

#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace limits {

[[noreturn]] inline void Die(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

// One MAP_SHARED memory file, touched before anything is measured.
class SharedMapping {
 public:
  explicit SharedMapping(size_t bytes) : bytes_(bytes) {
    const int fd = memfd_create("forkless-limit", MFD_CLOEXEC);
    if (fd < 0) Die("memfd_create");
    if (ftruncate(fd, static_cast<off_t>(bytes)) != 0) Die("ftruncate");
    base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (base_ == MAP_FAILED) Die("mmap");
    close(fd);
  }
  ~SharedMapping() { munmap(base_, bytes_); }
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;

  [[nodiscard]] std::byte* data() const { return static_cast<std::byte*>(base_); }

 private:
  void* base_;
  size_t bytes_;
};

// A forked child that runs `body` and ends; it dies with its parent.
class ForkedChild {
 public:
  template <typename Body>
  explicit ForkedChild(Body body) {
    const pid_t parent = getpid();
    std::fflush(nullptr);
    pid_ = fork();
    if (pid_ < 0) Die("fork");
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) std::_Exit(1);
    body();
    std::_Exit(0);
  }
  ForkedChild(const ForkedChild&) = delete;
  ForkedChild& operator=(const ForkedChild&) = delete;

  void Join() const {
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) Die("waitpid");
    if (status == 0) return;
    std::fprintf(stderr, "the child ended with status 0x%x\n", static_cast<unsigned>(status));
    std::_Exit(1);
  }

 private:
  pid_t pid_;
};

// Puts the calling process on the index-th of the processors it may run on, counted round.
inline void PinToProcessor(int index) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) Die("sched_getaffinity");
  int skip = index % CPU_COUNT(&allowed);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed) || skip-- > 0) ++cpu;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) Die("sched_setaffinity");
}

}  // namespace limits
