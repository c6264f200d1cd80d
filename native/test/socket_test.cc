// Sockets: nothing waits but what says so, and that neither longer than it shall nor shorter, whatever signals come.
#include "platform/socket.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "platform/futex.h"
#include "platform/unique_fd.h"
#include "test/check.h"

namespace forkless {
namespace {

struct Pair {
  UniqueFd listener;
  UniqueFd client;
  UniqueFd accepted;
  SocketPlace bound;
};

Pair Connected(const SocketPlace& place) {
  Pair pair;
  int fd = -1;
  CHECK(OpenListener(place, 4, &fd, &pair.bound).ok());
  pair.listener.Reset(fd);
  int nobody = 0;
  SocketPlace peer;
  CHECK(AcceptSocket(fd, &nobody, &peer).ok());
  CHECK_EQ(nobody, -1);
  Connecting state = Connecting::kTryAgain;
  int client = -1;
  CHECK(BeginConnect(pair.bound, &client, &state).ok());
  pair.client.Reset(client);
  int ready = 0;
  CHECK(WaitForDescriptor(client, kWritable, kForever, &ready).ok());
  CHECK(ConnectResult(client).ok());
  CHECK(WaitForDescriptor(fd, kReadable, kForever, &ready).ok());
  int accepted = -1;
  CHECK(AcceptSocket(fd, &accepted, &peer).ok());
  CHECK(accepted >= 0);
  pair.accepted.Reset(accepted);
  return pair;
}

const std::string kPath = "/tmp/forkless-socket-test-" + std::to_string(getpid());

void TestThereAndBack() {
  for (const SocketPlace& place : {SocketPlace{"127.0.0.1", 0}, SocketPlace{"::1", 0}, SocketPlace{kPath, kUnixPort},
                                   SocketPlace{std::string("\0", 1) + kPath, kUnixPort}}) {
    const Pair pair = Connected(place);
    CHECK(place.port != kUnixPort || pair.bound.host == place.host);
    int64_t count = 0;
    char bytes[16] = "";
    CHECK(ReceiveSome(pair.accepted.get(), bytes, sizeof(bytes), &count).ok());
    CHECK_EQ(count, -1);
    CHECK(SendSome(pair.client.get(), "head", 4, "body", 4, &count).ok());
    CHECK_EQ(count, 8);
    int ready = 0;
    CHECK(WaitForDescriptor(pair.accepted.get(), kReadable | kWritable, kForever, &ready).ok());
    CHECK(ReceiveSome(pair.accepted.get(), bytes, sizeof(bytes), &count).ok());
    CHECK(std::string(bytes, static_cast<size_t>(count)) == "headbody");
    struct stat info;
    if (place.host == kPath) {
      CHECK(stat(kPath.c_str(), &info) == 0);
      CHECK_EQ(info.st_mode & 0777u, 0600u);
      CHECK(unlink(kPath.c_str()) == 0);
    }
  }
}

void TestRoomAndEnd() {
  Pair pair = Connected({"127.0.0.1", 0});
  const std::vector<char> large(1 << 20);
  int64_t count = 0;
  for (int i = 0; count >= 0 && i < 1000; ++i) {
    CHECK(SendSome(pair.client.get(), "", 0, large.data(), large.size(), &count).ok());
  }
  CHECK_EQ(count, -1);
  int ready = 0;
  CHECK(WaitForDescriptor(pair.client.get(), kWritable, MonotonicNow() + 1'000'000, &ready).ok());
  CHECK_EQ(ready, 0);
  pair.accepted.Reset();
  CHECK(WaitForDescriptor(pair.client.get(), kWritable, kForever, &ready).ok());
  CHECK(!SendSome(pair.client.get(), "", 0, "x", 1, &count).ok());
  Pair other = Connected({"127.0.0.1", 0});
  other.client.Reset();
  CHECK(WaitForDescriptor(other.accepted.get(), kReadable, kForever, &ready).ok());
  char byte;
  CHECK(ReceiveSome(other.accepted.get(), &byte, 1, &count).ok());
  CHECK_EQ(count, 0);
}

void TestDeadlineAmidSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  CHECK(sigaction(SIGALRM, &action, nullptr) == 0);
  const itimerval often{{0, 1000}, {0, 1000}};
  CHECK(setitimer(ITIMER_REAL, &often, nullptr) == 0);
  const Pair pair = Connected({"127.0.0.1", 0});
  const int64_t started = MonotonicNow();
  int ready = 1;
  CHECK(WaitForDescriptor(pair.client.get(), kReadable, started + 30'000'000, &ready).ok());
  CHECK_EQ(ready, 0);
  CHECK(MonotonicNow() - started >= 30'000'000);
  const itimerval never{};
  CHECK(setitimer(ITIMER_REAL, &never, nullptr) == 0);
}

void TestRefusals() {
  int fd = -1;
  Connecting state = Connecting::kDone;
  CHECK_EQ(BeginConnect({"/nowhere/at/all", kUnixPort}, &fd, &state).error, ENOENT);
  CHECK_EQ(BeginConnect({std::string(200, 'x'), kUnixPort}, &fd, &state).error, ENAMETOOLONG);
  CHECK_EQ(BeginConnect({"no number", 1}, &fd, &state).error, EINVAL);
  std::string numeric;
  CHECK(ResolveHost("localhost", 4, &numeric).ok());
  CHECK(numeric == "127.0.0.1");
  CHECK(!ResolveHost("no.such.host.invalid", 4, &numeric).ok());
  SocketPlace bound;
  CHECK(OpenListener({kPath, kUnixPort}, 1, &fd, &bound).ok());
  const UniqueFd listener(fd);
  CHECK_EQ(OpenListener({kPath, kUnixPort}, 1, &fd, &bound).error, EADDRINUSE);
  SocketFile file(kPath, "");
  // No room in the backlog: not an error, and no socket.
  std::vector<UniqueFd> waiting;
  state = Connecting::kDone;
  while (state == Connecting::kDone && waiting.size() < 100) {
    fd = -1;
    CHECK(BeginConnect({kPath, kUnixPort}, &fd, &state).ok());
    waiting.emplace_back(fd);
  }
  CHECK(state == Connecting::kTryAgain);
  CHECK_EQ(waiting.back().get(), -1);
  file.Remove();
  file.Remove();
  CHECK(access(kPath.c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace forkless

int main() {
  forkless::TestThereAndBack();
  forkless::TestRoomAndEnd();
  forkless::TestDeadlineAmidSignals();
  forkless::TestRefusals();
  return 0;
}
