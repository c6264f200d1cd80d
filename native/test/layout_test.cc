// What locks rely on in the layout, beyond its own static_asserts.
#include "core/layout.h"

#include "test/check.h"

using namespace forkless;

int main() {
  CHECK_EQ(kPageBytes & (kPageBytes - 1), 0);
  // An owner word has room for every slot, and its parts do not overlap.
  CHECK_EQ(kSlotMask + 1, kParticipantSlots);
  CHECK_EQ(kWaitersBit & kSlotMask, 0);
  CHECK_EQ(kWaitersBit & (kGenerationMask << kSlotBits), 0);
  // The sequence of a wait point does not touch its bits.
  CHECK_EQ(kSyncWaiters & kAsyncWaiters, 0);
  CHECK_EQ(kEventStep & (kEventStep - 1), 0);
  CHECK(kEventStep > (kSyncWaiters | kAsyncWaiters));
  return 0;
}
