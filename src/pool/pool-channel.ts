import { COMPOUND, dropFor, holdFor } from '../memory/compound.ts';
import type { BlockId } from '../memory/compound.ts';
import { familyArena } from '../memory/arena.ts';
import { allocate, attachIn } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { compareAndSwap, load, store } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { MessageStream } from '../transport/message-stream.ts';
import { NUMBER_MASK, streamBlockBytes } from '../transport/stream-layout.ts';

/*
 * What the owner of a pool and its workers share: a compound block with two streams, one of tasks and one of results, and
 *
 *     where        what                                                  who writes it
 *     hands        a cache line per worker: the task in hand, NONE       its worker; the owner once that is dead
 *                  or STOPPED                                            the owner, in place of a task
 *     cancelled    [n mod 1024]: task n is not wanted any more           the owner
 *     functions    [n mod 256]: n, and the block that function n is in   the owner
 *
 * A task's number is that of its message in the stream of tasks. A worker writes it into its hand BEFORE it takes the message,
 * under the consumer's lock, and takes it out AFTER it has sent the result:
 *
 *     task n is      when
 *     waiting        taken <= n
 *     in hand        n < taken, it is in somebody's hand, and no result has come
 *     done           its result has come
 *
 * Crash rule: when a worker has died, the owner first reads all results. Then the task in the dead hand is lost if it had been
 * taken, is in no other hand, and has no result even now: a worker that died before it took the task has left it to somebody
 * else, and may have done so to one who is done with it since the results were read.
 *
 * A function is written before the first task that calls it is put, and its place is used again only when no task that calls it is
 * left: who has taken one finds it there, however long it was stopped. With the owner the pool ends.
 *
 * A worker is killed for the task it has in hand, after the owner has put STOPPED in the place of just that task. It never takes
 * another then: finding STOPPED it ends by itself, where the signal has not come yet.
 */
const POOL: ObjectKind = { kind: COMPOUND + 0x504f4f4c, title: 'Pool' };

const STREAMS = 2;
const NO_LIMITS = { maxSize: 0, maxBytes: 0 };
const NONE = -1;
const STOPPED = -2;
const HAND_WORDS = 16;
const FUNCTION_WORDS = 4;

/** Tasks that are in the stream or in hand are at most so many: half of the places that a number is kept at. */
export const TASKS_MOST = 512;
const CANCELLED_PLACES = 1024;
/** Functions that tasks under way can call. */
export const FUNCTION_PLACES = 256;

/** The block of a pool, as its owner and its workers see it. */
export class PoolChannel {
  readonly tasks: MessageStream;
  readonly results: MessageStream;
  readonly #block: Block;
  readonly #words: Words;
  readonly #hands: number;
  readonly #cancelled: number;
  readonly #functions: number;
  #uses = 0;
  #isReleaseDue = false;

  /** For `create` and handles. */
  constructor(block: Block) {
    this.#block = block;
    this.#words = block.words;
    this.tasks = new MessageStream(block, 0);
    this.results = new MessageStream(block, 1);
    this.#cancelled = streamBlockBytes(STREAMS) >> 2;
    this.#functions = this.#cancelled + CANCELLED_PLACES;
    this.#hands = this.#functions + FUNCTION_PLACES * FUNCTION_WORDS;
  }

