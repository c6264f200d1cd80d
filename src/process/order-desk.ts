import { familyArena, type Arena } from '../memory/arena.ts';
import { allocate, attachIn, type Block, type BlockPlace } from '../memory/heap.ts';
import { compareAndSwap, load, store } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import { waitSync } from '../synchronize/waitable.ts';

const BYTES = 64;
const DESK_KIND = 0x4445534b;
const STATE = 0;
const STAMP = 1;
const OFFSET_LOW = 2;
const OFFSET_HIGH = 3;
const SPARE = 4;
const POINT = 6;

// A new block is zero: BOOTING.
const WAITING = 1;
const ORDERED = 2;
const TAKEN = 3;
const RECALLED = 4;

/** An answer takes one wake. After so long the parent looks whether the spare could give one. */
const LOOK_MS = 50;
/** How often it looks until the process is started in another way. Where processors are scarce, a new one would take long, too. */
const LOOKS_MOST = 40;

/**
 * Where a spare, a process that was started ahead, waits for its order, which says what process it is to be. The block:
 *
 *     byte 0   state
 *          4   the record: stamp, then offset (64 bits)     the parent, before ORDERED
 *         16   the spare's participant id                  the spare, before WAITING
 *         24   wait point
 *
 *     BOOTING -> WAITING    the spare: it has loaded all that it can
 *     WAITING -> ORDERED    the parent: the record is there
 *     ORDERED -> TAKEN      the spare: it holds what the record refers to, and is that process from now on
 *     ORDERED -> RECALLED   the parent: no answer has come
 *
 * Crash rule: what has been TAKEN is never started again, and what has not is, in another way: a spare that dies before it has
 * taken its order was nobody yet. Its death wakes the parent, which holds the record and what that refers to until it
 * has an answer. A spare dies with its parent; if it is to outlive that, it is untied before it answers.
 */
export class OrderDesk implements Disposable {
  readonly #block: Block;
  readonly #wait: Wait;

  private constructor(block: Block) {
    this.#block = block;
    this.#wait = new Wait(new WaitPoint(block, block.words, POINT), STATE);
  }

  /** @throws ResourceError when the shared memory is full. */
  static create(): OrderDesk {
    return new OrderDesk(allocate(familyArena(), BYTES, { kind: DESK_KIND }));
  }

  /** In the spare. */
  static attach({ offset, stamp }: BlockPlace): OrderDesk {
    return new OrderDesk(attachIn(familyArena(), { offset, stamp }));
  }

  get place(): BlockPlace {
    const { offset, stamp } = this.#block;
    return { offset, stamp };
  }

  // ---- in the parent ----

  /** Whether the spare waits for an order, as far as the desk knows. */
  get isWaiting(): boolean {
    return load(this.#block.words, STATE) === WAITING;
  }

  /**
   * Gives the spare its order, and waits for the answer.
   * @param isStopped whether the spare cannot run at all
   * @returns whether the spare has taken it; if not, it never will
   */
  give({ offset, stamp }: BlockPlace, isStopped: () => boolean): boolean {
    const { arena, words } = this.#block;
    store(words, STAMP, stamp);
    store(words, OFFSET_LOW, offset | 0);
    store(words, OFFSET_HIGH, Math.floor(offset / 2 ** 32));
    killPoint('prewarm.giving');
    if (!compareAndSwap(words, STATE, WAITING, ORDERED)) return false;
    killPoint('prewarm.given');
    this.#wait.point.wakeAll();
    const isDecided = (): boolean => load(words, STATE) !== ORDERED || !arena.isLive(load(words, SPARE));
    for (let looks = 0; looks < LOOKS_MOST; looks++) {
      waitSync(() => (isDecided() ? true : this.#wait.while(ORDERED)), { timeout: LOOK_MS });
      if (isDecided() || isStopped()) break;
    }
    return !compareAndSwap(words, STATE, ORDERED, RECALLED);
  }

  // ---- in the spare ----

  /** Blocks until there is an order: where it is. */
  await(): BlockPlace {
    const { arena, words } = this.#block;
    store(words, SPARE, arena.self);
    store(words, STATE, WAITING);
    killPoint('prewarm.waiting');
    waitSync(() => (load(words, STATE) === WAITING ? this.#wait.while(WAITING) : true), undefined);
    killPoint('prewarm.ordered');
    const offset = load(words, OFFSET_HIGH) * 2 ** 32 + (load(words, OFFSET_LOW) >>> 0);
    return { offset, stamp: load(words, STAMP) };
  }

  /** Takes the order; false when it was recalled. */
  take(): boolean {
    if (!compareAndSwap(this.#block.words, STATE, ORDERED, TAKEN)) return false;
    killPoint('prewarm.taken');
    this.#wait.point.wakeAll();
    return true;
  }

  [Symbol.dispose](): void {
    this.#block.detach();
  }
}

/** A copy of the record in a block, which then is empty: it holds the family's key. */
export function takeRecord(arena: Arena, place: BlockPlace): Buffer {
  const block = attachIn(arena, place);
  const record = Buffer.alloc(block.byteLength);
  block.copyTo(record);
  block.fill(Buffer.alloc(block.byteLength));
  block.release();
  killPoint('prewarm.recorded');
  return record;
}
