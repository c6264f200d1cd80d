import { Input } from '../pool/input.ts';
import { TaskQueue } from '../pool/task-queue.ts';
import type { Future } from './future.ts';

/** The results of a chunk: numbers come as a Float64Array. */
export type ChunkResults<R> = ArrayLike<R>;

export interface MapCallsOptions<R> {
  /** Submits the calls for some items. */
  readonly submit: (items: readonly unknown[]) => Future<ChunkResults<R>>;
  /** Called once, when nothing will be submitted any more. */
  readonly onLast: () => void;
  readonly chunkSize: number;
  readonly bufferSize: number;
}

const OVER = { done: true, value: undefined } as const;

/**
 * The calls of a `map`: submitted as far as the buffer reaches, their results in the order of the items. The first error is
 * given in the place of its item and ends it: what has not begun is cancelled.
 */
export class MapCalls<R> {
  readonly #options: MapCallsOptions<R>;
  readonly #source: Input;
  readonly #futures = new TaskQueue<Future<ChunkResults<R>>>();
  /** Told when the input has given more, or has ended. */
  onRead: () => void = () => {};
  #head: Future<ChunkResults<R>> | undefined;
  #items: unknown[] = [];
  #results: ChunkResults<R> = [];
  #at = 0;
  /** Items that were taken from the input and whose results were not given. */
  #buffered = 0;
  #input: 'open' | 'exhausted' | 'failed' = 'open';
  #failure: unknown;
  #hasEnded = false;

  constructor(input: Iterable<unknown> | AsyncIterable<unknown>, options: MapCallsOptions<R>) {
    this.#options = options;
    this.#source = new Input(input, {
      hasRoom: () => this.#hasRoom(),
      add: (next) => this.#add(next),
      fail: (error) => this.#fail(error),
    });
    this.#source.read();
  }

  // ---- results ----

  /**
   * The next result, if it is there.
   * @throws what the call has thrown, or the input
   */
  take(): IteratorResult<R, undefined> | undefined {
    for (;;) {
      if (this.#at < this.#results.length) return { done: false, value: this.#takeOne() };
      if (this.#hasEnded) return OVER;
      const { head } = this;
      if (head === undefined) return this.#takeEnd();
      if (!head.done()) return undefined;
      this.#head = undefined;
      this.#at = 0;
      try {
        this.#results = head.resultSync();
      } catch (error) {
        this.end();
        throw error;
      }
    }
  }

  /** What the next result comes from; undefined while the input has given nothing for it. */
  get head(): Future<ChunkResults<R>> | undefined {
    return (this.#head ??= this.#futures.shift());
  }

  /** It is kept no longer: the user may want it gone. */
  #takeOne(): R {
    const value = this.#results[this.#at] as R;
    if (Array.isArray(this.#results)) this.#results[this.#at] = undefined;
    this.#at += 1;
    this.#buffered -= 1;
    this.#source.read();
    return value;
  }

  #takeEnd(): typeof OVER | undefined {
    if (this.#input === 'open') return undefined;
    this.end();
    if (this.#input === 'failed') throw this.#failure;
    return OVER;
  }

  /** Nobody wants the rest. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#results = [];
    this.#head?.cancel();
    for (const future of this.#futures.clear()) future.cancel();
    if (this.#input !== 'open') return;
    this.#options.onLast();
    this.#close();
  }

  /** What the input throws when it is told, nobody can be told. */
  #close(): void {
    try {
      void Promise.resolve(this.#source.close()).catch(() => {});
    } catch {
      // As above.
    }
  }

  // ---- input ----

  #hasRoom(): boolean {
    return this.#input === 'open' && !this.#hasEnded && this.#buffered < this.#options.bufferSize;
  }

  #add(next: IteratorResult<unknown>): void {
    if (this.#hasEnded) return;
    if (next.done === true) {
      this.#submit();
      this.#stopReading('exhausted');
    } else {
      this.#items.push(next.value);
      this.#buffered += 1;
      // A part of a chunk waits for the rest, though there is no room now: each result that is taken makes some.
      const { chunkSize, bufferSize } = this.#options;
      if (this.#items.length === Math.min(chunkSize, bufferSize)) this.#submit();
    }
    this.onRead();
  }

  /** What was read before counts, and then that. */
  #fail(error: unknown): void {
    if (this.#hasEnded || this.#input !== 'open') return;
    this.#failure = error;
    try {
      this.#submit();
    } catch (earlier) {
      this.#failure = earlier;
    }
    this.#stopReading('failed');
    this.onRead();
  }

  #stopReading(input: 'exhausted' | 'failed'): void {
    this.#input = input;
    this.#options.onLast();
  }

  #submit(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#futures.push(this.#options.submit(items));
  }
}