  /** @throws ResourceError when the shared memory is full. */
  static create(workers: number): PoolChannel {
    const words = CANCELLED_PLACES + FUNCTION_PLACES * FUNCTION_WORDS + workers * HAND_WORDS;
    const block = allocate(familyArena(), streamBlockBytes(STREAMS) + words * 4, { kind: POOL.kind });
    for (let stream = 0; stream < STREAMS; stream++) MessageStream.initialize(block, stream, NO_LIMITS);
    const channel = new PoolChannel(block);
    for (let worker = 0; worker < workers; worker++) channel.putInHand(worker, NONE);
    for (let place = 0; place < CANCELLED_PLACES; place++) store(block.words, channel.#cancelled + place, NONE);
    for (let place = 0; place < FUNCTION_PLACES; place++) store(block.words, channel.#functionAt(place), NONE);
    return channel;
  }

  get arena(): Block['arena'] {
    return this.#block.arena;
  }

  /** For handles. */
  share(): BlockReference {
    return this.#block.reference();
  }

  /** A call begins that uses the channel, and calls what may end the pool. */
  enter(): void {
    this.#uses += 1;
  }

  leave(): void {
    this.#uses -= 1;
    if (this.#uses === 0 && this.#isReleaseDue) this.#block.release();
  }

  /** Gives the block back, as soon as no call uses it. */
  release(): void {
    this.#isReleaseDue = true;
    if (this.#uses === 0) this.#block.release();
  }

  // ---- hands ----

  /** The number of the task that a worker has in hand. */
  inHand(worker: number): number | undefined {
    const number = load(this.#words, this.#hands + worker * HAND_WORDS);
    return number === NONE ? undefined : number;
  }

  putInHand(worker: number, number: number): void {
    store(this.#words, this.#hands + worker * HAND_WORDS, number);
  }

  emptyHand(worker: number): void {
    this.putInHand(worker, NONE);
  }

  /** For the worker: false when it is stopped, and is to end. */
  takeOutOfHand(worker: number, number: number): boolean {
    return compareAndSwap(this.#words, this.#hands + worker * HAND_WORDS, number, NONE);
  }

  /** For the owner, before it kills a worker for a task: false when that is not in its hand. */
  stopHand(worker: number, number: number): boolean {
    return compareAndSwap(this.#words, this.#hands + worker * HAND_WORDS, number, STOPPED);
  }

  /** Whether somebody has taken this task, which has been put. */
  isTaken(number: number): boolean {
    return ((this.tasks.taken - number - 1) & NUMBER_MASK) < NUMBER_MASK / 2;
  }

  // ---- cancelling ----

  cancel(number: number): void {
    store(this.#words, this.#cancelled + (number % CANCELLED_PLACES), number);
  }

  /**
   * Cancels a task only if nobody has taken it; it is certain then that nobody begins it.
   * @returns false when somebody has taken it. In the very moment when that happens, it may be skipped all the same.
   */
  cancelUntaken(number: number): boolean {
    if (this.isTaken(number)) return false;
    this.cancel(number);
    // SYNC: with a worker, which looks for the mark after it has taken the task: one of the two sees what the other has done.
    return !this.isTaken(number);
  }

  isCancelled(number: number): boolean {
    return load(this.#words, this.#cancelled + (number % CANCELLED_PLACES)) === number;
  }

  // ---- functions ----

  /** Before a task that calls it is put; its block is kept until `withdraw`. */
  publish(number: number, id: BlockId): void {
    holdFor(this.#block, id);
    const at = this.#functionAt(number);
    store(this.#words, at + 1, id.offset | 0);
    store(this.#words, at + 2, Math.floor(id.offset / 2 ** 32));
    store(this.#words, at + 3, id.stamp | 0);
    store(this.#words, at, number);
  }

  withdraw(id: BlockId): void {
    dropFor(this.#block, id);
  }

  /** The block that a function is in, to be released; undefined when there is none of that number. */
  functionBlock(number: number): Block | undefined {
    const at = this.#functionAt(number);
    if (load(this.#words, at) !== number) return undefined;
    const offset = (load(this.#words, at + 1) >>> 0) + load(this.#words, at + 2) * 2 ** 32;
    return attachIn(this.#block.arena, { offset, stamp: load(this.#words, at + 3) >>> 0 });
  }

  #functionAt(number: number): number {
    return this.#functions + (number % FUNCTION_PLACES) * FUNCTION_WORDS;
  }
}

registerShareable(PoolChannel, {
  tag: 'pool-channel',
  module: import.meta.url,
  share: (channel) => channel.share(),
  attach: (reference: BlockReference) => new PoolChannel(attachObject(reference, POOL)),
});
