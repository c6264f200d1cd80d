// Writing to descriptors that others may have made slow or non-blocking.
#ifndef FORKLESS_PLATFORM_OUTPUT_H_
#define FORKLESS_PLATFORM_OUTPUT_H_

#include <cstddef>

#include "core/status.h"

namespace forkless {

// Writes as much of the bytes as is possible soon: 0 when there was no room for some ms, so that the caller can be
// stopped in between.
Status WriteSome(int fd, const void* bytes, size_t count, size_t* written);

bool IsTerminal(int fd);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_OUTPUT_H_
