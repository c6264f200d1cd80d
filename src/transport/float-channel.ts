import type { BlockReference } from '../memory/heap.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { elementTypeOf, makeElements } from '../sharedctypes/typecode.ts';
import type { ArrayOf, ElementType } from '../sharedctypes/typecode.ts';
import { ClosedError, EOFError, StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { attachChannelRing, createChannelRing, leaveChannelRing, openChannelRing } from './channel-ring.ts';
import type { FloatChannelOptions } from './channel-ring.ts';
import { checkFunction, checkLength, checkTarget, elementsOf, orUndefined, timely } from './message-checks.ts';
import type { Elements } from './message-checks.ts';
import { giveUpWhenForgotten, MessageSlots } from './message-slots.ts';
import { SlotRing } from './slot-ring.ts';

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
  readonly #slots: MessageSlots<T>;
  readonly #type: T;
  readonly #name: string | undefined;
  /** An empty array of the channel's type. */
  readonly #sample: ArrayOf<T>;
  readonly #sending: Lane;
  readonly #receiving: Lane;

  /**
   * @param maxSize elements per message, at most
   * @throws ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(maxSize: number, options?: FloatChannelOptions<T>);
  constructor(maxSize: number | SlotRing, options: FloatChannelOptions<T> = {}) {
    const ring = maxSize instanceof SlotRing ? maxSize : createChannelRing(maxSize, options);
    this.#ring = ring;
    this.#type = elementTypeOf(ring.shape.elementType) as T;
    this.#slots = new MessageSlots(ring, this.#type);
    this.#name = ring.block.arena.name;
    this.#sample = makeElements(this.#type, 0);
    this.#sending = new Lane(ring.block.arena);
    this.#receiving = new Lane(ring.block.arena);
    giveUpWhenForgotten(this, this.#slots);
  }

  /**
   * Opens the channel that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open<T extends ElementType = 'd'>(name: string): FloatChannel<T> {
    return FloatChannel.#of<T>(openChannelRing(name));
  }

  /** For handles: the channel of a block. */
  static attach(reference: BlockReference): FloatChannel<ElementType> {
    return FloatChannel.#of(attachChannelRing(reference));
  }

  static #of<T extends ElementType>(ring: SlotRing): FloatChannel<T> {
    const Channel = FloatChannel as unknown as new (ring: SlotRing) => FloatChannel<T>;
    return new Channel(ring);
  }

  /** For handles: where another process finds it. */
  share(): BlockReference {
    this.#slots.checkOpen();
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
    return !this.#slots.isOpen || this.#ring.closed;
  }

  /** Messages that wait to be received. */
  get size(): number {
    this.#slots.checkOpen();
    return this.#ring.size;
  }

  // ---- copies ----

  /**
   * Sends a copy of `values`, which must stay as they are until then.
   * @throws RangeError when there are more than `maxSize`; TimeoutError; ClosedError.
   */
  async send(values: Elements<T>, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'send()');
    const elements = this.#elementsOf(values);
    timely(await waitAsync(() => this.#slots.write(elements), wait, this.#sending), 'send()');
  }

  sendSync(values: Elements<T>, wait?: WaitOptions): void {
    checkWait(wait, 'sendSync()', SYNC_WAIT_KEYS);
    const elements = this.#elementsOf(values);
    this.#slots.checkNotReserved('sendSync()');
    timely(
      waitSync(() => this.#slots.write(elements), wait),
      'sendSync()',
    );
  }

  /** False when there is no room now. */
  trySend(values: Elements<T>): boolean {
    const elements = this.#elementsOf(values);
    return !(this.#slots.write(elements) instanceof Wait);
  }

  /**
   * Receives a copy of the next message.
   * @throws EOFError when the channel is closed and drained; TimeoutError.
   */
  async recv(wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'recv()');
    return timely(await waitAsync(this.#slots.readCopy, wait, this.#receiving), 'recv()');
  }

  recvSync(wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'recvSync()', SYNC_WAIT_KEYS);
    this.#slots.checkNotPeeked('recvSync()');
    return timely(waitSync(this.#slots.readCopy, wait), 'recvSync()');
  }

  /** Undefined when there is no message now. */
  tryRecv(): ArrayOf<T> | undefined {
    return orUndefined(this.#slots.readCopy());
  }

  /**
   * Copies the next message into `target` and returns its length.
   * @throws RangeError when `target` is shorter than the message, which stays in the channel.
   */
  async recvInto(target: ArrayOf<T>, wait?: AsyncWaitOptions): Promise<number> {
    checkWait(wait, 'recvInto()');
    checkTarget(this.#sample, target);
    return timely(await waitAsync(() => this.#slots.readInto(target), wait, this.#receiving), 'recvInto()');
  }

  recvIntoSync(target: ArrayOf<T>, wait?: WaitOptions): number {
    checkWait(wait, 'recvIntoSync()', SYNC_WAIT_KEYS);
    checkTarget(this.#sample, target);
    this.#slots.checkNotPeeked('recvIntoSync()');
    return timely(
      waitSync(() => this.#slots.readInto(target), wait),
      'recvIntoSync()',
    );
  }

  tryRecvInto(target: ArrayOf<T>): number | undefined {
    checkTarget(this.#sample, target);
    return orUndefined(this.#slots.readInto(target));
  }

  // ---- in place: the views are the shared memory itself, and good until commit, abort or release ----

  /**
   * Takes room for a message of `n` elements. Nobody sees it before `commit`; what it holds at first is undefined.
   * @throws RangeError when n > maxSize; StateError when something is reserved already; TimeoutError; ClosedError.
   */
  async reserve(n: number = this.maxSize, wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'reserve()');
    checkLength(n, this.maxSize);
    this.#slots.checkNotReserved('reserve()');
    return timely(await waitAsync(() => this.#slots.reserve(n), wait, this.#sending), 'reserve()');
  }

  reserveSync(n: number = this.maxSize, wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'reserveSync()', SYNC_WAIT_KEYS);
    checkLength(n, this.maxSize);
    this.#slots.checkNotReserved('reserveSync()');
    return timely(
      waitSync(() => this.#slots.reserve(n), wait),
      'reserveSync()',
    );
  }

  tryReserve(n: number = this.maxSize): ArrayOf<T> | undefined {
    checkLength(n, this.maxSize);
    this.#slots.checkNotReserved('tryReserve()');
    return orUndefined(this.#slots.reserve(n));
  }

  /**
   * Sends what was reserved.
   * @param n its length, if it has become shorter than reserved
   * @throws StateError without a reserve; ClosedError when the channel was closed in the meantime: it is not sent then.
   */
  commit(n?: number): void {
    this.#slots.commit(n);
  }

  /** Gives the reserved room back; nothing is sent. */
  abort(): void {
    this.#slots.checkOpen();
    if (this.#slots.reserved === undefined) throw new StateError('abort() without reserve(): nothing to give up');
    this.#slots.abort();
  }

  /**
   * Looks at the next message in place; it stays there until `release`.
   * @throws StateError when a message is looked at already; EOFError; TimeoutError.
   */
  async peek(wait?: AsyncWaitOptions): Promise<ArrayOf<T>> {
    checkWait(wait, 'peek()');
    this.#slots.checkNotPeeked('peek()');
    return timely(await waitAsync(this.#slots.peek, wait, this.#receiving), 'peek()');
  }

  peekSync(wait?: WaitOptions): ArrayOf<T> {
    checkWait(wait, 'peekSync()', SYNC_WAIT_KEYS);
    this.#slots.checkNotPeeked('peekSync()');
    return timely(waitSync(this.#slots.peek, wait), 'peekSync()');
  }

  tryPeek(): ArrayOf<T> | undefined {
    this.#slots.checkNotPeeked('tryPeek()');
    return orUndefined(this.#slots.peek());
  }

  /**
   * Done with the message: its room is free for the next.
   * @throws StateError without a peek.
   */
  release(): void {
    this.#slots.checkOpen();
    if (this.#slots.peeked === undefined) throw new StateError('release() without peek(): nothing to release');
    this.#slots.release();
  }

  /** `reserve`, fill with `fill`, `commit`; when `fill` throws, nothing is sent. */
  async produce(n: number, fill: (view: ArrayOf<T>) => unknown, wait?: AsyncWaitOptions): Promise<void> {
    checkFunction(fill, 'produce()');
    const view = await this.reserve(n, wait);
    const { reserved } = this.#slots;
    try {
      await fill(view);
    } catch (error) {
      this.#slots.abortIfStill(reserved);
      throw error;
    }
    this.commit();
  }

  produceSync(n: number, fill: (view: ArrayOf<T>) => void, wait?: WaitOptions): void {
    checkFunction(fill, 'produceSync()');
    this.#slots.fillAndCommit(this.reserveSync(n, wait), fill);
  }

  /** False when there is no room now; `fill` is not called then. */
  tryProduce(n: number, fill: (view: ArrayOf<T>) => void): boolean {
    checkFunction(fill, 'tryProduce()');
    const view = this.tryReserve(n);
    if (view !== undefined) this.#slots.fillAndCommit(view, fill);
    return view !== undefined;
  }

  /** `peek`, give it to `use`, `release`; when `use` throws, the message counts as received all the same. */
  async consume<R>(use: (view: ArrayOf<T>) => R | PromiseLike<R>, wait?: AsyncWaitOptions): Promise<R> {
    checkFunction(use, 'consume()');
    const view = await this.peek(wait);
    const { peeked } = this.#slots;
    try {
      return await use(view);
    } finally {
      this.#slots.releaseIfStill(peeked);
    }
  }

  consumeSync<R>(use: (view: ArrayOf<T>) => R, wait?: WaitOptions): R {
    checkFunction(use, 'consumeSync()');
    return this.#slots.useAndRelease(this.peekSync(wait), use);
  }

  /** Undefined when there is no message now; `use` is not called then. */
  tryConsume<R>(use: (view: ArrayOf<T>) => R): R | undefined {
    checkFunction(use, 'tryConsume()');
    const view = this.tryPeek();
    return view === undefined ? undefined : this.#slots.useAndRelease(view, use);
  }

  /** Copies of the messages, until the channel is closed and drained or this object is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ArrayOf<T>, void, undefined> {
    for (;;) {
      let message: ArrayOf<T>;
      try {
        message = await this.recv();
      } catch (error) {
        if (error instanceof EOFError || (error instanceof ClosedError && !this.#slots.isOpen)) return;
        throw error;
      }
      yield message;
    }
  }

  /**
   * Ends the channel for all: senders get ClosedError, receivers what was sent and then EOFError. This object cannot be
   * used any more; what it waits for fails with ClosedError, and its views must not be touched.
   */
  close(): void {
    if (!this.#slots.isOpen) return;
    this.#slots.abort();
    this.#slots.release();
    this.#ring.close();
    this.#letGo();
  }

  /** Leaves the channel without ending it for the others: this object cannot be used any more. */
  detach(): void {
    if (!this.#slots.isOpen) return;
    this.#slots.abort();
    this.#slots.giveBack();
    this.#letGo();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #describe(): string {
    const name = this.#name === undefined ? '' : ` "${this.#name}"`;
    if (!this.#slots.isOpen) return `FloatChannel${name} { closed }`;
    const { slots, capacity } = this.#ring.shape;
    const ended = this.#ring.closed ? ', closed by another' : '';
    return `FloatChannel${name} { type: '${this.#type}', maxSize: ${capacity}, messages: ${this.#ring.size} of ${slots}${ended} }`;
  }

  #elementsOf(values: Elements<T>): ArrayLike<ArrayOf<T>[number]> {
    return elementsOf(this.#type, this.maxSize, values);
  }

  #letGo(): void {
    this.#slots.end();
    // This object's own waits end now, while the arena is still ours.
    this.#ring.block.arena.endWaits?.();
    leaveChannelRing(this.#ring);
  }
}

registerShareable(FloatChannel, {
  tag: 'float-channel',
  module: import.meta.url,
  share: (channel) => channel.share(),
  attach: (reference: BlockReference) => FloatChannel.attach(reference),
});
