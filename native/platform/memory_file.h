// Files of shared memory: anonymous ones for families, named ones for unrelated processes.
#ifndef FORKLESS_PLATFORM_MEMORY_FILE_H_
#define FORKLESS_PLATFORM_MEMORY_FILE_H_

#include <cstddef>
#include <cstdint>

#include "core/status.h"

namespace forkless {

// An anonymous memory file that can grow but never shrink, so that no access below its size can fault.
Status CreateAnonymousFile(int* fd);

// A named file, created exclusively with mode 0600.
Status CreateNamedFile(const char* name, int* fd);
Status OpenNamedFile(const char* name, int* fd);
Status RemoveNamedFile(const char* name);
// True while `name` still leads to the file behind `fd`.
bool NameLeadsTo(const char* name, int fd);

// Opens the memory file that another process of the same user has open as descriptor `fd`.
Status OpenFileOfProcess(int32_t pid, int fd, int* result);

Status FileBytes(int fd, uint64_t* bytes);
// Makes the file at least `bytes` long (sparse: the new part costs no memory yet).
Status GrowFile(int fd, uint64_t bytes);
// Takes the memory for a range of the file now, so that a full file system is an error here and not a SIGBUS later.
Status BackFileRange(int fd, uint64_t offset, uint64_t bytes);
// Gives the memory of a range back to the system; the range reads as zero afterwards.
Status PunchFileRange(int fd, uint64_t offset, uint64_t bytes);

// Maps `bytes` of address space over the file, more than it is long: growth needs no second mapping.
Status MapFile(int fd, uint64_t bytes, std::byte** base);
void UnmapFile(std::byte* base, uint64_t bytes);
// Touches every page of the range for writing; what the system cannot do in advance it does at first use.
void Prefault(std::byte* address, uint64_t bytes);

// What a program may use at most: physical memory or the limit of its control group, whichever is less.
uint64_t MemoryLimit();

void RandomBytes(void* target, size_t bytes);

}  // namespace forkless

#endif  // FORKLESS_PLATFORM_MEMORY_FILE_H_
