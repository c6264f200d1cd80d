import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import { compareAndSwap, load } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from './lane.ts';
import { createPrimitive, Primitive } from './primitive.ts';
import type { PrimitiveOptions } from './primitive.ts';
import { TIMED_OUT, Wait, WaitPoint } from './wait-point.ts';
import type { Attempt } from './wait-point.ts';
import { waitAsync, waitSync } from './waitable.ts';

const EVENT = { kind: 0x45564e54, title: 'Event' };
const BYTES = 64;
const STATE = 0;
const POINT = 2;
const SET = 1;

/**
 * Something that has happened or not; whoever waits goes on when it has. Nobody holds it, so no death harms it.
 * Python: `multiprocessing.Event`; here who waits at the moment of `set()` goes on even if `clear()` follows at once.
 *
 * The block:
 *
 *     byte 0   state: the number of changes, so odd = set      (any process, by compare and swap)
 *          8   wait point
 *
 *     even -> odd     set(); wakes all
 *     odd  -> even    clear()
 *
 * A wait ends when the state is odd, or is not what it was at the call: then it has been set since.
 * Crash rule: a setter that dies after its change and before the wake is made up for by its recovery.
 *
 * @example
 * const ready = new Event();
 * new Process({ target: serve, args: [ready] }).start();
 * await ready.wait();
 */
export class Event extends Primitive {
  static {
    printAs(Event, (event) => event.print(() => (event.isSet() ? 'set' : 'clear')));
  }

  readonly #words: Words;
  readonly #point: WaitPoint;
  readonly #syncWait: Wait;

  /** @throws ResourceError when the shared memory is full, or the name is taken. */
  constructor(options?: PrimitiveOptions);
  constructor(options: PrimitiveOptions = {}, block: Block = createPrimitive(EVENT, BYTES, options)) {
    super(block, EVENT);
    this.#words = block.words;
    this.#point = new WaitPoint(block, this.#words, POINT);
    this.#syncWait = new Wait(this.#point, STATE);
  }

  /**
   * Opens the event that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): Event {
    return Event.#of(openObject(name, EVENT));
  }

  /** For handles: the event of a block. */
  static attach(reference: BlockReference): Event {
    return Event.#of(attachObject(reference, EVENT));
  }

  static #of(block: Block): Event {
    return new (Event as unknown as new (options: object, block: Block) => Event)({}, block);
  }

  isSet(): boolean {
    this.checkOpen();
    return (load(this.#words, STATE) & SET) !== 0;
  }

  /** It has happened: all who wait go on. */
  set(): void {
    this.#change(SET);
    killPoint('event.changed');
    // Also when it was set before: whoever did that may have died before its wake.
    this.#point.wakeAll();
  }

  /** It has not happened (yet). */
  clear(): void {
    this.#change(0);
  }

  /** True when it is set, false when the time (ms) was over first. */
  async wait(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'wait()');
    // A lane of its own: nobody takes anything from anybody, so there is no order. And what each waits for may differ.
    const attempt = this.#attempt(new Wait(this.#point, STATE));
    return (await waitAsync(attempt, wait, new Lane(this.block.arena))) !== TIMED_OUT;
  }

  waitSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'waitSync()', SYNC_WAIT_KEYS);
    return waitSync(this.#attempt(this.#syncWait), wait) !== TIMED_OUT;
  }

  #attempt(wait: Wait): Attempt<true> {
    this.checkOpen();
    const before = load(this.#words, STATE);
    return () => {
      this.checkOpen();
      const now = load(this.#words, STATE);
      return (now & SET) !== 0 || now !== before ? true : wait.while(now);
    };
  }

  #change(wanted: number): void {
    this.checkOpen();
    for (;;) {
      const now = load(this.#words, STATE);
      if ((now & SET) === wanted) return;
      if (compareAndSwap(this.#words, STATE, now, (now + 1) | 0)) return;
    }
  }
}

registerShareable(Event, {
  tag: 'event',
  module: import.meta.url,
  share: (event) => event.share(),
  attach: (reference: BlockReference) => Event.attach(reference),
});
