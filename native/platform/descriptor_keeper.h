// How an open descriptor gets into another process later than at its start.
//
// The process that gives it away keeps a copy, under a ticket that nobody can guess, until somebody shows the ticket: a
// thread of its own answers at a stream socket under an abstract name, so that it does not matter what its JavaScript is
// doing. The other side must be of the same user.
//
// Crash rule: what is kept goes with the process that keeps it.
#ifndef FORKLESS_PLATFORM_DESCRIPTOR_KEEPER_H_
#define FORKLESS_PLATFORM_DESCRIPTOR_KEEPER_H_

#include <cstdint>
#include <string>

#include "core/status.h"

namespace forkless {

// Keeps a copy of `fd`. The ticket says whom to ask, and for what.
Status KeepDescriptor(int fd, std::string* ticket);

// Gives up what is kept for the ticket, if it has not been fetched.
void DropDescriptor(const std::string& ticket);

// How many descriptors are kept.
size_t KeptDescriptors();

// Fetches what is kept for the ticket, which is worth nothing afterwards. kGone: nobody keeps it any more.
Status FetchDescriptor(const std::string& ticket, int* fd);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_DESCRIPTOR_KEEPER_H_
