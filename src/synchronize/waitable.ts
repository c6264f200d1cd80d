import { binding } from '../native/binding.ts';
import { deadlineAfter, monotonicNow } from '../support/deadline.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { loopWaitsOf } from './loop-waits.ts';
import { TIMED_OUT, Wait } from './wait-point.ts';
import type { Attempt } from './wait-point.ts';

// Looking from JavaScript costs about 8 ns, so this is a few µs; native spinning with pauses goes on from there.
const LOOKS_BEFORE_PARKING = 500;
const SPIN_LEAST_NS = 2_000;
const SPIN_MOST_NS = 40_000;
const PARK_TIMED_OUT = 1;
const PARK_WOKEN = 3;
const NO_OWNER = 0;

/** Blocks the thread until the attempt succeeds: look, spin, sleep in the kernel. */
export function waitSync<R>(attempt: Attempt<R>, options: WaitOptions | undefined): R | typeof TIMED_OUT {
  const first = attempt();
  return first instanceof Wait ? waitSlowly(attempt, first, options?.timeout ?? Infinity) : first;
}

function waitSlowly<R>(attempt: Attempt<R>, first: Wait, timeout: number): R | typeof TIMED_OUT {
  if (timeout === 0) return TIMED_OUT;
  const deadline = deadlineAfter(timeout);
  let wait = first;
  for (;;) {
    const timedOut = !looksChanged(wait) && park(wait, deadline) === PARK_TIMED_OUT;
    const result = attempt();
    if (!(result instanceof Wait)) return result;
    if (timedOut || (deadline !== Infinity && monotonicNow() >= deadline)) return TIMED_OUT;
    wait = result;
  }
}

function looksChanged(wait: Wait): boolean {
  if (wait.spinNs === 0) return wait.isOver();
  for (let looks = 0; looks < LOOKS_BEFORE_PARKING; looks++) if (wait.isOver()) return true;
  return false;
}

function park(wait: Wait, deadline: number): number {
  const { point, offset, expected, spinNs } = wait;
  const owner = wait.forOwner ? offset : NO_OWNER;
  const result = binding.park(point.arena.index, point.offset, offset, expected, owner, deadline, spinNs);
  // Spinning that ends in sleep is wasted: do less of it. A change that came in time is worth more.
  if (spinNs !== 0) {
    wait.spinNs = result === PARK_WOKEN ? Math.max(spinNs / 2, SPIN_LEAST_NS) : Math.min(spinNs * 2, SPIN_MOST_NS);
  }
  return result;
}

/**
 * Waits without blocking the event loop. The wait keeps the loop alive.
 * @throws the signal's reason when it is aborted; nothing has been taken then.
 */
export async function waitAsync<R>(
  attempt: Attempt<R>,
  options: AsyncWaitOptions | undefined,
): Promise<R | typeof TIMED_OUT> {
  const signal = options?.signal;
  signal?.throwIfAborted();
  const first = attempt();
  if (!(first instanceof Wait)) return first;
  const timeout = options?.timeout ?? Infinity;
  if (timeout === 0) return TIMED_OUT;
  return loopWaitsOf(first.point.arena).add(attempt, first, timeout, signal);
}
