// What happens when a participant has ended: a short list of steps, each of which may be done twice.
#ifndef FORKLESS_CORE_RECOVERY_H_
#define FORKLESS_CORE_RECOVERY_H_

#include "core/arena.h"

namespace forkless {

// Recovers every participant of a process that is known to have ended, in every arena that is mapped here. If
// possible before it is reaped: after that its pid may be another's.
// `adopt` is called with the pid of each process that the dead one had spawned and that still lives.
void RecoverProcess(int32_t pid, void (*adopt)(int32_t pid) = nullptr);

// An orderly end: gives back everything that `id`, a participant of this process, still has.
void RetireParticipant(Arena& arena, int32_t id);

// Whether the participant lives; if it turns out to be dead, recovers it first. Costs a look at the process.
bool ProbeParticipant(Arena& arena, int32_t id);

// Looks at every process in the table; returns how many participants were recovered.
int RecoverAllDead(Arena& arena);

}  // namespace forkless

#endif  // FORKLESS_CORE_RECOVERY_H_
