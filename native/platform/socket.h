// Stream sockets for those who also block on them: none of the calls waits, but for WaitForDescriptor.
#ifndef FORKLESS_PLATFORM_SOCKET_H_
#define FORKLESS_PLATFORM_SOCKET_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/status.h"

namespace forkless {

// Where a socket is: a numeric host and a port, or, with port kUnixPort, a path (a zero in front: an abstract name).
constexpr int32_t kUnixPort = -1;
struct SocketPlace {
  std::string host;
  int32_t port = kUnixPort;
};

// The first address of a host, as text. `family` is 4 or 6. Asks the system's resolver, which may take its time.
Status ResolveHost(const char* host, int family, std::string* numeric);

// A listening socket. The file of a Unix socket belongs to the user alone, from its first moment.
Status OpenListener(const SocketPlace& place, int backlog, int* fd, SocketPlace* bound);

// The file of a listening Unix socket, and a directory that was made for it; '' = none. It is removed only if it is still
// the file that it was at first.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(std::string path, std::string directory);
  void Remove();

 private:
  std::string path_;
  std::string directory_;
  uint64_t inode_ = 0;
};

enum class Connecting { kPending, kDone, kTryAgain };
// Begins to connect. Pending: writable when it has ended, see ConnectResult. Try again: the listener has no room
// now; then there is no socket.
Status BeginConnect(const SocketPlace& place, int* fd, Connecting* state);
Status ConnectResult(int fd);

// `*accepted` is -1 when nobody is there now.
Status AcceptSocket(int fd, int* accepted, SocketPlace* peer);

// `*count` is -1 when it would have to wait, and of a receipt 0 at the end.
Status ReceiveSome(int fd, void* target, size_t bytes, int64_t* count);
// The head and then the body, as far as there is room.
Status SendSome(int fd, const void* head, size_t head_bytes, const void* body, size_t body_bytes, int64_t* count);

constexpr int kReadable = 1;
constexpr int kWritable = 2;
// Blocks until the descriptor is one of `events`, has failed or the deadline has passed. `*ready` is 0 then.
Status WaitForDescriptor(int fd, int events, int64_t deadline, int* ready);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_SOCKET_H_
