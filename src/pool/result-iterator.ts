import type { Blocker } from './async-result.ts';
import type { Outcome, ResultStream } from './result-stream.ts';

interface Waiter<R> {
  readonly resolve: (result: IteratorResult<R, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const OVER = { done: true, value: undefined } as const;

/** What `imap` gives: an item that has failed rejects its own `next()`, and the iteration can go on behind it. */
export class ResultIterator<R> implements AsyncIterableIterator<R, undefined> {
  readonly #stream: ResultStream<R>;
  readonly #waiters: Waiter<R>[] = [];
  #isServing = false;

  constructor(stream: ResultStream<R>) {
    this.#stream = stream;
    stream.onChange = () => this.#serve();
  }

  next(): Promise<IteratorResult<R, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#serve();
    });
  }

  async return(): Promise<IteratorResult<R, undefined>> {
    this.#stream.end();
    this.#serve();
    return OVER;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Taking an outcome makes room for more input, which may bring more outcomes: then it is called within itself. */
  #serve(): void {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      this.#serveAll();
    } finally {
      this.#isServing = false;
    }
  }

  #serveAll(): void {
    while (this.#waiters.length > 0) {
      if (!this.#stream.hasOutcome && !this.#stream.isOver) return;
      // First: taking reads on, and the end of the input comes back here before `take` has returned.
      const waiter = this.#waiters.shift();
      const outcome = this.#stream.take();
      if (outcome === undefined) waiter?.resolve(OVER);
      else if ('error' in outcome) waiter?.reject(outcome.error);
      else waiter?.resolve({ done: false, value: outcome.value });
    }
  }
}

/** The same for who blocks the thread. */
export class BlockingResultIterator<R> implements IterableIterator<R, undefined> {
  readonly #stream: ResultStream<R>;
  readonly #block: Blocker;

  constructor(stream: ResultStream<R>, block: Blocker) {
    this.#stream = stream;
    this.#block = block;
  }

  next(): IteratorResult<R, undefined> {
    this.#block(() => this.#stream.hasOutcome || this.#stream.isOver, Infinity);
    const outcome: Outcome<R> | undefined = this.#stream.take();
    if (outcome === undefined) return OVER;
    if ('error' in outcome) throw outcome.error;
    return { done: false, value: outcome.value };
  }

  return(): IteratorResult<R, undefined> {
    this.#stream.end();
    return OVER;
  }

  [Symbol.iterator](): this {
    return this;
  }

  [Symbol.dispose](): void {
    this.return();
  }
}
