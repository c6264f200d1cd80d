import { createNamedArena, familyArena, leaveArena, openNamedArena, publishNamedArena } from '../memory/arena.ts';
import type { Arena } from '../memory/arena.ts';
import { attachBlock, attachRoot } from '../memory/heap.ts';
import type { BlockReference } from '../memory/heap.ts';
import { checkName } from '../memory/names.ts';
import { registerShareable } from '../reduction/shareable.ts';
import {
  checkElementType,
  elementBytes,
  elementTypeNumber,
  elementTypeOf,
  isBigIntType,
  viewElements,
} from '../sharedctypes/typecode.ts';
import type { ArrayOf, ElementType } from '../sharedctypes/typecode.ts';
import { printAs } from '../support/inspect.ts';
import { ClosedError, EOFError, ResourceError, StateError, TimeoutError } from '../support/errors.ts';
import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { ENDED, SLOT_RING_KIND, SlotRing } from './slot-ring.ts';

export interface FloatChannelOptions<T extends ElementType> {
  /** Messages that may be under way, 1 to 1024; default 4. */
  readonly slots?: number;
  /** Element type; default 'd', doubles. */
  readonly type?: T;
  /** For processes that are no relatives: `FloatChannel.open(name)`. */
  readonly name?: string;
}

/** What can be sent: numbers (bigints for 64-bit integers) in any list. */
export type Elements<T extends ElementType> = ArrayLike<ArrayOf<T>[number]> | Iterable<ArrayOf<T>[number]>;

const MOST_SLOTS = 1024;
const DEFAULT_SLOTS = 4;
const NAMED_OVERHEAD_BYTES = 1 << 20;

/**
 * Messages of numbers through shared memory, without a copy if wanted: a ring of slots that are filled and read in place.
 *
 * Any number of producers and consumers, in any processes. The methods come as promise (`send`), blocking (`sendSync`)
 * and non-waiting (`trySend`). A producer that dies in the middle of a message has not sent it; a consumer that dies
 * with a message in its hands leaves it to the next one.
 *
 * @example
 * const channel = new FloatChannel(100_000);
 * await channel.produce(100_000, (view) => view.fill(1));
 * const sum = await channel.consume((view) => view.reduce((a, b) => a + b));
 */
export class FloatChannel<T extends ElementType = 'd'> implements Disposable, AsyncIterable<ArrayOf<T>> {
  static {
    printAs(FloatChannel, (channel) => channel.#describe());
  }

  readonly #ring: SlotRing;
  readonly #type: T;
  readonly #name: string | undefined;
  readonly #slots: ArrayOf<T>[];
  /** The view of each slot that was handed out last: messages are mostly of one length. */
  readonly #parts: ArrayOf<T>[];
  #state: 'open' | 'closed' = 'open';
  #reserved: { readonly slot: number; readonly view: ArrayOf<T> } | undefined;
  #peeked: { readonly slot: number; readonly view: ArrayOf<T> } | undefined;

  /**
   * @param maxSize elements per message, at most
   * @throws ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(maxSize: number, options?: FloatChannelOptions<T>);
  constructor(maxSize: number | SlotRing, options: FloatChannelOptions<T> = {}) {
    const ring = maxSize instanceof SlotRing ? maxSize : createRing(maxSize, options);
    const type = elementTypeOf(ring.shape.elementType);
    if (ring.block.kind !== SLOT_RING_KIND || type === undefined) {
      throw new ResourceError('The shared object of this name or handle is not a FloatChannel');
    }
    this.#ring = ring;
    this.#type = type as T;
    this.#name = ring.block.arena.name;
    this.#slots = Array.from({ length: ring.shape.slots }, (_, slot) =>
      viewElements(this.#type, ring.block.buffer, ring.dataOffset + slot * ring.shape.slotBytes, ring.shape.capacity),
    );
    this.#parts = [...this.#slots];
  }

  /**
   * Opens the channel that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open<T extends ElementType = 'd'>(name: string): FloatChannel<T> {
    checkName(name, 'FloatChannel.open()');
    const { arena, root } = openNamedArena(name);
    return FloatChannel.#of<T>(new SlotRing(attachRoot(arena, root)));
  }

  /** For handles: the channel of a block. */
  static attach(reference: BlockReference): FloatChannel<ElementType> {
    return FloatChannel.#of(new SlotRing(attachBlock(reference)));
  }

  static #of<T extends ElementType>(ring: SlotRing): FloatChannel<T> {
    const Channel = FloatChannel as unknown as new (ring: SlotRing) => FloatChannel<T>;
    return new Channel(ring);
  }

