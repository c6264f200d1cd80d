import type { Arena } from '../memory/arena.ts';
import { allocate } from '../memory/heap.ts';
import type { Block } from '../memory/heap.ts';
import { compareAndSwap, load, or, store } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { OwnerLock } from '../synchronize/owner-lock.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';

/** What a block of a slot ring says of itself. */
export const SLOT_RING_KIND = 0x534c5231;

// The control words, in units of 4 bytes. What producers write and what consumers write lie in different cache lines.
const SLOTS = 1;
const SLOT_BYTES = 2;
const CAPACITY = 3;
const ELEMENT_TYPE = 4;
const DATA_OFFSET = 5;
const HEAD = 16;
const DATA_POINT = 18;
const TAIL = 32;
const SPACE_POINT = 34;
const PRODUCER_LOCK = 48;
const CONSUMER_LOCK = 64;
const LENGTHS = 80;

const CLOSED = 1;
const CACHE_LINE = 64;
/** The counts run from 0 to the largest multiple of `slots` up to here. */
const MOST_COUNT = 0x3fffffff;

/** For programs that are not ours: docs/float-channel-layout.md. */
export const SLOT_RING_WORDS: Readonly<Record<string, number>> = {
  slots: SLOTS,
  slotBytes: SLOT_BYTES,
  capacity: CAPACITY,
  elementType: ELEMENT_TYPE,
  dataOffset: DATA_OFFSET,
  head: HEAD,
  dataPoint: DATA_POINT,
  tail: TAIL,
  spacePoint: SPACE_POINT,
  lengths: LENGTHS,
  mostCount: MOST_COUNT,
};

export interface SlotRingShape {
  readonly slots: number;
  /** Elements per message, at most. */
  readonly capacity: number;
  readonly slotBytes: number;
  readonly elementType: number;
}

/** The state of an end that is closed: nothing more will come, or be taken. */
export const ENDED: unique symbol = Symbol('ended');

/**
 * A ring of slots for messages of bounded length, filled and read in place:
 *
 *     byte 0     header: slots, slot bytes, capacity, element type, offset of the data    (written once)
 *          64    head  [ count : 31 | CLOSED : 1 ]   data point                            (producers)
 *          128   tail  [ count : 31 | CLOSED : 1 ]   space point                           (consumers)
 *          192   producer lock (owner lock)
 *          256   consumer lock (owner lock)
 *          320   length of the message in each slot                                        (producer lock's owner)
 *          ...   slot 0, slot 1, ... each on its own cache line
 *
 *     slot          from                                     to
 *     free          not in [tail, head)                      reserved: its producer has the producer lock
 *     reserved      nobody else sees it                      committed: head + 1 (one store)
 *     committed     in [tail, head)                          read: its consumer has the consumer lock
 *     read          the first of [tail, head)                free: tail + 1 (one store)
 *
 * The counts run from 0 to a multiple of `slots` and around. `close` sets CLOSED in both, so that every wait on either
 * ends. Messages are in the order of their commits.
 *
 * Crash rule: a producer that dies before the store of head has sent nothing, one that dies after it has sent all; a
 * consumer that dies before the store of tail leaves the message to the next. Their locks are taken over.
 */
export class SlotRing {
  readonly block: Block;
  readonly shape: SlotRingShape;
  readonly dataOffset: number;
  readonly producers: OwnerLock;
  readonly consumers: OwnerLock;
  readonly #words: Words;
  readonly #wrap: number;
  readonly #dataPoint: WaitPoint;
  readonly #spacePoint: WaitPoint;
  readonly #dataWait: Wait;
  readonly #spaceWait: Wait;

  static create(arena: Arena, shape: SlotRingShape): SlotRing {
    const dataOffset = alignUp((LENGTHS + shape.slots) * 4);
    const stride = alignUp(shape.slotBytes);
    const block = allocate(arena, dataOffset + shape.slots * stride, { kind: SLOT_RING_KIND });
    const { words } = block;
    store(words, SLOTS, shape.slots);
    store(words, SLOT_BYTES, stride);
    store(words, CAPACITY, shape.capacity);
    store(words, ELEMENT_TYPE, shape.elementType);
    store(words, DATA_OFFSET, dataOffset);
    block.prefault();
    return new SlotRing(block);
  }

  /**
   * @param block of the kind SLOT_RING_KIND
   */
  constructor(block: Block) {
    const { words } = block;
    this.block = block;
    this.#words = words;
    this.shape = {
      slots: load(words, SLOTS),
      slotBytes: load(words, SLOT_BYTES),
      capacity: load(words, CAPACITY),
      elementType: load(words, ELEMENT_TYPE),
    };
    this.dataOffset = load(words, DATA_OFFSET);
    this.#wrap = Math.floor(MOST_COUNT / this.shape.slots) * this.shape.slots;
    this.producers = new OwnerLock(block, words, PRODUCER_LOCK);
    this.consumers = new OwnerLock(block, words, CONSUMER_LOCK);
    this.#dataPoint = new WaitPoint(block, words, DATA_POINT);
    this.#spacePoint = new WaitPoint(block, words, SPACE_POINT);
    // Who holds the other end keeps all others from changing the word.
    this.#dataWait = new Wait(this.#dataPoint, HEAD, { ownerIndex: PRODUCER_LOCK });
    this.#spaceWait = new Wait(this.#spacePoint, TAIL, { ownerIndex: CONSUMER_LOCK });
  }

