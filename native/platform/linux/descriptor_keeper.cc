#include "platform/descriptor_keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <map>
#include <mutex>
#include <thread>

#include "platform/unique_fd.h"

namespace forkless {

namespace {

// A ticket: name of the keeper, '/', name of what is kept; each as many hexadecimal digits.
constexpr size_t kKeyBytes = 16;
constexpr size_t kKeyDigits = 2 * kKeyBytes;
constexpr size_t kTicketDigits = 2 * kKeyDigits + 1;
constexpr int kBacklog = 128;
constexpr timeval kPatience{5, 0};  // with a peer that connects and says nothing

Status MakeKey(std::string* key) {
  uint8_t bytes[kKeyBytes];
  if (getrandom(bytes, sizeof(bytes), 0) != static_cast<ssize_t>(sizeof(bytes))) return Status::System("getrandom", errno);
  char digits[3];
  key->clear();
  for (const uint8_t byte : bytes) {
    snprintf(digits, sizeof(digits), "%02x", byte);
    *key += digits;
  }
  return Status::Ok();
}

socklen_t MakeAddress(const std::string& keeper, sockaddr_un* address) {
  *address = {};
  address->sun_family = AF_UNIX;
  // A leading zero byte: an abstract name, which leaves no file behind.
  const int length = snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, "forkless-fd/%s", keeper.c_str());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + static_cast<size_t>(length));
}

bool IsOfOurUser(int socket) {
  ucred peer{};
  socklen_t length = sizeof(peer);
  return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid();
}

void LimitWaits(int socket) {
  setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
}

bool ReadAll(int socket, char* into, size_t bytes) {
  while (bytes > 0) {
    const ssize_t count = recv(socket, into, bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    into += count;
    bytes -= static_cast<size_t>(count);
  }
  return true;
}

union Control {
  char bytes[CMSG_SPACE(sizeof(int))];
  cmsghdr align;
};

// One byte, and with it the descriptor, if there is one.
void Answer(int socket, int fd) {
  char byte = fd >= 0 ? 1 : 0;
  iovec part{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof(control.bytes);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

class Keeper {
 public:
  // One for the process; it and its thread stay until the process ends.
  static Keeper& Get() {
    static Keeper* keeper = new Keeper();
    return *keeper;
  }

  Status Keep(int fd, std::string* ticket) {
    const std::lock_guard lock(mutex_);
    if (Status status = Start(); !status.ok()) return status;
    std::string key;
    if (Status status = MakeKey(&key); !status.ok()) return status;
    UniqueFd copy(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (copy.get() < 0) return Status::System("fcntl", errno);
    kept_.emplace(key, std::move(copy));
    *ticket = name_ + "/" + key;
    return Status::Ok();
  }

  UniqueFd Take(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(key);
    if (found == kept_.end()) return UniqueFd();
    UniqueFd fd = std::move(found->second);
    kept_.erase(found);
    return fd;
  }

  size_t Count() {
    const std::lock_guard lock(mutex_);
    return kept_.size();
  }

 private:
  Status Start() {
    if (listener_.get() >= 0) return Status::Ok();
    std::string name;
    if (Status status = MakeKey(&name); !status.ok()) return status;
    UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (listener.get() < 0) return Status::System("socket", errno);
    sockaddr_un address;
    const socklen_t length = MakeAddress(name, &address);
    if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) return Status::System("bind", errno);
    if (listen(listener.get(), kBacklog) != 0) return Status::System("listen", errno);
    name_ = name;
    listener_ = std::move(listener);
    // Signals are for the threads of the program.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::thread([this] { Serve(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return Status::Ok();
  }

  void Serve() {
    for (;;) {
      const UniqueFd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket.get() < 0) {
        // No descriptor or memory to be had: whoever asks waits meanwhile.
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) usleep(10'000);
        continue;
      }
      LimitWaits(socket.get());
      char key[kKeyDigits];
      if (!IsOfOurUser(socket.get()) || !ReadAll(socket.get(), key, sizeof(key))) continue;
      const UniqueFd fd = Take({key, sizeof(key)});
      Answer(socket.get(), fd.get());
    }
  }

  std::mutex mutex_;
  std::string name_;
  UniqueFd listener_;
  std::map<std::string, UniqueFd> kept_;
};

}  // namespace

Status KeepDescriptor(int fd, std::string* ticket) { return Keeper::Get().Keep(fd, ticket); }

void DropDescriptor(const std::string& ticket) {
  if (ticket.size() == kTicketDigits) Keeper::Get().Take(ticket.substr(kKeyDigits + 1));
}

size_t KeptDescriptors() { return Keeper::Get().Count(); }

Status FetchDescriptor(const std::string& ticket, int* fd) {
  if (ticket.size() != kTicketDigits) return Status::Fail(Code::kGone);
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return Status::System("socket", errno);
  sockaddr_un address;
  const socklen_t length = MakeAddress(ticket.substr(0, kKeyDigits), &address);
  while (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
    if (errno == ECONNREFUSED) return Status::Fail(Code::kGone);
    if (errno != EINTR) return Status::System("connect", errno);
  }
  LimitWaits(socket.get());
  if (!IsOfOurUser(socket.get())) return Status::Fail(Code::kGone);
  if (send(socket.get(), ticket.data() + kKeyDigits + 1, kKeyDigits, MSG_NOSIGNAL) != static_cast<ssize_t>(kKeyDigits)) {
    return Status::Fail(Code::kGone);
  }
  char byte = 0;
  iovec part{&byte, 1};
  Control control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof(control.bytes);
  ssize_t count = 0;
  do {
    count = recvmsg(socket.get(), &message, MSG_CMSG_CLOEXEC);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno == ECONNRESET ? Status::Fail(Code::kGone) : Status::System("recvmsg", errno);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
    memcpy(fd, CMSG_DATA(header), sizeof(int));
    return Status::Ok();
  }
  // The message has come, but the descriptor did not: we have too many of our own.
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    errno = EMFILE;
    return Status::System("recvmsg", errno);
  }
  return Status::Fail(Code::kGone);
}

}  // namespace forkless
