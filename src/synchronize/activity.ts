import type { Arena } from '../memory/arena.ts';
import { layout } from '../memory/layout.ts';
import { load, store } from '../memory/words.ts';
import { binding } from '../native/binding.ts';
import { RUNTIME } from '../support/runtime.ts';
import { countLoopWaits } from './loop-waits.ts';

const AWAITS = layout.participantAwaits >> 2;
const SLOT_MASK = (1 << layout.slotBits) - 1;

/*
 * Whether a process can still do something of its own accord. It cannot while its thread is blocked, or while its event loop
 * has nothing to wait for but what other processes do: no timer, no socket, no file. Then it may be one of those who keep a
 * pipe open for which nobody has a use any more:
 *
 *     awaits   in the participant table: the one process whose end would wake it; 0 = it is active, or waits for more
 *
 * It is written when the loop has come to rest, and taken back before anything is done again.
 */

let watchedProcesses = 0;

/** Told by the process layer: how many processes there are whose end this environment would notice. */
export function setWatchedProcesses(count: number): void {
  watchedProcesses = count;
}

/** Whether nothing but `waits` of the event loop's waits and the end of another process can make this environment go on. */
export function isAtRest(waits: number): boolean {
  return (
    // Of other event loops nobody knows.
    RUNTIME === 'node' &&
    countLoopWaits() <= waits &&
    process.getActiveResourcesInfo().length === countOutputs() &&
    // What addons have their threads do is not among the resources.
    !binding.hasRequests()
  );
}

/** The streams to which the process writes keep no loop alive, and wake nobody, but are listed. */
function countOutputs(): number {
  const handles = (process as { _getActiveHandles?: () => readonly object[] })._getActiveHandles?.() ?? [];
  return handles.filter((handle) => {
    const { _isStdio, fd } = handle as { _isStdio?: boolean; fd?: number };
    return _isStdio === true && fd !== 0;
  }).length;
}

/** Whether nothing at all can make this environment go on but the one wait that asks. */
export function hasOnlyThisWait(): boolean {
  return watchedProcesses === 0 && isAtRest(1);
}

/** Says for which process' end alone this environment waits. */
export function publishAwaited(arena: Arena, pid: number): void {
  store(arena.table, indexOf(arena.slot), pid);
}

/** For which process' end alone a participant waits; 0 = it may do something of its own accord. */
export function awaitedBy(arena: Arena, participant: number): number {
  return load(arena.table, indexOf(participant & SLOT_MASK));
}

function indexOf(slot: number): number {
  return ((slot * layout.participantBytes) >> 2) + AWAITS;
}
