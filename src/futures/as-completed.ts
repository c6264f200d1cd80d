import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { TimeoutError } from '../support/errors.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { within } from '../support/within.ts';
import { blockUntil } from './blocking.ts';
import { FutureWatch } from './future-watch.ts';
import type { Future } from './future.ts';

/**
 * A future that has ended, as `for await` gives it. TypeScript takes the variable of a `for await` for what the future gives, if it can
 * be awaited, while it is the future itself: so for TypeScript it cannot. `result()` and `resultSync()` give the result.
 */
export type CompletedFuture<F extends Future<unknown>> = F & { readonly then: never };

/**
 * Gives each future when it has ended, those first that have already. It keeps none that it has given.
 * Python: `concurrent.futures.as_completed`; the time counts from this call.
 *
 * @throws TypeError, RangeError; its `next()` TimeoutError when `timeout` (ms) is over, and the reason of `signal`.
 * @example
 * for await (const future of asCompleted(futures)) console.log(future.exceptionSync() ?? future.resultSync());
 */
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: AsyncWaitOptions,
): AsyncIterableIterator<CompletedFuture<F>, undefined> {
  checkWait(options, 'asCompleted()');
  return new Completions(new FutureWatch(futures, 'asCompleted()'), options);
}

/**
 * `asCompleted` that blocks the thread.
 * @throws TypeError, RangeError; its `next()` TimeoutError, and StateError when only this thread could settle what is left.
 */
export function asCompletedSync<F extends Future<unknown>>(
  futures: Iterable<F>,
  options?: WaitOptions,
): IterableIterator<F, undefined> {
  checkWait(options, 'asCompletedSync()', SYNC_WAIT_KEYS);
  return new BlockingCompletions(new FutureWatch(futures, 'asCompletedSync()'), options);
}

const OVER = { done: true, value: undefined } as const;

class Completions<F extends Future<unknown>> implements AsyncIterableIterator<CompletedFuture<F>, undefined> {
  readonly #watch: FutureWatch<F>;
  readonly #all: number;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;

  constructor(watch: FutureWatch<F>, { timeout = Infinity, signal }: AsyncWaitOptions = {}) {
    this.#watch = watch;
    this.#all = watch.ended.length + watch.left;
    this.#deadline = deadlineAfter(timeout);
    this.#signal = signal;
  }

  // No variable holds a future while the user has it.
  async next(): Promise<IteratorResult<CompletedFuture<F>, undefined>> {
    const watch = this.#watch;
    for (;;) {
      this.#signal?.throwIfAborted();
      if (watch.ended.length > 0) return { done: false, value: watch.ended.shift() as CompletedFuture<F> };
      if (watch.left === 0) return OVER;
      const left = leftUntil(this.#deadline);
      if (left === 0) throw tooLate(watch, this.#all);
      await within(watch.changed(), left, this.#signal);
    }
  }

  async return(): Promise<IteratorResult<CompletedFuture<F>, undefined>> {
    this.#watch.stop();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

class BlockingCompletions<F extends Future<unknown>> implements IterableIterator<F, undefined> {
  readonly #watch: FutureWatch<F>;
  readonly #all: number;
  readonly #deadline: number;

  constructor(watch: FutureWatch<F>, { timeout = Infinity }: WaitOptions = {}) {
    this.#watch = watch;
    this.#all = watch.ended.length + watch.left;
    this.#deadline = deadlineAfter(timeout);
  }

  next(): IteratorResult<F, undefined> {
    const watch = this.#watch;
    if (watch.ended.length === 0 && watch.left > 0) {
      const left = leftUntil(this.#deadline);
      const isThere = blockUntil(() => watch.ended.length > 0, watch.blockers, left, 'asCompletedSync()');
      if (!isThere) throw tooLate(watch, this.#all);
    }
    return watch.ended.length === 0 ? OVER : { done: false, value: watch.ended.shift() as F };
  }

  return(): IteratorResult<F, undefined> {
    this.#watch.stop();
    return OVER;
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.return();
  }
}

/** After an error, nobody calls `return`. */
function tooLate<F extends Future<unknown>>(watch: FutureWatch<F>, all: number): TimeoutError {
  watch.stop();
  return new TimeoutError(`${watch.left} (of ${all}) futures unfinished`);
}
