import { dropFor } from '../memory/compound.ts';
import type { BlockId } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { loadHeld, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { loadWide, storeWide } from './stream-layout.ts';

const STAMP = 2;
const COUNT = 3;
const PROMISE_WORDS = 4;
const PROMISES = 2;
const NONE = 0;

/** Which of the two: a block that a message is in, or a segment. */
export const PARCEL = 0;
export const SEGMENT = 1;

/**
 * What the owner of a lock is about to do with the stream's holds, written down before, lest a block is left behind or
 * given up twice when it dies in the middle:
 *
 *     words 0, 1  offset of the block
 *     word  2     its stamp; 0 = no promise
 *     word  3     the count before the step that decides
 *
 *     producer: promise, hold, count + 1, done     died before the count moved: drop the hold; after: nothing
 *     consumer: promise, count + 1, drop, done     died before the count moved: nothing; after: drop the hold
 *
 * Who takes the lock over from the dead does that. Drops are checked by the stamp, so doing it twice is harmless.
 */
export class Promises {
  readonly #block: Block;
  readonly #words: Words;
  readonly #index: number;

  constructor(block: Block, words: Words, index: number) {
    this.#block = block;
    this.#words = words;
    this.#index = index;
  }

  make(which: number, { offset, stamp }: BlockId, count: number): void {
    const index = this.#index + which * PROMISE_WORDS;
    storeWide(this.#words, index, offset);
    storeHeld(this.#words, index + COUNT, count);
    storeHeld(this.#words, index + STAMP, stamp | 0);
  }

  done(which: number): void {
    storeHeld(this.#words, this.#index + which * PROMISE_WORDS + STAMP, NONE);
  }

  /** For who has taken the lock over: drops what was promised at the count that is (`dropIfMoved` false) or is not it. */
  settle(count: number, dropIfMoved: boolean): void {
    for (let which = 0; which < PROMISES; which++) {
      const index = this.#index + which * PROMISE_WORDS;
      const stamp = loadHeld(this.#words, index + STAMP) >>> 0;
      if (stamp === NONE) continue;
      const hasMoved = (loadHeld(this.#words, index + COUNT) ^ count) >> 1 !== 0;
      if (hasMoved === dropIfMoved) dropFor(this.#block, { offset: loadWide(this.#words, index), stamp });
      this.done(which);
    }
  }
}
