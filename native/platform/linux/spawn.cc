#include "platform/spawn.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace forkless {

namespace {

// Both came with glibc versions newer than the oldest one that Node 20 runs on.
using AddDirectory = int (*)(posix_spawn_file_actions_t*, const char*);
using AddCloseFrom = int (*)(posix_spawn_file_actions_t*, int);

template <typename Function>
Function FindFunction(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() { posix_spawnattr_init(&attributes_); }
  ~Attributes() { posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

void ResetSignals(Attributes& attributes) {
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(attributes.get(), &none);
  posix_spawnattr_setsigdefault(attributes.get(), &all);
  posix_spawnattr_setflags(attributes.get(), POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// A source below the range of the targets could be overwritten before its turn: `kept` holds copies above it.
Status AddDescriptors(const SpawnPlan& plan, FileActions& actions, std::vector<UniqueFd>* kept) {
  const int end = static_cast<int>(plan.descriptors.size());
  for (const DescriptorMove& move : plan.descriptors) {
    if (move.from == kNullDevice) {
      const int flags = move.to == STDIN_FILENO ? O_RDONLY : O_WRONLY;
      if (const int error = posix_spawn_file_actions_addopen(actions.get(), move.to, "/dev/null", flags, 0); error != 0) {
        return Status::System("posix_spawn_file_actions_addopen", error);
      }
      continue;
    }
    int from = move.from;
    if (from < end && from != move.to) {
      from = fcntl(from, F_DUPFD_CLOEXEC, end);
      if (from < 0) return Status::System("fcntl", errno);
      kept->emplace_back(from);
    }
    // With from == to posix_spawn only takes the close-on-exec mark away.
    if (const int error = posix_spawn_file_actions_adddup2(actions.get(), from, move.to); error != 0) {
      return Status::System("posix_spawn_file_actions_adddup2", error);
    }
  }
  // Without this function nothing else can be done about descriptors that others opened without close-on-exec.
  static const auto add_close_from = FindFunction<AddCloseFrom>("posix_spawn_file_actions_addclosefrom_np");
  if (add_close_from != nullptr) add_close_from(actions.get(), end);
  return Status::Ok();
}

}  // namespace

Status SpawnProgram(const SpawnPlan& plan, int32_t* pid) {
  FileActions actions;
  Attributes attributes;
  std::vector<UniqueFd> kept;
  ResetSignals(attributes);
  if (Status status = AddDescriptors(plan, actions, &kept); !status.ok()) return status;
  if (!plan.directory.empty()) {
    static const auto add_directory = FindFunction<AddDirectory>("posix_spawn_file_actions_addchdir_np");
    if (add_directory == nullptr) return Status::System("posix_spawn_file_actions_addchdir_np", ENOSYS);
    add_directory(actions.get(), plan.directory.c_str());
  }
  const std::vector<char*> arguments = Pointers(plan.arguments);
  const std::vector<char*> environment = Pointers(plan.environment);
  pid_t result = -1;
  const int error = posix_spawn(&result, plan.file.c_str(), actions.get(), attributes.get(), arguments.data(),
                                environment.data());
  if (error != 0) return Status::System("posix_spawn", error);
  *pid = result;
  return Status::Ok();
}

std::vector<std::string> OwnVariables(const std::vector<std::string>& without) {
  std::vector<std::string> variables;
  for (char** next = environ; next != nullptr && *next != nullptr; ++next) {
    const std::string_view variable(*next);
    const std::string_view name = variable.substr(0, variable.find('='));
    if (std::find(without.begin(), without.end(), name) == without.end()) variables.emplace_back(variable);
  }
  return variables;
}

Status OpenPipe(PipeEnds* pipe) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Status::System("pipe2", errno);
  pipe->read.Reset(ends[0]);
  pipe->write.Reset(ends[1]);
  return Status::Ok();
}

void CloseOnExec(int fd) { fcntl(fd, F_SETFD, FD_CLOEXEC); }

Status DieWithParent() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Status::System("prctl", errno);
  return Status::Ok();
}

Status OutliveParent() {
  if (prctl(PR_SET_PDEATHSIG, 0) != 0) return Status::System("prctl", errno);
  return Status::Ok();
}

void KillSelf() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

}  // namespace forkless
