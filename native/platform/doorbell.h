// How a sleeping event loop of another process is woken.
//
// A doorbell is an eventfd plus a datagram socket under an abstract name. The eventfd is the fast way (a ring
// is one write), but its descriptor must first be fetched from the process that owns it, which the system may
// refuse; the socket always works. Both are level-triggered: a ring before the loop looks is not lost.
#ifndef FORKLESS_PLATFORM_DOORBELL_H_
#define FORKLESS_PLATFORM_DOORBELL_H_

#include <cstdint>
#include <vector>

#include "core/status.h"

namespace forkless {

struct DoorbellAddress {
  const uint8_t* family;  // 16 bytes
  uint32_t slot;
  uint32_t generation;
};

struct Doorbell {
  int event_fd = -1;
  int socket_fd = -1;
};

Status OpenDoorbell(const DoorbellAddress& address, Doorbell* doorbell);
void CloseDoorbell(Doorbell* doorbell);
// Takes all rings off the one descriptor that is readable.
void DrainEvents(const Doorbell& doorbell);
void DrainSocket(const Doorbell& doorbell);

// Blocks until the doorbell rings, one of the descriptors is readable (or has failed), or the deadline has passed.
// Rings are taken off. `ready` has one entry per descriptor.
Status WaitForRing(const Doorbell& doorbell, const std::vector<int>& descriptors, int64_t deadline,
                   std::vector<bool>* ready);

// Blocks until the doorbell rings, and leaves the rings there. False when the flag was set.
[[nodiscard]] bool AwaitRing(const Doorbell& doorbell, int flag_fd);

// A descriptor that is readable while it is set, for others to poll.
Status OpenFlag(int* fd);
void SetFlag(int fd, bool readable);
void CloseFlag(int fd);

// Rings the doorbell whose eventfd is `event_fd` in process `pid`. `still_valid` is asked after the descriptor
// was fetched: it must say whether the participant is still the one of `address`. False when it could not be rung now
// (no descriptor or no memory to be had); true also when there is no such doorbell.
[[nodiscard]] bool RingDoorbell(const DoorbellAddress& address, int32_t pid, int event_fd,
                  bool (*still_valid)(const void*), const void* context);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_DOORBELL_H_
