#include "platform/semaphore_wait.h"

#include <errno.h>
#include <time.h>

#include "platform/futex.h"

namespace forkless {

int WaitForSemaphore(sem_t* semaphore, int64_t deadline) {
  const timespec until{deadline / 1'000'000'000, deadline % 1'000'000'000};
  for (;;) {
    const int result = deadline == kForever ? sem_wait(semaphore)
                                            : sem_clockwait(semaphore, CLOCK_MONOTONIC, &until);
    if (result == 0) return 0;
    if (errno != EINTR) return errno;
  }
}

}  // namespace forkless
