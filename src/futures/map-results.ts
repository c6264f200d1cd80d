import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { TimeoutError } from '../support/errors.ts';
import { within } from '../support/within.ts';
import type { MapCalls } from './map-calls.ts';
import { wait, waitSync } from './wait.ts';

const OVER = { done: true, value: undefined } as const;

/** What `map` gives: results in the order of the items, until the first error. */
export class MapResults<R> implements AsyncIterableIterator<R, undefined> {
  readonly #calls: MapCalls<R>;
  readonly #timeout: number;
  readonly #deadline: number;
  /** Fulfilled when nobody waits for a result any more. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(calls: MapCalls<R>, timeout: number) {
    this.#calls = calls;
    this.#timeout = timeout;
    this.#deadline = deadlineAfter(timeout);
  }

  next(): Promise<IteratorResult<R, undefined>> {
    const next = this.#turn.then(() => this.#next());
    this.#turn = next.then(nothing, nothing);
    return next;
  }

  async #next(): Promise<IteratorResult<R, undefined>> {
    for (;;) {
      const result = this.#calls.take();
      if (result !== undefined) return result;
      const left = leftUntil(this.#deadline);
      if (left === 0) throw tooLate(this.#calls, this.#timeout);
      const { head } = this.#calls;
      if (head !== undefined) await wait([head], { timeout: left });
      else await within(this.#hasRead(), left, undefined);
    }
  }

  #hasRead(): Promise<void> {
    return new Promise((resolve) => {
      this.#calls.onRead = resolve;
    });
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    this.#calls.end();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** The same for who blocks the thread: the input is never asynchronous then, so that there always is something to wait for. */
export class BlockingMapResults<R> implements IterableIterator<R, undefined> {
  readonly #calls: MapCalls<R>;
  readonly #timeout: number;
  readonly #deadline: number;

  constructor(calls: MapCalls<R>, timeout: number) {
    this.#calls = calls;
    this.#timeout = timeout;
    this.#deadline = deadlineAfter(timeout);
  }

  next(): IteratorResult<R, undefined> {
    for (;;) {
      const result = this.#calls.take();
      if (result !== undefined) return result;
      const left = leftUntil(this.#deadline);
      if (left === 0) throw tooLate(this.#calls, this.#timeout);
      const { head } = this.#calls;
      if (head !== undefined) waitSync([head], { timeout: left });
    }
  }

  return(): IteratorResult<R, undefined> {
    this.#calls.end();
    return OVER;
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.return();
  }
}

function nothing(): void {}

function tooLate<R>(calls: MapCalls<R>, timeout: number): TimeoutError {
  calls.end();
  return new TimeoutError(`map(): not all results were there within ${timeout} ms; what had not begun is cancelled`);
}
