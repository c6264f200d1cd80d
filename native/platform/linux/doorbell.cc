#include "platform/doorbell.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>

#include "platform/futex.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

namespace forkless {

namespace {

socklen_t MakeAddress(const DoorbellAddress& address, sockaddr_un* result) {
  *result = {};
  result->sun_family = AF_UNIX;
  char* text = result->sun_path + 1;  // a leading zero byte: an abstract name, which leaves no file behind
  int length = snprintf(text, 16, "forkless/");
  for (int i = 0; i < 16; ++i) length += snprintf(text + length, 3, "%02x", address.family[i]);
  length += snprintf(text + length, 32, "/%u.%u", address.slot, address.generation);
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
}

bool IsEventFd(int fd) {
  char path[40];
  char target[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(path, target, sizeof(target) - 1);
  if (length <= 0) return false;
  target[length] = '\0';
  return strcmp(target, "anon_inode:[eventfd]") == 0;
}

// Descriptors of other participants' eventfds, so that frequent partners are rung by one write.
// Few and bounded: a family of a thousand must not open a million descriptors.
struct CachedBell {
  int fd = -1;
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint8_t family[16] = {};
  uint32_t rings = 0;
  bool refused = false;

  [[nodiscard]] bool IsFor(const DoorbellAddress& address) const {
    return rings != 0 && slot == address.slot && generation == address.generation &&
           memcmp(family, address.family, sizeof(family)) == 0;
  }
};

constexpr size_t kCachedBells = 64;
constexpr uint32_t kRingsBeforeFetch = 3;

std::mutex cache_mutex;
CachedBell cache[kCachedBells];

int FetchEventFd(int32_t pid, int event_fd) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return -1;
  const int fd = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, event_fd, 0));
  const int error = errno;
  close(pidfd);
  if (fd >= 0 && !IsEventFd(fd)) {
    close(fd);
    errno = EBADF;
    return -1;
  }
  errno = error;
  return fd;
}

bool RingEventFd(int fd) {
  const uint64_t one = 1;
  ssize_t written;
  do {
    written = write(fd, &one, sizeof(one));
  } while (written < 0 && errno == EINTR);
  return written == sizeof(one) || errno == EAGAIN;
}

CachedBell& CacheEntry(const DoorbellAddress& address) {
  CachedBell& bell = cache[address.slot % kCachedBells];
  if (!bell.IsFor(address)) {
    if (bell.fd >= 0) close(bell.fd);
    bell = {};
    bell.slot = address.slot;
    bell.generation = address.generation;
    memcpy(bell.family, address.family, sizeof(bell.family));
  }
  return bell;
}

// True when the fast way was there and taken.
bool RingThroughEventFd(CachedBell& bell, int32_t pid, int event_fd, bool (*still_valid)(const void*),
                        const void* context) {
  if (bell.fd < 0) {
    if (bell.refused || event_fd < 0) return false;
    const int fd = FetchEventFd(pid, event_fd);
    // The number may have been reused by another file between the participant's end and the fetch: only if the
    // participant is still there now was it its doorbell then.
    if (fd < 0 || !still_valid(context)) {
      bell.refused = fd >= 0 || (errno != EMFILE && errno != ENFILE && errno != ENOMEM);
      if (fd >= 0) close(fd);
      return false;
    }
    bell.fd = fd;
  }
  return RingEventFd(bell.fd);
}

// When the process has no descriptor left, one of the cached ones has to go. Tried anew each time: that there was
// none once must not make this process silent for ever.
int SenderSocket() {
  static int fd = -1;
  for (size_t i = 0; fd < 0 && i <= kCachedBells; ++i) {
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 || errno != EMFILE || i == kCachedBells) break;
    if (cache[i].fd >= 0) close(cache[i].fd);
    cache[i] = {};
  }
  return fd;
}

bool RingThroughSocket(const DoorbellAddress& address) {
  const int sender = SenderSocket();
  if (sender < 0) return false;
  sockaddr_un name;
  const socklen_t length = MakeAddress(address, &name);
  const char byte = 1;
  for (;;) {
    const ssize_t sent =
        sendto(sender, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&name), length);
    // A full queue means that a ring is already waiting there.
    if (sent >= 0 || errno == EAGAIN) return true;
    if (errno != EINTR) return false;
  }
}

}  // namespace

