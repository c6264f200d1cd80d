// Every structure that lives in shared memory, written once. JavaScript reads these offsets from the
// addon (binding/layout.cc) and asserts the version at load.
//
// An arena is one memory file, mapped whole by every process of a family (or by everybody who opened a
// named object):
//
//   0          4096                  +1 MiB        holds        buckets      pages       data_offset
//   +----------+---------------------+-------------+------------+------------+-----------+---------- - -
//   | header   | participants (4096) | holds       | hold chain | page map   | runs      | pages ...
//   +----------+---------------------+-------------+------------+------------+-----------+---------- - -
//
// The tables are sized for the largest arena and sparse: what was never touched costs no memory.
#ifndef FORKLESS_CORE_LAYOUT_H_
#define FORKLESS_CORE_LAYOUT_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace forkless {

inline constexpr uint64_t kArenaMagic = 0x7373656c6b726f66;  // "forkless", little-endian
inline constexpr uint32_t kLayoutVersion = 2;
inline constexpr uint64_t kPageBytes = 4096;
inline constexpr uint32_t kParticipantSlots = 4096;
inline constexpr uint32_t kParticipantNameBytes = 64;

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(std::atomic<int32_t>::is_always_lock_free);

// ---- Waiting ---------------------------------------------------------------------------------------
// A wait point: where threads sleep until a word next to it has changed (parking.h has the protocol).
//
//   event: [ sequence : 30 | ASYNC : 1 | SYNC : 1 ]
//     SYNC   somebody may sleep in the kernel on `event`
//     ASYNC  some event loop may wait for its doorbell; `async_bits` says which (participant slot mod 32). These
//            are never taken back: one too many costs a look at a few slots
//
//   who          does
//   waiter       sets SYNC with a new sequence, looks at the condition again, sleeps
//   event loop   arms its doorbell, sets filter and async bit, bumps the sequence, sets ASYNC, looks again, sleeps
//   waker        changes the condition, looks at the bits, bumps the sequence, wakes, then takes the bits away
//
// Crash rule: bits are hints that may be set with nobody there (one wasted system call), never the reverse.
struct WaitPoint {
  std::atomic<int32_t> event;
  std::atomic<uint32_t> async_bits;
};
static_assert(sizeof(WaitPoint) == 8);

inline constexpr int32_t kSyncWaiters = 1;
inline constexpr int32_t kAsyncWaiters = 2;
inline constexpr int32_t kEventStep = 4;

// An owner lock: a word that names its holder, so that a dead holder's lock can be taken over.
//
//   word: [ WAITERS : 1 | generation : 19 | slot : 12 ]    0 = free
//
//   0       -> owner           acquire (compare and swap)
//   owner   -> owner|WAITERS   a waiter, before it sleeps on `point`
//   owner*  -> 0               release (exchange; wakes one when WAITERS was set)
//   dead*   -> owner|WAITERS   take-over by anybody: the participant (slot, generation) is not LIVE any more
//
// Crash rule: the word of a dead holder stays as it is; whoever wants the lock sees that the holder is
// gone and takes it over, knowing that it was abandoned.
struct OwnerLock {
  std::atomic<int32_t> word;
  int32_t reserved;
  WaitPoint point;
};
static_assert(sizeof(OwnerLock) == 16);

inline constexpr int32_t kWaitersBit = INT32_MIN;
inline constexpr int32_t kSlotBits = 12;
inline constexpr int32_t kSlotMask = (1 << kSlotBits) - 1;
inline constexpr int32_t kGenerationMask = (1 << 19) - 1;

// ---- Participants ----------------------------------------------------------------------------------
// One slot per JavaScript environment (main thread or worker thread) and one per native service thread.
//
//   state (64 bits): [ pid : 32 | generation : 28 | state : 4 ]
//
//   FREE                 -> RESERVED(claimer's pid)    registration of oneself or of a child to be spawned
//   RESERVED(claimer)    -> LIVE(pid)                  the participant's own process has taken the slot
//   RESERVED | LIVE      -> RECOVERING(recoverer)      its end is known
//   RECOVERING(x)        -> RECOVERING(y)              x died, too
//   RECOVERING           -> FREE(generation + 1)
//
// Crash rule: whoever changes `state` first has the slot; the process that a slot depends on is named in
// the same word, so a death in between is found by looking at that process.
enum ParticipantState : uint32_t {
  kFree = 0,
  kReserved = 1,
  kLive = 2,
  kRecovering = 3,
};

