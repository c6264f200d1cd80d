import { TimeoutError } from '../support/errors.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Primitive } from './primitive.ts';

/** What is acquired and released: locks, semaphores, conditions. This adds the forms that release by themselves. */
export abstract class Holdable extends Primitive {
  /** True when it was acquired, false when the time (ms) was over first. */
  abstract acquire(wait?: AsyncWaitOptions): Promise<boolean>;
  abstract acquireSync(wait?: WaitOptions): boolean;
  /** Acquires it only if that needs no wait. */
  abstract tryAcquire(): boolean;
  abstract release(): void;

  /**
   * Runs `use` while it is held.
   * @throws TimeoutError when the time was over first; `use` is not called then.
   */
  async with<R>(use: () => R | PromiseLike<R>, wait?: AsyncWaitOptions): Promise<R> {
    checkUse(use, 'with()');
    inTime(await this.acquire(wait), 'with()');
    try {
      return await use();
    } finally {
      this.release();
    }
  }

  withSync<R>(use: () => R, wait?: WaitOptions): R {
    checkUse(use, 'withSync()');
    inTime(this.acquireSync(wait), 'withSync()');
    try {
      return use();
    } finally {
      this.release();
    }
  }

  /**
   * Acquires it; disposing of the result releases it.
   * @throws TimeoutError
   * @example
   * using _ = await lock.hold();
   */
  async hold(wait?: AsyncWaitOptions): Promise<Disposable> {
    inTime(await this.acquire(wait), 'hold()');
    return this.#held();
  }

  holdSync(wait?: WaitOptions): Disposable {
    inTime(this.acquireSync(wait), 'holdSync()');
    return this.#held();
  }

  #held(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.release();
        held = false;
      },
    };
  }
}

function checkUse(use: unknown, call: string): void {
  if (typeof use !== 'function') throw new TypeError(`${call}: expected a function, not ${typeof use}`);
}

function inTime(acquired: boolean, call: string): void {
  if (!acquired) throw new TimeoutError(`${call}: the time is over, and somebody else still holds it`);
}
