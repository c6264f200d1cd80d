// Which process is which: a pid alone is reused by the system, a pid with its start time is not.
#ifndef FORKLESS_PLATFORM_PROCESS_IDENTITY_H_
#define FORKLESS_PLATFORM_PROCESS_IDENTITY_H_

#include <cstdint>
#include <vector>

namespace forkless {

int32_t OwnPid();
int32_t ParentPid();
// Whether the calling thread is the one that lives as long as the process.
bool IsMainThread();

// Start time in clock ticks since boot; 0 when there is no such process (a zombie counts as none).
uint64_t StartTimeOf(int32_t pid);

// False once the process has ended, reaped or not. `start_time` 0 = not known, then the pid decides.
bool IsProcessAlive(int32_t pid, uint64_t start_time);

// True only if it was seen to run: the other way round in doubt, for whoever knows of an end of such a pid.
bool IsProcessRunning(int32_t pid, uint64_t start_time);

// The threads of this process, as the system numbers them, none if it does not tell; and whether one of those is still there.
std::vector<int32_t> ThreadsOfProcess();
bool IsThreadOfProcess(int32_t thread);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_PROCESS_IDENTITY_H_