struct alignas(256) Participant {
  std::atomic<uint64_t> state;
  std::atomic<uint64_t> start_time;    // of process `pid`, clock ticks since boot (/proc/<pid>/stat)
  std::atomic<int32_t> pid;            // the process that will be, is, or was here
  std::atomic<int32_t> parent_pid;     // the process that spawned it
  std::atomic<int32_t> doorbell_armed; // number of the arming while the event loop sleeps; 0 once it was rung
  std::atomic<int32_t> doorbell_fd;    // its eventfd, in its own process; -1 without
  std::atomic<uint32_t> filter[2];     // which wait points its event loop waits on: a 64-bit Bloom filter
  std::atomic<int32_t> is_service;     // 1: a native thread that recovers the dead; keeps nothing alive
  std::atomic<int32_t> awaits_pid;     // the one process whose end is all that its idle event loop waits for; 0 = none
  std::atomic<uint64_t> parked_point;  // offset of the point on which its thread sleeps, 0 = none
  std::atomic<uint64_t> parks;         // counters for people
  std::atomic<uint64_t> rings;
  char name[kParticipantNameBytes];    // UTF-8, zero-terminated
};
static_assert(sizeof(Participant) == 256);

// ---- Heap ------------------------------------------------------------------------------------------
// The truth about the heap is two kinds of words, each changed by one store:
//   - the page map's entry of the first page of every run (free, used, slab), which gives its length, so
//     that the map can be walked from page 0 to page_end;
//   - the `place` word of every hold: a block lives exactly as long as some hold names it.
// A holder is a participant or another block: what is under way in a queue is held by the queue's block, and when
// that goes, so do its holds; blocks that hold each other go when no participant leads to them (heap_cycles.cc).
// A hold may be in a role (1-15), such as that of an end of a pipe: when nobody holds a
// role any more, the block is told so before the last of its holds goes.
// All else (free lists, slab bitmaps, hold chains, tail marks) is derived, and rebuilt by whoever takes
// the heap lock over from a dead holder (heap_rebuild.cc).
//
//   page entry: [ unused : 16 | size class : 8 | kind : 8 | length or distance in pages : 32 ]
enum PageKind : uint32_t {
  kPageNone = 0,
  kPageFreeClean = 1,   // free, reads as zero
  kPageFreeDirty = 2,   // free, holds old data
  kPageUsed = 3,        // one block; its payload begins kRunHeaderBytes into the run
  kPageSlab = 4,        // cells of one size class
  kPageInterior = 5,    // of a slab: distance back to its first page
  kPageTail = 6,        // last page of a run of two or more: length of the run (derived)
};

struct RunLinks {  // of a free run or a slab with free cells, in its list: page index + 1, 0 = none
  uint32_t next;
  uint32_t previous;
};

inline constexpr uint32_t kSlabPages = 4;
inline constexpr uint64_t kSlabBytes = kSlabPages * kPageBytes;
inline constexpr uint64_t kSlabHeaderBytes = 64;
inline constexpr uint64_t kBlockHeaderBytes = 16;
inline constexpr uint64_t kRunHeaderBytes = 64;
inline constexpr uint32_t kCellBytes[] = {64, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};
inline constexpr uint32_t kSizeClasses = sizeof(kCellBytes) / sizeof(kCellBytes[0]);
inline constexpr uint32_t kRunBins = 33;

struct SlabHeader {
  uint32_t size_class;
  uint32_t free_cells;
  uint64_t used[4];  // one bit per cell (derived)
};
static_assert(sizeof(SlabHeader) <= kSlabHeaderBytes);