  get closed(): boolean {
    return (load(this.#words, HEAD) & CLOSED) !== 0;
  }

  /** Messages that are committed and not yet released. */
  get size(): number {
    // The tail first, here and below: it never passes the head, so an old tail with a newer head is no nonsense.
    const tail = load(this.#words, TAIL);
    return this.#distance(load(this.#words, HEAD), tail);
  }

  /** Takes the next free slot: its number, what to wait for, or ENDED when the ring is closed. */
  beginWrite(): number | Wait | typeof ENDED {
    for (;;) {
      const tail = load(this.#words, TAIL);
      const head = load(this.#words, HEAD);
      if ((head & CLOSED) !== 0) return this.#leave(this.producers, ENDED);
      if (this.#distance(head, tail) >= this.shape.slots) {
        return this.#leave(this.producers, this.#spaceWait.while(tail));
      }
      const blocked = this.producers.acquire();
      if (blocked !== undefined) return blocked;
      killPoint('ring.write.locked');
      // Others may have committed before the lock was ours.
      if (load(this.#words, HEAD) === head) return (head >> 1) % this.shape.slots;
      this.producers.release();
    }
  }

  /** Publishes the slot that `beginWrite` gave, with a message of `length` elements. False when the ring was closed. */
  commitWrite(slot: number, length: number): boolean {
    const words = this.#words;
    words[LENGTHS + slot] = length;
    killPoint('ring.write.filled');
    const head = load(words, HEAD);
    // It fails only because of `close`: the lock keeps all others away.
    const committed = (head & CLOSED) === 0 && compareAndSwap(words, HEAD, head, this.#next(head));
    killPoint('ring.write.committed');
    if (committed) this.#dataPoint.wakeOne();
    killPoint('ring.write.woken');
    this.producers.release();
    this.#passOnSpace();
    return committed;
  }

  abortWrite(): void {
    this.producers.release();
    this.#passOnSpace();
  }

  /** Takes the oldest message: the number of its slot, what to wait for, or ENDED when it is closed and drained. */
  beginRead(): number | Wait | typeof ENDED {
    for (;;) {
      const tail = load(this.#words, TAIL);
      const head = load(this.#words, HEAD);
      if (this.#distance(head, tail) === 0) {
        return this.#leave(this.consumers, (head & CLOSED) !== 0 ? ENDED : this.#dataWait.while(head));
      }
      const blocked = this.consumers.acquire();
      if (blocked !== undefined) return blocked;
      killPoint('ring.read.locked');
      if (load(this.#words, TAIL) === tail) return (tail >> 1) % this.shape.slots;
      this.consumers.release();
    }
  }

  lengthOf(slot: number): number {
    return this.#words[LENGTHS + slot] ?? 0;
  }

  /** Frees the slot that `beginRead` gave. */
  endRead(): void {
    const words = this.#words;
    killPoint('ring.read.used');
    for (;;) {
      const tail = load(words, TAIL);
      if (compareAndSwap(words, TAIL, tail, this.#next(tail))) break;
    }
    killPoint('ring.read.released');
    this.#spacePoint.wakeOne();
    killPoint('ring.read.woken');
    this.consumers.release();
    this.#passOnData();
  }

  /** Leaves the message where it is, for the next reader. */
  abortRead(): void {
    this.consumers.release();
    this.#passOnData();
  }

  // Whoever goes without the lock may have been woken for it, and others still sleep there.
  #leave<R>(lock: OwnerLock, result: R): R {
    lock.passOn();
    return result;
  }

  // A wake of one may have gone to somebody who then waited for the lock and gave up. So whoever leaves while there is
  // still something for another wakes another.
  #passOnData(): void {
    if (this.size !== 0) this.#dataPoint.wakeOne();
  }

  #passOnSpace(): void {
    if (this.size < this.shape.slots) this.#spacePoint.wakeOne();
  }

  /** No more messages: writers get ENDED now, readers when all has been read. */
  close(): void {
    // Head first: it decides. Who dies in between leaves writers waiting for space only, and they look again.
    or(this.#words, HEAD, CLOSED);
    killPoint('ring.close.head');
    or(this.#words, TAIL, CLOSED);
    killPoint('ring.close.tail');
    this.#dataPoint.wakeAll();
    this.#spacePoint.wakeAll();
    // Writers that wait for the lock: there is nothing to write for any more, however long its owner keeps it.
    this.producers.wakeAll();
  }

  #next(count: number): number {
    const next = (count >> 1) + 1;
    return ((next === this.#wrap ? 0 : next) << 1) | (count & CLOSED);
  }

  #distance(head: number, tail: number): number {
    const distance = (head >> 1) - (tail >> 1);
    return distance < 0 ? distance + this.#wrap : distance;
  }
}

function alignUp(bytes: number): number {
  return Math.ceil(bytes / CACHE_LINE) * CACHE_LINE;
}
