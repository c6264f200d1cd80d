import { inspect } from 'node:util';

import { StateError, TimeoutError } from '../support/errors.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { within } from '../support/within.ts';

/** Blocks the thread until the condition holds, doing the pool's work meanwhile; false when the time was over first. */
export type Blocker = (isDone: () => boolean, timeout: number) => boolean;

type State = 'pending' | 'done' | 'failed';

/** How a result is settled by the pool. */
export interface Settler<R> {
  readonly resolve: (value: R) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * What a task of a pool will give. Awaiting it gives the value. When nobody asks, an error is nobody's: see `errorCallback`.
 * Python: `multiprocessing.pool.AsyncResult`.
 */
export class AsyncResult<R> implements PromiseLike<R> {
  readonly #block: Blocker;
  #state: State = 'pending';
  #value: unknown;
  #promise: Promise<R> | undefined;
  #settle: Settler<R> | undefined;

  /** For the pool: `start` gets what settles it. */
  constructor(block: Blocker, start: (settler: Settler<R>) => void) {
    this.#block = block;
    start({
      resolve: (value) => this.#end('done', value),
      reject: (error) => this.#end('failed', error),
    });
  }

  /**
   * The value.
   * @throws what the task has thrown; TimeoutError when `timeout` (ms) was over first: the task goes on; the reason of `signal`.
   */
  async get(options?: AsyncWaitOptions): Promise<R> {
    checkWait(options, 'AsyncResult.get()');
    if (options === undefined) return this.#asPromise();
    if (!(await this.wait(options))) throw this.#tooLate('get()', options);
    return this.#asPromise();
  }

  /** `get` that blocks the thread. */
  getSync(options?: WaitOptions): R {
    if (!this.waitSync(options)) throw this.#tooLate('getSync()', options);
    if (this.#state === 'failed') throw this.#value;
    return this.#value as R;
  }

  /** Waits until there is a result: true; false when `timeout` (ms) was over first. */
  async wait(options?: AsyncWaitOptions): Promise<boolean> {
    checkWait(options, 'AsyncResult.wait()');
    options?.signal?.throwIfAborted();
    if (this.#state !== 'pending') return true;
    const { timeout = Infinity, signal } = options ?? {};
    if (timeout === 0) return false;
    await within(this.#settled(), timeout, signal);
    return this.ready();
  }

  /** `wait` that blocks the thread. */
  waitSync(options?: WaitOptions): boolean {
    checkWait(options, 'AsyncResult.waitSync()', SYNC_WAIT_KEYS);
    return this.#state !== 'pending' || this.#block(() => this.#state !== 'pending', options?.timeout ?? Infinity);
  }

  /** Whether there is a result. */
  ready(): boolean {
    return this.#state !== 'pending';
  }

  /**
   * Whether the task has given a value, and not thrown.
   * @throws StateError while there is no result.
   */
  successful(): boolean {
    if (this.#state === 'pending') throw new StateError('successful(): the task has not ended; ask ready() first');
    return this.#state === 'done';
  }

  // oxlint-disable-next-line unicorn/no-thenable -- `await pool.applyAsync(…)` is what it is for.
  then<A = R, B = never>(
    onValue?: ((value: R) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onValue, onError);
  }

  #asPromise(): Promise<R> {
    return (this.#promise ??= new Promise<R>((resolve, reject) => {
      if (this.#state === 'done') resolve(this.#value as R);
      else if (this.#state === 'failed') reject(this.#value as Error);
      else this.#settle = { resolve, reject };
    }));
  }

  /** Fulfilled when there is a result, whatever it is. */
  async #settled(): Promise<void> {
    try {
      await this.#asPromise();
    } catch {
      // Whoever asks for the value is told.
    }
  }

  #end(state: State, value: unknown): void {
    if (this.#state !== 'pending') return;
    this.#state = state;
    this.#value = value;
    if (state === 'done') this.#settle?.resolve(value as R);
    else this.#settle?.reject(value);
    this.#settle = undefined;
  }

  #tooLate(call: string, options: WaitOptions | undefined): TimeoutError {
    return new TimeoutError(`AsyncResult.${call}: no result within ${options?.timeout} ms; the task goes on`);
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: AsyncResult<unknown>): string {
        return `AsyncResult { ${this.#state} }`;
      },
    });
  }
}
