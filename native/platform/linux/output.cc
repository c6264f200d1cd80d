#include "platform/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace forkless {

namespace {
constexpr int kSliceMs = 50;
}

Status WriteSome(int fd, const void* bytes, size_t count, size_t* written) {
  *written = 0;
  pollfd room{fd, POLLOUT, 0};
  const int ready = poll(&room, 1, kSliceMs);
  if (ready < 0 && errno != EINTR) return Status::System("poll", errno);
  if (ready <= 0) return Status::Ok();
  struct stat kind {};
  if (fstat(fd, &kind) != 0) return Status::System("fstat", errno);
  // A pipe that has room takes so much without a wait, and perhaps no more.
  if (S_ISFIFO(kind.st_mode) || S_ISSOCK(kind.st_mode)) count = std::min<size_t>(count, PIPE_BUF);
  const ssize_t done = write(fd, bytes, count);
  if (done >= 0) {
    *written = static_cast<size_t>(done);
    return Status::Ok();
  }
  const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  return later ? Status::Ok() : Status::System("write", errno);
}

bool IsTerminal(int fd) { return isatty(fd) == 1; }

}  // namespace forkless
