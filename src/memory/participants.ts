import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import type { Arena } from './arena.ts';

/**
 * Keeps a slot for a child that is about to be spawned, so that blocks can be held for it beforehand.
 * @throws ResourceError when all slots are taken by living participants.
 */
export function reserveParticipant(arena: Arena, name: string): number {
  return attempt(`make room for ${name}`, () => binding.reserveParticipant(arena.index, name));
}

/** Gives a reserved slot back, with all that is held for it: the spawn has failed. */
export function cancelParticipant(arena: Arena, participant: number): void {
  binding.cancelParticipant(arena.index, participant);
}

/** For people: the name and pid of a participant, such as `Process-2 (pid 812)`. */
export function describeParticipant(arena: Arena, participant: number): string {
  const found = arena.participants().find(({ id }) => id === participant);
  return found === undefined ? 'a process that has ended' : `${found.name} (pid ${found.pid})`;
}
