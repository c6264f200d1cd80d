#include "platform/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "platform/futex.h"
#include "platform/unique_fd.h"

namespace forkless {

namespace {

struct Address {
  sockaddr_storage storage;
  socklen_t bytes;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Status MakeUnix(const std::string& path, Address* address) {
  auto* name = reinterpret_cast<sockaddr_un*>(&address->storage);
  name->sun_family = AF_UNIX;
  const bool abstract = !path.empty() && path[0] == '\0';
  if (path.size() + (abstract ? 0 : 1) > sizeof(name->sun_path)) return Status::System("bind", ENAMETOOLONG);
  memcpy(name->sun_path, path.data(), path.size());
  address->bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return Status::Ok();
}

Status MakeAddress(const SocketPlace& place, Address* address) {
  *address = {};
  if (place.port == kUnixPort) return MakeUnix(place.host, address);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) {
    return Status::System("getaddrinfo", EINVAL);
  }
  memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
  address->bytes = found->ai_addrlen;
  freeaddrinfo(found);
  return Status::Ok();
}

SocketPlace PlaceOf(const Address& address) {
  SocketPlace place;
  if (address.storage.ss_family == AF_UNIX) {
    const auto* name = reinterpret_cast<const sockaddr_un*>(&address.storage);
    const size_t bytes = std::max<size_t>(address.bytes, offsetof(sockaddr_un, sun_path)) - offsetof(sockaddr_un, sun_path);
    const bool abstract = bytes > 0 && name->sun_path[0] == '\0';
    place.host.assign(name->sun_path, abstract ? bytes : strnlen(name->sun_path, bytes));
    return place;
  }
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "0";
  getnameinfo(address.get(), address.bytes, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
  place.host = host;
  place.port = atoi(port);
  return place;
}

Status OpenSocket(const Address& address, UniqueFd* fd) {
  UniqueFd made(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return Status::System("socket", errno);
  *fd = std::move(made);
  return Status::Ok();
}

// Messages go out whole: there is nothing to wait for.
void SendAtOnce(int fd, const Address& address) {
  const int on = 1;
  if (address.storage.ss_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

bool WouldWait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

}  // namespace

Status ResolveHost(const char* host, int family, std::string* numeric) {
  addrinfo hints{};
  hints.ai_family = family == 6 ? AF_INET6 : AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host, nullptr, &hints, &found);
  if (error != 0) return Status::System("getaddrinfo", error == EAI_SYSTEM ? errno : ENOENT);
  char text[NI_MAXHOST] = "";
  getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  *numeric = text;
  return Status::Ok();
}

Status OpenListener(const SocketPlace& place, int backlog, int* fd, SocketPlace* bound) {
  Address address;
  if (Status status = MakeAddress(place, &address); !status.ok()) return status;
  UniqueFd made;
  if (Status status = OpenSocket(address, &made); !status.ok()) return status;
  const int on = 1;
  if (place.port == kUnixPort) {
    // The file takes this mode when bind makes it: there is no moment at which others could connect.
    if (fchmod(made.get(), 0600) != 0) return Status::System("fchmod", errno);
  } else if (setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return Status::System("setsockopt", errno);
  }
  if (bind(made.get(), address.get(), address.bytes) != 0) return Status::System("bind", errno);
  if (listen(made.get(), backlog) != 0) return Status::System("listen", errno);
  address.bytes = sizeof(address.storage);
  if (getsockname(made.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.bytes) != 0) {
    return Status::System("getsockname", errno);
  }
  *bound = PlaceOf(address);
  *fd = made.Release();
  return Status::Ok();
}

SocketFile::SocketFile(std::string path, std::string directory)
    : path_(std::move(path)), directory_(std::move(directory)) {
  struct stat info;
  if (!path_.empty() && lstat(path_.c_str(), &info) == 0) inode_ = static_cast<uint64_t>(info.st_ino);
}

void SocketFile::Remove() {
  struct stat info;
  const bool ours = !path_.empty() && lstat(path_.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_ino) == inode_;
  if (ours) unlink(path_.c_str());
  if (!directory_.empty()) rmdir(directory_.c_str());
  path_.clear();
  directory_.clear();
}

Status BeginConnect(const SocketPlace& place, int* fd, Connecting* state) {
  Address address;
  if (Status status = MakeAddress(place, &address); !status.ok()) return status;
  UniqueFd made;
  if (Status status = OpenSocket(address, &made); !status.ok()) return status;
  SendAtOnce(made.get(), address);
  int result;
  do {
    result = connect(made.get(), address.get(), address.bytes);
  } while (result != 0 && errno == EINTR && place.port == kUnixPort);
  // Interrupted, connecting goes on, as after EINPROGRESS.
  const bool pending = result != 0 && (errno == EINPROGRESS || errno == EINTR);
  if (result != 0 && !pending) {
    if (!WouldWait(errno)) return Status::System("connect", errno);
    *state = Connecting::kTryAgain;
    return Status::Ok();
  }
  *state = pending ? Connecting::kPending : Connecting::kDone;
  *fd = made.Release();
  return Status::Ok();
}

Status ConnectResult(int fd) {
  int error = 0;
  socklen_t bytes = sizeof(error);
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &bytes) != 0) return Status::System("getsockopt", errno);
  return error == 0 ? Status::Ok() : Status::System("connect", error);
}

Status AcceptSocket(int fd, int* accepted, SocketPlace* peer) {
  Address address{};
  for (;;) {
    address.bytes = sizeof(address.storage);
    *accepted = accept4(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (*accepted >= 0) break;
    if (WouldWait(errno)) return Status::Ok();
    // Who has gone again before he was accepted is nobody's error.
    if (errno != EINTR && errno != ECONNABORTED && errno != EPROTO) return Status::System("accept", errno);
  }
  SendAtOnce(*accepted, address);
  *peer = PlaceOf(address);
  return Status::Ok();
}

Status ReceiveSome(int fd, void* target, size_t bytes, int64_t* count) {
  do {
    *count = recv(fd, target, bytes, 0);
  } while (*count < 0 && errno == EINTR);
  return *count >= 0 || WouldWait(errno) ? Status::Ok() : Status::System("recv", errno);
}

Status SendSome(int fd, const void* head, size_t head_bytes, const void* body, size_t body_bytes, int64_t* count) {
  iovec parts[2] = {{const_cast<void*>(head), head_bytes}, {const_cast<void*>(body), body_bytes}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  do {
    *count = sendmsg(fd, &message, MSG_NOSIGNAL);
  } while (*count < 0 && errno == EINTR);
  return *count >= 0 || WouldWait(errno) ? Status::Ok() : Status::System("send", errno);
}

Status WaitForDescriptor(int fd, int events, int64_t deadline, int* ready) {
  pollfd polled{fd, 0, 0};
  if ((events & kReadable) != 0) polled.events |= POLLIN;
  if ((events & kWritable) != 0) polled.events |= POLLOUT;
  for (;;) {
    const int64_t left = deadline == kForever ? 0 : std::max<int64_t>(0, deadline - MonotonicNow());
    const timespec timeout{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
    if (ppoll(&polled, 1, deadline == kForever ? nullptr : &timeout, nullptr) >= 0) break;
    if (errno != EINTR) return Status::System("ppoll", errno);
  }
  *ready = 0;
  const bool failed = (polled.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
  if (failed || (polled.revents & POLLIN) != 0) *ready |= events & kReadable;
  if (failed || (polled.revents & POLLOUT) != 0) *ready |= events & kWritable;
  return Status::Ok();
}

}  // namespace forkless
