import type { Blocker } from '../pool/async-result.ts';
import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { StateError } from '../support/errors.ts';

/** How long one executor is worked for while others are waited for, too. */
const SLICE_MS = 10;

/**
 * Blocks the thread until the condition holds, working for the executors meanwhile; false when the time (ms) was over first.
 * @param blockers those of what is waited for now; undefined for what only this thread can settle
 * @throws StateError when only this thread could bring it about.
 */
export function blockUntil(
  isDone: () => boolean,
  blockers: () => Iterable<Blocker | undefined>,
  timeout: number,
  where: string,
): boolean {
  const deadline = deadlineAfter(timeout);
  for (;;) {
    if (isDone()) return true;
    const left = leftUntil(deadline);
    if (left === 0) return false;
    const all = new Set(blockers());
    const isAlone = all.size === 1;
    all.delete(undefined);
    if (all.size === 0) throw upToSelf(where);
    for (const block of all) if (block?.(isDone, isAlone ? left : Math.min(left, SLICE_MS)) === true) return true;
  }
}

function upToSelf(where: string): StateError {
  return new StateError(
    `${where} would wait for itself: no executor settles what it waits for, and this thread is blocked meanwhile. Use the promise form`,
  );
}
