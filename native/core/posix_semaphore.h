// POSIX semaphores, for programs in other languages. They have no owner: a permit that a dead
// process held is gone, which is why our own primitives do not use them.
#ifndef FORKLESS_CORE_POSIX_SEMAPHORE_H_
#define FORKLESS_CORE_POSIX_SEMAPHORE_H_

#include <semaphore.h>

#include <cstdint>

#include "core/status.h"

namespace forkless {

inline constexpr uint32_t kSemaphoreBytes = sizeof(sem_t);

// The point of the monotonic clock in ns; kForever for what lies beyond its range.
int64_t DeadlineAt(double monotonic_ms);

// A sem_t that this process has open by name, or that lies in memory which the caller keeps mapped.
class PosixSemaphore {
 public:
  PosixSemaphore() = default;
  ~PosixSemaphore() { Close(); }
  PosixSemaphore(PosixSemaphore&& other) noexcept;
  PosixSemaphore& operator=(PosixSemaphore&& other) noexcept;

  // Makes the semaphore `name` with `value` permits; without `exclusive` an existing one is opened
  // as it is.
  static Status Create(const char* name, bool exclusive, uint32_t mode, uint32_t value,
                       PosixSemaphore* result);
  static Status Open(const char* name, PosixSemaphore* result);
  static Status Unlink(const char* name);
  // Makes an unnamed semaphore of kSemaphoreBytes at `address`, usable by every process that maps
  // it.
  static Status Init(void* address, uint32_t value);
  // The unnamed semaphore that Init has made at `address`.
  static PosixSemaphore At(void* address);

  void Close();
  [[nodiscard]] sem_t* get() const { return semaphore_; }

  [[nodiscard]] bool TryAcquire();
  // False when the absolute monotonic `deadline` (ns) came first.
  [[nodiscard]] bool Acquire(int64_t deadline);
  // Adds `count` permits, or none when that would be more than a semaphore can hold (EOVERFLOW).
  Status Release(uint32_t count);
  [[nodiscard]] int32_t Value() const;

 private:
  sem_t* semaphore_ = nullptr;
  bool named_ = false;
};

}  // namespace forkless

#endif  // FORKLESS_CORE_POSIX_SEMAPHORE_H_
