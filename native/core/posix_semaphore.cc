#include "core/posix_semaphore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include <utility>

#include "platform/futex.h"
#include "platform/semaphore_wait.h"

namespace forkless {

int64_t DeadlineAt(double monotonic_ms) {
  constexpr double kRangeMs = 9.2e12;  // of 63 bits of ns
  return monotonic_ms < kRangeMs ? static_cast<int64_t>(monotonic_ms * 1e6) : kForever;
}

PosixSemaphore::PosixSemaphore(PosixSemaphore&& other) noexcept
    : semaphore_(std::exchange(other.semaphore_, nullptr)), named_(other.named_) {}

PosixSemaphore& PosixSemaphore::operator=(PosixSemaphore&& other) noexcept {
  if (this == &other) return *this;
  Close();
  semaphore_ = std::exchange(other.semaphore_, nullptr);
  named_ = other.named_;
  return *this;
}

Status PosixSemaphore::Create(const char* name, bool exclusive, uint32_t mode, uint32_t value,
                              PosixSemaphore* result) {
  sem_t* semaphore =
      sem_open(name, O_CREAT | (exclusive ? O_EXCL : 0), static_cast<mode_t>(mode), value);
  if (semaphore == SEM_FAILED) return Status::System("sem_open", errno);
  result->Close();
  result->semaphore_ = semaphore;
  result->named_ = true;
  return Status::Ok();
}

Status PosixSemaphore::Open(const char* name, PosixSemaphore* result) {
  sem_t* semaphore = sem_open(name, 0);
  if (semaphore == SEM_FAILED) return Status::System("sem_open", errno);
  result->Close();
  result->semaphore_ = semaphore;
  result->named_ = true;
  return Status::Ok();
}

Status PosixSemaphore::Unlink(const char* name) {
  return sem_unlink(name) == 0 ? Status::Ok() : Status::System("sem_unlink", errno);
}

Status PosixSemaphore::Init(void* address, uint32_t value) {
  constexpr int kSharedByProcesses = 1;
  auto* semaphore = static_cast<sem_t*>(address);
  if (sem_init(semaphore, kSharedByProcesses, value) == 0) return Status::Ok();
  return Status::System("sem_init", errno);
}

PosixSemaphore PosixSemaphore::At(void* address) {
  PosixSemaphore result;
  result.semaphore_ = static_cast<sem_t*>(address);
  return result;
}

void PosixSemaphore::Close() {
  sem_t* semaphore = std::exchange(semaphore_, nullptr);
  // An unnamed semaphore goes with its memory: others may still use it.
  if (semaphore != nullptr && named_) sem_close(semaphore);
}

bool PosixSemaphore::TryAcquire() {
  int result;
  do {
    result = sem_trywait(semaphore_);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

bool PosixSemaphore::Acquire(int64_t deadline) {
  return WaitForSemaphore(semaphore_, deadline) == 0;
}

Status PosixSemaphore::Release(uint32_t count) {
  if (count > static_cast<uint32_t>(SEM_VALUE_MAX - Value())) {
    return Status::System("sem_post", EOVERFLOW);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (sem_post(semaphore_) != 0) return Status::System("sem_post", errno);
  }
  return Status::Ok();
}

int32_t PosixSemaphore::Value() const {
  int value = 0;
  sem_getvalue(semaphore_, &value);
  return value;
}

}  // namespace forkless
