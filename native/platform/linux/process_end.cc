#include "platform/process_end.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

namespace forkless {

Status OpenProcess(int32_t pid, UniqueFd* process) {
  const long fd = syscall(SYS_pidfd_open, pid, 0);  // close-on-exec by nature
  if (fd < 0) return Status::System("pidfd_open", errno);
  process->Reset(static_cast<int>(fd));
  return Status::Ok();
}

Status OpenEnded(UniqueFd* ended) {
  const int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return Status::System("eventfd", errno);
  ended->Reset(fd);
  return Status::Ok();
}

int32_t LookAtEnd(int32_t pid) {
  siginfo_t info{};
  int result;
  do {
    result = waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result != 0) return kUnknownExit;
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

void ReapChild(int32_t pid) {
  siginfo_t info{};
  while (waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) != 0 && errno == EINTR) {
  }
}

bool SendSignal(int32_t pid, int number) { return kill(pid, number) == 0; }

Status EndWatcher::Create(EndWatcher** watcher) {
  std::unique_ptr<EndWatcher> made(new EndWatcher());
  made->poll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  if (!made->poll_.valid()) return Status::System("epoll_create1", errno);
  made->interrupt_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!made->interrupt_.valid()) return Status::System("eventfd", errno);
  if (Status status = made->Add(made->interrupt_.get(), nullptr); !status.ok()) return status;
  *watcher = made.release();
  return Status::Ok();
}

Status EndWatcher::Add(int process_fd, void* key) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = key;
  if (epoll_ctl(poll_.get(), EPOLL_CTL_ADD, process_fd, &event) != 0) return Status::System("epoll_ctl", errno);
  return Status::Ok();
}

void EndWatcher::Remove(int process_fd) { epoll_ctl(poll_.get(), EPOLL_CTL_DEL, process_fd, nullptr); }

void EndWatcher::Interrupt() {
  const uint64_t one = 1;
  while (write(interrupt_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

size_t EndWatcher::Wait(void** keys, size_t capacity) {
  constexpr size_t kBatch = 64;
  epoll_event events[kBatch];
  int count;
  do {
    count = epoll_wait(poll_.get(), events, static_cast<int>(std::min(capacity, kBatch)), -1);
  } while (count < 0 && errno == EINTR);
  size_t written = 0;
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr != nullptr) {
      keys[written++] = events[i].data.ptr;
      continue;
    }
    uint64_t rings;
    while (read(interrupt_.get(), &rings, sizeof(rings)) < 0 && errno == EINTR) {
    }
  }
  return written;
}

Status StartServiceThread(void (*body)(void*), void* argument) {
  struct Start {
    void (*body)(void*);
    void* argument;
  };
  constexpr size_t kStackBytes = 256 * 1024;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  auto* start = new Start{body, argument};
  const int error = pthread_create(
      &thread, &attributes,
      [](void* given) -> void* {
        const std::unique_ptr<Start> own(static_cast<Start*>(given));
        own->body(own->argument);
        return nullptr;
      },
      start);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error == 0) return Status::Ok();
  delete start;
  return Status::System("pthread_create", error);
}

}  // namespace forkless
