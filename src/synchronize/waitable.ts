import { isMainThread } from 'node:worker_threads';

import { binding } from '../native/binding.ts';
import { deadlineAfter, monotonicNow } from '../support/deadline.ts';
import { StateError } from '../support/errors.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import type { Lane } from './lane.ts';
import { loopWaitsOf } from './loop-waits.ts';
import { LOOK_UNASKED_MS, LOOKS_MOST, TIMED_OUT, Wait } from './wait-point.ts';
import type { Attempt } from './wait-point.ts';

// See LOOKS_MOST; native spinning with pauses goes on from there.
const LOOKS_LEAST = 16;
const SPIN_LEAST_NS = 2_000;
const SPIN_MOST_NS = 40_000;
const PARK_CHANGED = 0;
const NO_OWNER = 0;
// A sleep is cut into slices. After each the attempt looks again: the wake may have died with its waker, or be in the
// hands of a process that was stopped, and nobody needs to have noticed. And a worker thread can be terminated only
// between two calls of native code, while process.exit() waits for it.
const SLICE_MS = isMainThread ? LOOK_UNASKED_MS : 50;

/**
 * Blocks the thread until the attempt succeeds: look, spin, sleep in the kernel.
 * @throws StateError when only this thread itself could end the wait.
 */
export function waitSync<R>(attempt: Attempt<R>, options: WaitOptions | undefined): R | typeof TIMED_OUT {
  const first = attempt();
  return first instanceof Wait ? waitSlowly(attempt, first, options?.timeout ?? Infinity) : first;
}

function waitSlowly<R>(attempt: Attempt<R>, first: Wait, timeout: number): R | typeof TIMED_OUT {
  if (timeout === 0) return TIMED_OUT;
  const deadline = deadlineAfter(timeout);
  let wait = first;
  for (;;) {
    if (wait.isUpToSelf()) throw waitsForItself();
    if (!looksChanged(wait)) park(wait, deadline);
    const result = attempt();
    if (!(result instanceof Wait)) return result;
    if (deadline !== Infinity && monotonicNow() >= deadline) return TIMED_OUT;
    wait = result;
  }
}

function waitsForItself(): StateError {
  return new StateError(
    'This call would wait for itself: what it waits for is held by an operation of this thread that has not ended. ' +
      'End that first (commit, abort, release), or use the promise form',
  );
}

function looksChanged(wait: Wait): boolean {
  if (wait.spinNs === 0) return wait.isOver();
  if (wait.paceMs !== 0) idle(wait.paceMs);
  for (let looks = 0; looks < wait.looks; looks++) {
    if (!wait.isOver()) continue;
    wait.looks = LOOKS_MOST;
    return true;
  }
  // In vain: the other side may need this very processor, which native spinning gives it.
  wait.looks = Math.max(LOOKS_LEAST, wait.looks >> 1);
  return false;
}

function idle(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

/** Sleeps, at most for one slice, and learns how long it is worth to spin before. */
function park(wait: Wait, deadline: number): void {
  const { point, offset, expected, spinNs } = wait;
  const owner = wait.forOwner ? offset : NO_OWNER;
  const start = monotonicNow();
  // Native code itself probes the owner of a lock.
  const probes = !wait.forOwner && wait.probe !== undefined;
  const until = Math.min(deadline, start + (probes ? Math.min(wait.probeMs, SLICE_MS) : SLICE_MS));
  const result = binding.park(point.arena.index, point.offset, offset, expected, owner, until, spinNs);
  if (probes && monotonicNow() >= until) wait.probe?.(deadline === Infinity, true);
  if (spinNs === 0) return;
  // Spinning that ends in a long sleep is wasted: do less of it. A change that came in time is worth more, and one that
  // came soon after falling asleep would have been.
  const soon = result === PARK_CHANGED || (monotonicNow() - start) * 1e6 < SPIN_MOST_NS;
  wait.spinNs = soon ? Math.min(spinNs * 2, SPIN_MOST_NS) : Math.max(spinNs / 2, SPIN_LEAST_NS);
}

/** Tries once: a Wait when it would have to wait. Only a lock that another process has for a moment is waited for. */
export function tryOnce<R>(attempt: Attempt<R>): R | Wait {
  const first = attempt();
  if (!(first instanceof Wait) || !first.forOwner) return first;
  const result = waitSync<{ readonly result: R | Wait }>(() => {
    const next = attempt();
    return next instanceof Wait && next.forOwner ? next : { result: next };
  }, undefined);
  return result === TIMED_OUT ? first : result.result;
}

/**
 * Waits without blocking the event loop. The wait keeps the loop alive. Waits of one lane succeed in the order of the
 * calls.
 * @throws the signal's reason when it is aborted; nothing has been taken then.
 */
export async function waitAsync<R>(
  attempt: Attempt<R>,
  options: AsyncWaitOptions | undefined,
  lane: Lane,
): Promise<R | typeof TIMED_OUT> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  const timeout = options?.timeout ?? Infinity;
  // Success after success without a wait would keep the event loop from turning: now and then one goes through it.
  if (lane.isFree && (timeout === 0 || !lane.hasRunLong())) {
    const first = attempt();
    if (!(first instanceof Wait)) return first;
    if (timeout !== 0) return loopWaitsOf(lane.arena).add(attempt, lane, first, timeout, signal);
  }
  if (timeout === 0) return TIMED_OUT;
  lane.turned();
  return loopWaitsOf(lane.arena).add(attempt, lane, undefined, timeout, signal);
}
