import { LONGEST_TIMER_MS } from '../../support/within.ts';
import type { AsyncWaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';

/** What an attempt returns that would have to wait. */
export const NOT_YET: unique symbol = Symbol('not yet');

/** One try of an operation; it never waits, and throws what the operation would. */
export type Attempt<R> = () => R | typeof NOT_YET;

interface Waiting {
  readonly attempt: Attempt<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly stop: () => void;
}

/** Asynchronous operations that wait for their turn, in the order of their coming. */
export class WaitQueue {
  readonly #waiting = new Set<Waiting>();
  readonly #onChange: () => void;

  /** @param onChange - called when one has come or gone */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** At once, if nobody is before it and it need not wait; rejects with the signal's reason. */
  add<R>(attempt: Attempt<R>, { timeout = Infinity, signal }: AsyncWaitOptions = {}): Promise<R | typeof TIMED_OUT> {
    return new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      const result = this.#waiting.size === 0 ? attempt() : NOT_YET;
      if (result !== NOT_YET) return resolve(result);
      if (timeout === 0) return resolve(TIMED_OUT);
      let timer: NodeJS.Timeout | undefined;
      const end = performance.now() + timeout;
      const setTimer = (): void => {
        // setTimeout rounds down to whole ms: a wait must not end before its time.
        const left = end - performance.now();
        if (left <= 0) return this.#end(waiting, () => resolve(TIMED_OUT));
        timer = setTimeout(setTimer, Math.min(left, LONGEST_TIMER_MS));
      };
      const onAbort = (): void => this.#end(waiting, () => reject(signal?.reason as Error));
      const stop = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const waiting: Waiting = { attempt, resolve, reject, stop };
      this.#waiting.add(waiting);
      if (timeout !== Infinity) setTimer();
      signal?.addEventListener('abort', onAbort);
      this.#onChange();
    }) as Promise<R | typeof TIMED_OUT>;
  }

  /** Lets them try, one after the other, until one has to wait on. */
  run(): void {
    for (const waiting of this.#waiting) {
      try {
        const result = waiting.attempt();
        if (result === NOT_YET) return;
        this.#end(waiting, () => waiting.resolve(result));
      } catch (error) {
        this.#end(waiting, () => waiting.reject(error));
      }
    }
  }

  rejectAll(error: unknown): void {
    for (const waiting of this.#waiting) this.#end(waiting, () => waiting.reject(error));
  }

  #end(waiting: Waiting, settle: () => void): void {
    // Not twice: what ends one may end all.
    if (!this.#waiting.delete(waiting)) return;
    waiting.stop();
    settle();
    this.#onChange();
  }
}
