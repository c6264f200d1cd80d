// Starting a program without copying the address space of the caller (never fork).
#ifndef FORKLESS_PLATFORM_SPAWN_H_
#define FORKLESS_PLATFORM_SPAWN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/status.h"
#include "platform/unique_fd.h"

namespace forkless {

inline constexpr int kNullDevice = -1;  // as `from`: /dev/null

struct DescriptorMove {
  int from;  // here
  int to;    // in the new process; the moves are in ascending order of `to`, without gaps from 0
};

struct SpawnPlan {
  std::string file;
  std::vector<std::string> arguments;    // the first one, the program's own name, included
  std::vector<std::string> environment;  // KEY=value
  std::string directory;                 // empty: the caller's
  std::vector<DescriptorMove> descriptors;  // the new process has these and no others
};

// Starts the program with default signal handling and nothing blocked. Reports that it could not be executed, too.
Status SpawnProgram(const SpawnPlan& plan, int32_t* pid);

// The environment of this process, NAME=value, but for the variables with these names.
std::vector<std::string> OwnVariables(const std::vector<std::string>& without);

struct PipeEnds {
  UniqueFd read;
  UniqueFd write;
};
Status OpenPipe(PipeEnds* pipe);

// Keeps a descriptor from programs that this process starts by other means.
void CloseOnExec(int fd);

// This process is killed when the thread that spawned it ends.
Status DieWithParent();
// No longer.
Status OutliveParent();

// Ends this process at once, as a killed one.
[[noreturn]] void KillSelf();

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_SPAWN_H_
