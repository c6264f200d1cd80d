#include "platform/process_identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace forkless {

int32_t OwnPid() { return getpid(); }
int32_t ParentPid() { return getppid(); }
bool IsMainThread() { return syscall(SYS_gettid) == getpid(); }

namespace {

enum class Look { kAlive, kEnded, kMissing, kUnknown };

// Reads the state, the number of threads and the start time (fields 3, 20 and 22) of /proc/<pid>/stat.
Look LookAt(int32_t pid, uint64_t* start_time) {
  char path[32];
  snprintf(path, sizeof(path), "/proc/%d/stat", pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? Look::kMissing : Look::kUnknown;
  char text[1024];
  ssize_t length;
  do {
    length = read(fd, text, sizeof(text) - 1);
  } while (length < 0 && errno == EINTR);
  close(fd);
  if (length <= 0) return length < 0 && errno == ESRCH ? Look::kEnded : Look::kUnknown;
  text[length] = '\0';
  const char* field = strrchr(text, ')');  // the name in parentheses may hold anything
  if (field == nullptr || field[1] != ' ') return Look::kUnknown;
  field += 2;
  const char state = *field;
  unsigned long long threads = 0;
  for (int number = 3; number < 22; ++number) {
    if (number == 20) threads = strtoull(field, nullptr, 10);
    field = strchr(field, ' ');
    if (field == nullptr) return Look::kUnknown;
    ++field;
  }
  *start_time = strtoull(field, nullptr, 10);
  // The first thread of a process may have ended while others still finish a system call that changes our memory.
  const bool ended = (state == 'Z' || state == 'X' || state == 'x') && threads <= 1;
  return ended ? Look::kEnded : Look::kAlive;
}

}  // namespace

uint64_t StartTimeOf(int32_t pid) {
  uint64_t start_time = 0;
  return LookAt(pid, &start_time) == Look::kAlive ? start_time : 0;
}

bool IsProcessAlive(int32_t pid, uint64_t start_time) {
  if (pid <= 0) return false;
  if (kill(pid, 0) != 0 && errno == ESRCH) return false;
  uint64_t found = 0;
  switch (LookAt(pid, &found)) {
    case Look::kEnded:
      return false;
    case Look::kMissing:
      // Either it has ended since the signal above, or /proc hides it (not mounted, hidepid).
      return kill(pid, 0) == 0 || errno != ESRCH;
    case Look::kUnknown:
      return true;
    case Look::kAlive:
      return start_time == 0 || start_time == found;
  }
  return true;
}

bool IsProcessRunning(int32_t pid, uint64_t start_time) {
  uint64_t found = 0;
  return pid > 0 && LookAt(pid, &found) == Look::kAlive && start_time == found;
}

std::vector<int32_t> ThreadsOfProcess() {
  std::vector<int32_t> threads;
  DIR* folder = opendir("/proc/self/task");
  if (folder == nullptr) return threads;
  while (const dirent* entry = readdir(folder)) {
    if (const int thread = atoi(entry->d_name); thread > 0) threads.push_back(thread);
  }
  closedir(folder);
  return threads;
}

bool IsThreadOfProcess(int32_t thread) {
  // Signal 0 is none: it only asks. EPERM and the like mean that it is there.
  return syscall(SYS_tgkill, getpid(), thread, 0) == 0 || errno != ESRCH;
}

}  // namespace forkless
