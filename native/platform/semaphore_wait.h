// Waiting for a POSIX semaphore with a deadline that a change of the wall clock does not move.
#ifndef FORKLESS_PLATFORM_SEMAPHORE_WAIT_H_
#define FORKLESS_PLATFORM_SEMAPHORE_WAIT_H_

#include <semaphore.h>

#include <cstdint>

namespace forkless {

// Takes a permit, waiting until the absolute monotonic `deadline` (ns; kForever). Returns 0,
// ETIMEDOUT or EINVAL; signals are invisible.
int WaitForSemaphore(sem_t* semaphore, int64_t deadline);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_SEMAPHORE_WAIT_H_
