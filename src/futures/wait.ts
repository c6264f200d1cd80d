import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { checkWait } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { within } from '../support/within.ts';
import { blockUntil } from './blocking.ts';
import { FutureWatch } from './future-watch.ts';
import type { Future } from './future.ts';

/** What a `wait` waits for; `FIRST_EXCEPTION` also ends when all have ended. */
export type ReturnWhen = 'ALL_COMPLETED' | 'FIRST_COMPLETED' | 'FIRST_EXCEPTION';

/** Options of `waitSync()`. */
export interface FuturesWaitOptions extends WaitOptions {
  /** Default: `'ALL_COMPLETED'`. */
  readonly returnWhen?: ReturnWhen;
}

/** Options of `wait()`. */
export interface AsyncFuturesWaitOptions extends AsyncWaitOptions, FuturesWaitOptions {}

/** Futures after a `wait`. */
export interface WaitResult<F> {
  /** Those that have ended or are cancelled. */
  readonly done: Set<F>;
  readonly notDone: Set<F>;
}

const CONDITIONS: readonly unknown[] = ['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'];
const SYNC_KEYS = ['timeout', 'returnWhen'];
const KEYS = [...SYNC_KEYS, 'signal'];

/**
 * Waits until all futures have ended, or the first of them, or the first that has thrown; at most for `timeout` ms.
 * Python: `concurrent.futures.wait`.
 *
 * @throws TypeError, RangeError; the reason of `signal`.
 * @example
 * const { done, notDone } = await wait(futures, { returnWhen: 'FIRST_COMPLETED' });
 */
export async function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: AsyncFuturesWaitOptions,
): Promise<WaitResult<F>> {
  const returnWhen = checked(options, 'wait()', KEYS);
  const { timeout = Infinity, signal } = options ?? {};
  const watch = new FutureWatch(futures, 'wait()');
  const deadline = deadlineAfter(timeout);
  try {
    signal?.throwIfAborted();
    while (!isEnough(watch, returnWhen) && leftUntil(deadline) > 0) {
      await within(watch.changed(), leftUntil(deadline), signal);
    }
    return outcome(watch);
  } finally {
    watch.stop();
  }
}

/**
 * `wait` that blocks the thread.
 * @throws TypeError, RangeError; StateError when only this thread could settle what is waited for.
 */
export function waitSync<F extends Future<unknown>>(futures: Iterable<F>, options?: FuturesWaitOptions): WaitResult<F> {
  const returnWhen = checked(options, 'waitSync()', SYNC_KEYS);
  const watch = new FutureWatch(futures, 'waitSync()');
  try {
    blockUntil(() => isEnough(watch, returnWhen), watch.blockers, options?.timeout ?? Infinity, 'waitSync()');
    return outcome(watch);
  } finally {
    watch.stop();
  }
}

function checked(options: AsyncFuturesWaitOptions | undefined, where: string, keys: readonly string[]): ReturnWhen {
  checkWait(options, where, keys);
  const { returnWhen = 'ALL_COMPLETED' } = options ?? {};
  if (!CONDITIONS.includes(returnWhen)) {
    throw new TypeError(`${where}: returnWhen must be one of ${CONDITIONS.join(', ')}`);
  }
  return returnWhen;
}

function isEnough<F extends Future<unknown>>(
  { left, ended, hasRaised }: FutureWatch<F>,
  returnWhen: ReturnWhen,
): boolean {
  if (left === 0) return true;
  return returnWhen === 'FIRST_COMPLETED' ? ended.length > 0 : returnWhen === 'FIRST_EXCEPTION' && hasRaised;
}

function outcome<F extends Future<unknown>>({ ended, notEnded }: FutureWatch<F>): WaitResult<F> {
  return { done: new Set(ended), notDone: new Set(notEnded) };
}