struct BlockHeader {  // stands right before every payload
  uint32_t stamp;     // number of the allocation: tells a stale handle from a good one
  uint32_t kind;      // what the owner of the block says it is; 0 = bytes; kCompoundKind is a bit of it
  uint64_t bytes;     // size of the payload that was asked for
};
static_assert(sizeof(BlockHeader) == kBlockHeaderBytes);

struct Hold {
  std::atomic<uint64_t> place;   // offset of the payload, with the role in its lowest 4 bits; 0 = this record is free
  std::atomic<uint64_t> holder;  // id of a participant, or kBlockHolder with the offset of a block
  uint32_t next;                 // in its bucket's chain or in the list of free records (derived), index + 1
  uint32_t next_of_holder;       // among the holds of the same block (derived), index + 1
  uint32_t previous_of_holder;
  uint32_t reserved;
};
static_assert(sizeof(Hold) == 32);

inline constexpr uint64_t kBlockHolder = uint64_t{1} << 63;
inline constexpr uint64_t kRoleMask = 15;

// A block of a kind with this bit can hold others and be held in roles. Its payload begins with:
inline constexpr uint32_t kCompoundKind = uint32_t{1} << 31;
inline constexpr uint32_t kSignals = 4;
struct CompoundHeader {
  uint32_t first_hold;            // of those that it has on others (derived), index + 1
  std::atomic<int32_t> vacated;   // bit n: nobody holds role n any more, nor ever will
  uint32_t signals[kSignals];     // where in the payload who waits for that is told of it; 0 = nowhere
  uint64_t reserved;
};
static_assert(sizeof(CompoundHeader) == 32);

// A word that is waited for, with its wait point: [ its own business : 31 | VACATED : 1 ]
struct Signal {
  WaitPoint point;
  std::atomic<int32_t> word;
  int32_t reserved;
};
static_assert(sizeof(Signal) == 16);
inline constexpr int32_t kVacated = 1;

// ---- Header ----------------------------------------------------------------------------------------
enum ArenaState : uint32_t { kBuilding = 0, kReady = 1, kRemoved = 2 };

struct alignas(4096) ArenaHeader {
  std::atomic<uint64_t> magic;       // written last but `state`
  uint32_t layout_version;
  uint32_t named;                    // 1: a file under a name; 0: a family's anonymous memory file
  uint8_t family[16];                // random
  std::atomic<uint32_t> state;
  std::atomic<int32_t> creator_pid;
  std::atomic<uint64_t> creator_start_time;
  uint64_t max_bytes;                // of the whole file
  uint64_t holds_offset;
  uint64_t buckets_offset;
  uint64_t pages_offset;
  uint64_t runs_offset;
  uint64_t data_offset;
  uint32_t hold_capacity;
  uint32_t bucket_count;             // a power of two
  uint32_t page_capacity;
  uint32_t unused;
  std::atomic<uint64_t> root_block;  // the object of a named arena: payload offset, 0 = not yet
  std::atomic<uint32_t> slot_end;    // participants' slots ever used
  std::atomic<uint32_t> next_slot;   // where the search for a free slot begins (a hint)

  alignas(64) OwnerLock heap_lock;
  // Behind the heap lock:
  std::atomic<uint64_t> file_bytes;  // size of the file
  std::atomic<uint32_t> page_end;    // pages that the page map describes
  std::atomic<uint32_t> hold_end;    // hold records ever used
  uint32_t next_stamp;
  uint32_t free_holds;               // list of free hold records (derived), index + 1
  uint64_t used_bytes;               // derived
  uint64_t dirty_free_bytes;         // derived: kept warm for reuse
  uint32_t free_runs[kRunBins];      // by the logarithm of their length (derived), page + 1
  uint32_t open_slabs[kSizeClasses]; // slabs with a free cell (derived), page + 1
};
static_assert(sizeof(ArenaHeader) == kPageBytes);

inline constexpr uint64_t kParticipantsOffset = kPageBytes;
inline constexpr uint64_t kTablesOffset =
    kParticipantsOffset + uint64_t{kParticipantSlots} * sizeof(Participant);

}  // namespace forkless

#endif  // FORKLESS_CORE_LAYOUT_H_