Status OpenDoorbell(const DoorbellAddress& address, Doorbell* doorbell) {
  Doorbell made;
  made.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (made.event_fd < 0) return Status::System("eventfd", errno);
  made.socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (made.socket_fd < 0) {
    const int error = errno;
    CloseDoorbell(&made);
    return Status::System("socket", error);
  }
  sockaddr_un name;
  const socklen_t length = MakeAddress(address, &name);
  if (bind(made.socket_fd, reinterpret_cast<sockaddr*>(&name), length) != 0) {
    const int error = errno;
    CloseDoorbell(&made);
    return Status::System("bind", error);
  }
  *doorbell = made;
  return Status::Ok();
}

void CloseDoorbell(Doorbell* doorbell) {
  if (doorbell->event_fd >= 0) close(doorbell->event_fd);
  if (doorbell->socket_fd >= 0) close(doorbell->socket_fd);
  *doorbell = {};
}

void DrainEvents(const Doorbell& doorbell) {
  uint64_t count;
  while (read(doorbell.event_fd, &count, sizeof(count)) < 0 && errno == EINTR) {
  }
}

void DrainSocket(const Doorbell& doorbell) {
  char byte;
  while (recv(doorbell.socket_fd, &byte, sizeof(byte), 0) >= 0 || errno == EINTR) {
  }
}

Status WaitForRing(const Doorbell& doorbell, const std::vector<int>& descriptors, int64_t deadline,
                   std::vector<bool>* ready) {
  std::vector<pollfd> polled{{doorbell.event_fd, POLLIN, 0}, {doorbell.socket_fd, POLLIN, 0}};
  for (const int fd : descriptors) polled.push_back({fd, POLLIN, 0});
  for (;;) {
    const int64_t left = deadline == kForever ? 0 : std::max<int64_t>(0, deadline - MonotonicNow());
    const timespec timeout{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    if (ppoll(polled.data(), polled.size(), deadline == kForever ? nullptr : &timeout, nullptr) >= 0) break;
    if (errno != EINTR) return Status::System("ppoll", errno);
  }
  if (polled[0].revents != 0) DrainEvents(doorbell);
  if (polled[1].revents != 0) DrainSocket(doorbell);
  ready->clear();
  for (size_t i = 2; i < polled.size(); ++i) ready->push_back(polled[i].revents != 0);
  return Status::Ok();
}

bool AwaitRing(const Doorbell& doorbell, int flag_fd) {
  pollfd polled[] = {{doorbell.event_fd, POLLIN, 0}, {doorbell.socket_fd, POLLIN, 0}, {flag_fd, POLLIN, 0}};
  while (poll(polled, 3, -1) < 0) {
    if (errno != EINTR) return false;
  }
  return polled[2].revents == 0;
}

Status OpenFlag(int* fd) {
  *fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return *fd < 0 ? Status::System("eventfd", errno) : Status::Ok();
}

void SetFlag(int fd, bool readable) {
  uint64_t value = 1;
  // Fails only when it is as it should be already.
  const ssize_t done = readable ? write(fd, &value, sizeof(value)) : read(fd, &value, sizeof(value));
  static_cast<void>(done);
}

void CloseFlag(int fd) { close(fd); }

bool RingDoorbell(const DoorbellAddress& address, int32_t pid, int event_fd, bool (*still_valid)(const void*),
                  const void* context) {
  std::lock_guard<std::mutex> guard(cache_mutex);
  CachedBell& bell = CacheEntry(address);
  const bool frequent = ++bell.rings >= kRingsBeforeFetch;
  if (frequent && RingThroughEventFd(bell, pid, event_fd, still_valid, context)) return true;
  if (RingThroughSocket(address)) return true;
  // No such address: it has ended, or it lives in another network namespace.
  if (!frequent && RingThroughEventFd(bell, pid, event_fd, still_valid, context)) return true;
  return !still_valid(context);
}

}  // namespace forkless
