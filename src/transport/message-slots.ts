import { viewElements } from '../sharedctypes/typecode.ts';
import type { ArrayOf, ElementType } from '../sharedctypes/typecode.ts';
import { ClosedError, EOFError, StateError } from '../support/errors.ts';
import { Wait } from '../synchronize/wait-point.ts';
import { checkLength } from './message-checks.ts';
import { ENDED } from './slot-ring.ts';
import type { SlotRing } from './slot-ring.ts';

/** A slot in the hands of this object. */
interface HeldSlot<T extends ElementType> {
  readonly slot: number;
  readonly view: ArrayOf<T>;
}

/**
 * One object's use of a slot ring: the views of its slots, and the two slots that it may have in its hands.
 *
 *     reserved   from reserve to commit or abort      the ring's producer lock is ours
 *     peeked     from peek to release or giveBack     the ring's consumer lock is ours
 *
 * What can be blocked is an attempt: it looks at the shared words anew each time, and returns what to wait for when it
 * cannot go on. Whatever it throws, it holds no slot afterwards.
 */
export class MessageSlots<T extends ElementType> {
  readonly ring: SlotRing;
  readonly #slots: ArrayOf<T>[];
  /** The view of each slot that was handed out last: messages are mostly of one length. */
  readonly #parts: ArrayOf<T>[];
  #state: 'open' | 'closed' = 'open';
  #reserved: HeldSlot<T> | undefined;
  #peeked: HeldSlot<T> | undefined;

  constructor(ring: SlotRing, type: T) {
    const { block, dataOffset, shape } = ring;
    this.ring = ring;
    this.#slots = Array.from({ length: shape.slots }, (_, slot) =>
      viewElements(type, block.buffer, dataOffset + slot * shape.slotBytes, shape.capacity),
    );
    this.#parts = [...this.#slots];
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get reserved(): HeldSlot<T> | undefined {
    return this.#reserved;
  }

  get peeked(): HeldSlot<T> | undefined {
    return this.#peeked;
  }

  // ---- attempts ----

  write(elements: ArrayLike<ArrayOf<T>[number]>): true | Wait {
    const slot = this.#beginWrite();
    if (slot instanceof Wait) return slot;
    try {
      // The elements have been checked, but they are the caller's, who may have changed or transferred them meanwhile.
      (this.#slots[slot] as Float64Array).set(elements as ArrayLike<number>);
    } catch (error) {
      this.ring.abortWrite();
      throw error;
    }
    if (!this.ring.commitWrite(slot, elements.length)) throw closedByOther();
    return true;
  }

  reserve(n: number): ArrayOf<T> | Wait {
    this.checkNotReserved('reserve()');
    const slot = this.#beginWrite();
    if (slot instanceof Wait) return slot;
    const view = this.#part(slot, n);
    this.#reserved = { slot, view };
    return view;
  }

  readonly readCopy = (): ArrayOf<T> | Wait => {
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    let copy: ArrayOf<T>;
    try {
      copy = this.#part(slot, this.ring.lengthOf(slot)).slice() as ArrayOf<T>;
    } catch (error) {
      this.ring.abortRead(); // no memory for the copy
      throw error;
    }
    this.ring.endRead();
    return copy;
  };

  readInto(target: ArrayOf<T>): number | Wait {
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    const length = this.ring.lengthOf(slot);
    // Looked at now: it may have been transferred or resized since the call.
    if (length > target.length) {
      this.ring.abortRead();
      throw new RangeError(
        `The message has ${length} elements, the target only ${target.length}: it stays in the channel`,
      );
    }
    (target as Float64Array).set(this.#part(slot, length) as Float64Array);
    this.ring.endRead();
    return length;
  }

  readonly peek = (): ArrayOf<T> | Wait => {
    this.checkNotPeeked('peek()');
    const slot = this.#beginRead();
    if (slot instanceof Wait) return slot;
    const view = this.#part(slot, this.ring.lengthOf(slot));
    this.#peeked = { slot, view };
    return view;
  };

  // ---- what never waits ----

  /** Sends what was reserved, or the first `n` elements of it. */
  commit(n?: number): void {
    this.checkOpen();
    const reserved = this.#reserved;
    if (reserved === undefined) throw new StateError('commit() without reserve(): there is nothing to send');
    const length = n ?? reserved.view.length;
    checkLength(length, reserved.view.length);
    this.#reserved = undefined;
    if (!this.ring.commitWrite(reserved.slot, length)) throw closedByOther();
  }

  fillAndCommit(view: ArrayOf<T>, fill: (view: ArrayOf<T>) => void): void {
    const reserved = this.#reserved;
    try {
      fill(view);
    } catch (error) {
      this.abortIfStill(reserved);
      throw error;
    }
    this.commit();
  }

  useAndRelease<R>(view: ArrayOf<T>, use: (view: ArrayOf<T>) => R): R {
    const peeked = this.#peeked;
    try {
      return use(view);
    } finally {
      this.releaseIfStill(peeked);
    }
  }

  // The user's function may have ended it itself, by closing the channel for example.

  abortIfStill(reserved: HeldSlot<T> | undefined): void {
    if (this.#reserved === reserved) this.abort();
  }

  releaseIfStill(peeked: HeldSlot<T> | undefined): void {
    if (this.#peeked === peeked) this.release();
  }

  abort(): void {
    if (this.#reserved === undefined) return;
    this.#reserved = undefined;
    this.ring.abortWrite();
  }

  release(): void {
    if (this.#peeked === undefined) return;
    this.#peeked = undefined;
    this.ring.endRead();
  }

  /** Leaves the message that is looked at to the next reader. */
  giveBack(): void {
    if (this.#peeked === undefined) return;
    this.#peeked = undefined;
    this.ring.abortRead();
  }

  /** From here on every attempt throws. Nothing may be in our hands. */
  end(): void {
    this.#state = 'closed';
  }

  checkOpen(): void {
    if (this.#state === 'closed') throw new ClosedError('This FloatChannel object has been closed');
  }

  checkNotReserved(call: string): void {
    if (this.#reserved === undefined) return;
    throw new StateError(`${call}: what this object has reserved is not sent yet; commit() or abort() it first`);
  }

  checkNotPeeked(call: string): void {
    if (this.#peeked === undefined) return;
    throw new StateError(`${call}: this object looks at a message already; release() it first`);
  }

  #beginWrite(): number | Wait {
    this.checkOpen();
    const slot = this.ring.beginWrite();
    if (slot === ENDED) throw closedByOther();
    return slot;
  }

  #beginRead(): number | Wait {
    this.checkOpen();
    const slot = this.ring.beginRead();
    if (slot === ENDED) throw new EOFError('The channel is closed and all its messages have been received');
    return slot;
  }

  /** The first `n` elements of a slot. */
  #part(slot: number, n: number): ArrayOf<T> {
    const part = this.#parts[slot];
    if (part?.length === n) return part;
    return (this.#parts[slot] = (this.#slots[slot] as Float64Array).subarray(0, n) as ArrayOf<T>);
  }
}

function closedByOther(): ClosedError {
  return new ClosedError('The channel has been closed: nothing more can be sent');
}

const forgotten = new FinalizationRegistry<Pick<MessageSlots<'d'>, 'abort' | 'giveBack'>>((slots) => {
  slots.abort();
  slots.giveBack();
});

/** A channel that is forgotten with a slot in its hands would keep all others from theirs for ever. */
export function giveUpWhenForgotten<T extends ElementType>(channel: object, slots: MessageSlots<T>): void {
  forgotten.register(channel, slots);
}