  /** For handles: where another process finds it. */
  share(): BlockReference {
    this.#checkOpen();
    return this.#ring.block.reference();
  }

  /** Elements per message, at most. */
  get maxSize(): number {
    return this.#ring.shape.capacity;
  }

  get slots(): number {
    return this.#ring.shape.slots;
  }

  get type(): T {
    return this.#type;
  }

  get name(): string | undefined {
    return this.#name;
  }

  /** Whether this object or any other process has closed the channel. */
  get closed(): boolean {
    return this.#state === 'closed' || this.#ring.closed;
  }

  /** Messages that wait to be received. */
  get size(): number {
    this.#checkOpen();
    return this.#ring.size;
  }

  // ---- copies ----

  /**
   * Sends a copy of `values`.
   * @throws RangeError when there are more than `maxSize`; TimeoutError; ClosedError.
   */
  async send(values: Elements<T>, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'send()');
    const elements = this.#elementsOf(values);
    timely(await waitAsync(() => this.#write(elements), wait), 'send()');
  }

  sendSync(values: Elements<T>, wait?: WaitOptions): void {
    checkWait(wait, 'sendSync()', SYNC_WAIT_KEYS);
    const elements = this.#elementsOf(values);
    this.#checkNotReserved('sendSync()');
    timely(waitSync(() => this.#write(elements), wait), 'sendSync()');
  }

  /** False when there is no room now. */
  trySend(values: Elements<T>): boolean {
    const elements = this.#elementsOf(values);
    return !(this.#write(elements) instanceof Wait);
  }

  /**
   * Receives a copy of the next message.
   * @throws EOFError when the channel is closed and drained; TimeoutError.
   */
  async recv(wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'recv()');
    return timely(await waitAsync(this.#readCopy, wait), 'recv()');
  }

  recvSync(wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'recvSync()', SYNC_WAIT_KEYS);
    this.#checkNotPeeked('recvSync()');
    return timely(waitSync(this.#readCopy, wait), 'recvSync()');
  }

  /** Undefined when there is no message now. */
  tryRecv(): ArrayOf<T> | undefined {
    return orUndefined(this.#readCopy());
  }

  /**
   * Copies the next message into `target` and returns its length.
   * @throws RangeError when `target` is shorter than the message, which stays in the channel.
   */
  async recvInto(target: ArrayOf<T>, wait?: AsyncWaitOptions): Promise<number> {
    checkWait(wait, 'recvInto()');
    this.#checkTarget(target);
    return timely(await waitAsync(() => this.#readInto(target), wait), 'recvInto()');
  }

  recvIntoSync(target: ArrayOf<T>, wait?: WaitOptions): number {
    checkWait(wait, 'recvIntoSync()', SYNC_WAIT_KEYS);
    this.#checkTarget(target);
    this.#checkNotPeeked('recvIntoSync()');
    return timely(waitSync(() => this.#readInto(target), wait), 'recvIntoSync()');
  }

  tryRecvInto(target: ArrayOf<T>): number | undefined {
    this.#checkTarget(target);
    return orUndefined(this.#readInto(target));
  }

  // ---- in place: the views are the shared memory itself, and good until commit, abort or release ----

  /**
   * Takes room for a message of `n` elements. Nobody sees it before `commit`; what it holds at first is undefined.
   * @throws RangeError when n > maxSize; StateError when something is reserved already; TimeoutError; ClosedError.
   */
  async reserve(n: number = this.maxSize, wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'reserve()');
    this.#checkLength(n);
    this.#checkNotReserved('reserve()');
    return timely(await waitAsync(() => this.#reserve(n), wait), 'reserve()');
  }

  reserveSync(n: number = this.maxSize, wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'reserveSync()', SYNC_WAIT_KEYS);
    this.#checkLength(n);
    this.#checkNotReserved('reserveSync()');
    return timely(waitSync(() => this.#reserve(n), wait), 'reserveSync()');
  }

  tryReserve(n: number = this.maxSize): ArrayOf<T> | undefined {
    this.#checkLength(n);
    this.#checkNotReserved('tryReserve()');
    return orUndefined(this.#reserve(n));
  }

  /**
   * Sends what was reserved.
   * @param n its length, if it has become shorter than reserved
   * @throws StateError without a reserve; ClosedError when the channel was closed in the meantime: it is not sent then.
   */
  commit(n?: number): void {
    this.#checkOpen();
    const reserved = this.#reserved;
    if (reserved === undefined) throw new StateError('commit() without reserve(): there is nothing to send');
    const length = n ?? reserved.view.length;
    if (!Number.isInteger(length) || length < 0 || length > reserved.view.length) {
      throw new RangeError(`commit(${n}): the message must have 0 to ${reserved.view.length} elements, as reserved`);
    }
    this.#reserved = undefined;
    if (!this.#ring.commitWrite(reserved.slot, length)) throw closedByOther();
  }

  /** Gives the reserved room back; nothing is sent. */
  abort(): void {
    this.#checkOpen();
    if (this.#reserved === undefined) throw new StateError('abort() without reserve(): there is nothing to give up');
    this.#reserved = undefined;
    this.#ring.abortWrite();
  }

  /**
   * Looks at the next message in place; it stays there until `release`.
   * @throws StateError when a message is looked at already; EOFError; TimeoutError.
   */
  async peek(wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'peek()');
    this.#checkNotPeeked('peek()');
    return timely(await waitAsync(this.#peek, wait), 'peek()');
  }

  peekSync(wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'peekSync()', SYNC_WAIT_KEYS);
    this.#checkNotPeeked('peekSync()');
    return timely(waitSync(this.#peek, wait), 'peekSync()');
  }

  tryPeek(): ArrayOf<T> | undefined {
    this.#checkNotPeeked('tryPeek()');
    return orUndefined(this.#peek());
  }

  /**
   * Done with the message: its room is free for the next.
   * @throws StateError without a peek.
   */
  release(): void {
    this.#checkOpen();
    if (this.#peeked === undefined) throw new StateError('release() without peek(): there is nothing to release');
    this.#peeked = undefined;
    this.#ring.endRead();
  }

  /** `reserve`, fill with `fill`, `commit`; when `fill` throws, nothing is sent. */
  async produce(n: number, fill: (view: ArrayOf<T>) => unknown, wait?: AsyncWaitOptions): Promise<void> {
    checkFunction(fill, 'produce()');
    const view = await this.reserve(n, wait);
    try {
      await fill(view);
    } catch (error) {
      this.abort();
      throw error;
    }
    this.commit();
  }

  produceSync(n: number, fill: (view: ArrayOf<T>) => void, wait?: WaitOptions): void {
    checkFunction(fill, 'produceSync()');
    this.#fillAndCommit(this.reserveSync(n, wait), fill);
  }

  /** False when there is no room now; `fill` is not called then. */
  tryProduce(n: number, fill: (view: ArrayOf<T>) => void): boolean {
    checkFunction(fill, 'tryProduce()');
    const view = this.tryReserve(n);
    if (view !== undefined) this.#fillAndCommit(view, fill);
    return view !== undefined;
  }

  /** `peek`, give it to `use`, `release`; when `use` throws, the message counts as received all the same. */
  async consume<R>(use: (view: ArrayOf<T>) => R | PromiseLike<R>, wait?: AsyncWaitOptions): Promise<R> {
    checkFunction(use, 'consume()');
    const view = await this.peek(wait);
    try {
      return await use(view);
    } finally {
      this.release();
    }
  }

  consumeSync<R>(use: (view: ArrayOf<T>) => R, wait?: WaitOptions): R {
    checkFunction(use, 'consumeSync()');
    const view = this.peekSync(wait);
    try {
      return use(view);
    } finally {
      this.release();
    }
  }

  /** Undefined when there is no message now; `use` is not called then. */
  tryConsume<R>(use: (view: ArrayOf<T>) => R): R | undefined {
    checkFunction(use, 'tryConsume()');
    const view = this.tryPeek();
    if (view === undefined) return undefined;
    try {
      return use(view);
    } finally {
      this.release();
    }
  }

  /** Copies of the messages, until the channel is closed and drained. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ArrayOf<T>, void, undefined> {
    for (;;) {
      let message: ArrayOf<T>;
      try {
        message = await this.recv();
      } catch (error) {
        if (error instanceof EOFError) return;
        throw error;
      }
      yield message;
    }
  }

  /** Ends the channel for all: senders get ClosedError, receivers what was sent and then EOFError. */
  close(): void {
    if (this.#state === 'closed') return;
    if (this.#reserved !== undefined) this.abort();
    if (this.#peeked !== undefined) this.release();
    this.#state = 'closed';
    this.#ring.close();
    this.#letGo();
  }

  /** Leaves the channel without ending it for the others: this object cannot be used any more. */
  detach(): void {
    if (this.#state === 'closed') return;
    if (this.#reserved !== undefined) this.abort();
    if (this.#peeked !== undefined) {
      this.#peeked = undefined;
      this.#ring.abortRead();
    }
    this.#state = 'closed';
    this.#letGo();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #describe(): string {
    const name = this.#name === undefined ? '' : ` "${this.#name}"`;
    if (this.#state === 'closed') return `FloatChannel${name} { closed }`;
    const { slots, capacity } = this.#ring.shape;
    const ended = this.#ring.closed ? ', closed by another' : '';
    return `FloatChannel${name} { type: '${this.#type}', maxSize: ${capacity}, messages: ${this.#ring.size} of ${slots}${ended} }`;
  }

  // ---- attempts: each looks at the shared words anew, and returns what to wait for when it cannot go on ----

  #write(elements: ArrayLike<ArrayOf<T>[number]>): true | Wait {
    const slot = this.#beginWrite();
    if (slot instanceof Wait) return slot;
    // The one cast: a typed array takes the elements that #elementsOf has checked.
    (this.#slots[slot] as Float64Array).set(elements as ArrayLike<number>);
    if (!this.#ring.commitWrite(slot, elements.length)) throw closedByOther();
    return true;
  }

  #reserve(n: number): ArrayOf<T> | Wait {
    this.#checkNotReserved('reserve()');
    const slot = this.#beginWrite();
    if (slot instanceof Wait) return slot;
    const view = this.#part(slot, n);
    this.#reserved = { slot, view };
    return view;
  }

  readonly #readCopy = (): ArrayOf<T> | Wait => {
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    const copy = this.#part(slot, this.#ring.lengthOf(slot)).slice() as ArrayOf<T>;
    this.#ring.endRead();
    return copy;
  };

  #readInto(target: ArrayOf<T>): number | Wait {
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    const length = this.#ring.lengthOf(slot);
    if (length > target.length) {
      this.#ring.abortRead();
      throw new RangeError(`The message has ${length} elements, the target only ${target.length}: it stays in the channel`);
    }
    (target as Float64Array).set(this.#part(slot, length) as Float64Array);
    this.#ring.endRead();
    return length;
  }

  readonly #peek = (): ArrayOf<T> | Wait => {
    this.#checkNotPeeked('peek()');
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    const view = this.#part(slot, this.#ring.lengthOf(slot));
    this.#peeked = { slot, view };
    return view;
  };

  #beginWrite(): number | Wait {
    this.#checkOpen();
    const slot = this.#ring.beginWrite();
    if (slot === ENDED) throw closedByOther();
    return slot;
  }

  #beginRead(): number | Wait {
    this.#checkOpen();
    const slot = this.#ring.beginRead();
    if (slot === ENDED) throw new EOFError('The channel is closed and all its messages have been received');
    return slot;
  }

  /** The first `n` elements of a slot. */
  #part(slot: number, n: number): ArrayOf<T> {
    const part = this.#parts[slot];
    if (part?.length === n) return part;
    return (this.#parts[slot] = (this.#slots[slot] as Float64Array).subarray(0, n) as ArrayOf<T>);
  }

  #fillAndCommit(view: ArrayOf<T>, fill: (view: ArrayOf<T>) => void): void {
    try {
      fill(view);
    } catch (error) {
      this.abort();
      throw error;
    }
    this.commit();
  }

  #letGo(): void {
    const { block } = this.#ring;
    block.release();
    if (block.arena.name !== undefined) leaveArena(block.arena);
  }

  // ---- checks ----

  #elementsOf(values: Elements<T>): ArrayLike<ArrayOf<T>[number]> {
    const elements = asList<ArrayOf<T>[number]>(values);
    this.#checkLength(elements.length);
    const wanted = isBigIntType(this.#type) ? 'bigint' : 'number';
    const fitting = ArrayBuffer.isView(elements)
      ? !(elements instanceof DataView) && (elements instanceof BigInt64Array || elements instanceof BigUint64Array) === (wanted === 'bigint')
      : Array.prototype.every.call(elements, (element) => typeof element === wanted);
    if (!fitting) throw new TypeError(`The channel is of type '${this.#type}': its messages must be lists of ${wanted}s`);
    return elements;
  }

  #checkLength(n: number): void {
    if (typeof n !== 'number') throw new TypeError(`The length of a message must be a number, not ${typeof n}`);
    if (Number.isInteger(n) && n >= 0 && n <= this.maxSize) return;
    throw new RangeError(`A message of ${n} elements does not fit: this channel takes 0 to ${this.maxSize}`);
  }

  #checkTarget(target: ArrayOf<T>): void {
    const slot = this.#slots[0];
    if (slot !== undefined && target?.constructor === slot.constructor) return;
    throw new TypeError(`The target must be a ${slot?.constructor.name}, as the channel is of type '${this.#type}'`);
  }

  #checkNotReserved(call: string): void {
    if (this.#reserved === undefined) return;
    throw new StateError(`${call}: what this object has reserved is not sent yet; commit() or abort() it first`);
  }

  #checkNotPeeked(call: string): void {
    if (this.#peeked === undefined) return;
    throw new StateError(`${call}: this object looks at a message already; release() it first`);
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw new ClosedError('This FloatChannel object has been closed');
  }
}

registerShareable(FloatChannel, {
  tag: 'float-channel',
  module: import.meta.url,
  share: (channel) => channel.share(),
  attach: (reference: BlockReference) => FloatChannel.attach(reference),
});

function createRing<T extends ElementType>(maxSize: number, options: FloatChannelOptions<T>): SlotRing {
  checkOptions(options, ['slots', 'type', 'name'], 'new FloatChannel()');
  const { slots = DEFAULT_SLOTS, type = 'd', name } = options;
  if (typeof maxSize !== 'number') {
    throw new TypeError(`new FloatChannel(): maxSize must be a number of elements, not ${typeof maxSize}`);
  }
  checkElementType(type, 'new FloatChannel()');
  if (!Number.isInteger(maxSize) || maxSize < 1 || maxSize * elementBytes(type) > 0x7fffffff) {
    throw new RangeError(`new FloatChannel(): maxSize must be a whole number of elements from 1 to 2 GiB, not ${maxSize}`);
  }
  if (!Number.isInteger(slots) || slots < 1 || slots > MOST_SLOTS) {
    throw new RangeError(`new FloatChannel(): slots must be a whole number from 1 to ${MOST_SLOTS}, not ${slots}`);
  }
  const slotBytes = maxSize * elementBytes(type);
  const shape = { slots, capacity: maxSize, slotBytes, elementType: elementTypeNumber(type) };
  if (name === undefined) return SlotRing.create(familyArena(), shape);
  checkName(name, 'new FloatChannel()');
  const arena = createNamedArena(name, slots * (slotBytes + 64) + NAMED_OVERHEAD_BYTES);
  return inNamed(arena, () => {
    const ring = SlotRing.create(arena, shape);
    publishNamedArena(arena, ring.block.offset);
    return ring;
  });
}

/** What fails before the name is published leaves no name behind. */
function inNamed<R>(arena: Arena, make: () => R): R {
  try {
    return make();
  } catch (error) {
    leaveArena(arena);
    throw error;
  }
}

function asList<E>(values: ArrayLike<E> | Iterable<E>): ArrayLike<E> {
  if (typeof values === 'object' && values !== null) {
    if ('length' in values) return values;
    if (Symbol.iterator in values) return Array.from(values);
  }
  throw new TypeError('A message must be an array, a typed array or an iterable of numbers');
}

function timely<R>(result: R | typeof TIMED_OUT, call: string): R {
  if (result === TIMED_OUT) throw new TimeoutError(`${call}: the time is over; nothing has been transferred`);
  return result;
}

function orUndefined<R>(result: R | Wait): R | undefined {
  return result instanceof Wait ? undefined : result;
}

function checkFunction(value: unknown, call: string): void {
  if (typeof value !== 'function') throw new TypeError(`${call} needs a function that takes the view`);
}

function closedByOther(): ClosedError {
  return new ClosedError('The channel has been closed: nothing more can be sent');
}

