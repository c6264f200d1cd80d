import type { Block } from '../memory/heap.ts';
import { compareAndSwap, load } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { StateError } from '../support/errors.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import type { MessageStream } from './message-stream.ts';
import { DONE, DONE_SIGNAL, streamBase } from './stream-layout.ts';

const COUNT_MASK = 0x7fffffff;

/**
 * Which of the items of a queue are done: all that were put, less a count of those that somebody has called done.
 *
 *     done    [ count : 31 ], modulo 2^31 as the stream's own count of what was sent
 *
 * Crash rule: who dies before the count moves has not said it, who dies after has; recovery wakes who waits. An item that a
 * process has taken and never says to be done, because it died, stays undone, as in Python: `join` has a timeout.
 */
export class Tasks {
  readonly #stream: MessageStream;
  readonly #words: Words;
  readonly #index: number;
  readonly #point: WaitPoint;
  readonly #wait: Wait;

  constructor(block: Block, stream: MessageStream) {
    const base = streamBase(block, 0);
    this.#stream = stream;
    this.#words = block.words;
    this.#index = base + DONE;
    this.#point = new WaitPoint(block, block.words, base + DONE_SIGNAL);
    this.#wait = new Wait(this.#point, this.#index);
  }

  get unfinished(): number {
    return this.#unfinished(load(this.#words, this.#index));
  }

  /** @throws StateError when all are done already. */
  done(): void {
    for (;;) {
      const done = load(this.#words, this.#index);
      if (this.#unfinished(done) === 0)
        throw new StateError('taskDone() has been called more often than items were put');
      if (!compareAndSwap(this.#words, this.#index, done, (done + 1) & COUNT_MASK)) continue;
      killPoint('tasks.done');
      if (this.unfinished === 0) this.#point.wakeAll();
      return;
    }
  }

  /** True when all are done; else what to wait for. */
  readonly join = (): true | Wait => {
    const done = load(this.#words, this.#index);
    return this.#unfinished(done) === 0 ? true : this.#wait.while(done);
  };

  // `done` is the older count: it never passes the other.
  #unfinished(done: number): number {
    return (this.#stream.sent - done) & COUNT_MASK;
  }
}
