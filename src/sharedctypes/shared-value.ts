import { allocate, attachBlock } from '../memory/heap.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { familyArena } from '../memory/arena.ts';
import { attachObject, leaveObject } from '../memory/shared-object.ts';
import {
  addToCell,
  andCell,
  compareExchangeCell,
  exchangeCell,
  loadCell,
  orCell,
  storeCell,
  subtractFromCell,
  xorCell,
} from '../memory/words.ts';
import type { IntegerCell } from '../memory/words.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { WITH_RLOCK } from '../synchronize/lock.ts';
import type { Lock, RLock } from '../synchronize/lock.ts';
import { checkElement } from './element.ts';
import { LockForms } from './lock-forms.ts';
import { SharedRawValue } from './raw-value.ts';
import { shareBlock } from './shared-buffer.ts';
import { bytesOfType } from './shared-type.ts';
import type { InitOf, SharedType, ValueOf } from './shared-type.ts';
import { printValue, slotAt } from './slot.ts';
import type { Initialize, Slot } from './slot.ts';
import type { Struct } from './struct.ts';
import { isBigIntType } from './typecode.ts';
import type { ElementOf, ElementType } from './typecode.ts';
import { BEHIND_LOCK, ValueLock } from './value-lock.ts';

const KIND = { kind: WITH_RLOCK | 0x56, title: 'Value' };
const OF_KIND = { kind: KIND.kind };
const CELL = 40;

/** What atomic operations take and give: nothing at all for types that are no whole numbers. */
type Operand<T extends SharedType> = T extends 'f' | 'd' | 'float32' | 'float64' | '?' | Struct
  ? never
  : T extends ElementType
    ? ElementOf<T>
    : never;

/**
 * One value in shared memory with a lock, and with atomic operations if it is a whole number.
 *
 * The block, one cache line unless the value is a large struct:
 *
 *     byte 0   RLock; unused when the user gave a lock               (lock.ts)
 *         40   the value, when it has at most 24 bytes               (any process)
 *         64   the value, when it has more
 *
 * Crash rule: the lock's. What a dead holder has half done to the value is not undone; see `abandoned`.
 */
export class SharedValue<T extends SharedType = SharedType> extends LockForms {
  static {
    printAs(SharedValue, (value) => (value.#lock.isOpen ? printValue('Value', value.value) : 'Value { closed }'));
  }

  readonly #type: T;
  readonly #block: Block;
  readonly #lock: ValueLock;
  #slot: Slot | undefined;
  #integers: IntegerCell | undefined;
  readonly #wanted: 'number' | 'bigint';
  #raw: SharedRawValue<T> | undefined;

  /** For `Value` and handles. */
  constructor(type: T, block: Block, given: Lock | RLock | undefined) {
    super();
    this.#type = type;
    this.#block = block;
    this.#lock = new ValueLock(block, given, KIND.title);
    this.#wanted = typeof type === 'string' && isBigIntType(type) ? 'bigint' : 'number';
    // Views of a struct are handed out, and may be in use after close(): they hold the block by themselves.
    const buffer = typeof type === 'string' ? block.buffer : shareBlock(attachBlock(block.reference()));
    this.#slot = slotAt(type, buffer, placeOf(type));
    this.#integers = this.#slot.integers;
  }

  /** For `makeValue`. */
  initialize(initialize: Initialize): void {
    initialize(this.#open());
  }

  /** Reads it as it is now; a whole number that a loop waits for is better read with `load()`. */
  get value(): ValueOf<T> {
    return this.#open().get() as ValueOf<T>;
  }

  /**
   * Sets it, without a lock. `value += 1` reads and writes: it needs the lock, or is `add(1)`.
   * @throws TypeError for a value of another kind, RangeError for one that the type cannot hold.
   */
  set value(value: ValueOf<T> | InitOf<T>) {
    this.#open().set(value);
  }

  override getLock(): Lock | RLock {
    return this.#lock.get();
  }

  /** The same value without a lock. It may be used longer than this one. */
  getObj(): SharedRawValue<T> {
    const slot = this.#open();
    return (this.#raw ??= new SharedRawValue(
      this.#type,
      typeof this.#type === 'string' ? slotAt(this.#type, attachBlock(this.#block.reference()).buffer, CELL) : slot,
    ));
  }

  /**
   * Adds to a whole number, atomically and without the lock, and returns what it was before. Wraps around as C does.
   * Python: has no such thing; there it takes `with value.get_lock(): value.value += n`.
   * @throws TypeError for other types, or when `operand` is no whole number of the same kind.
   * @example
   * const tickets = Value('i', 0);
   * const mine = tickets.add(1);
   */
  add(operand: Operand<T>): Operand<T> {
    return addToCell(this.#cellFor(operand, 'add()'), operand);
  }

  /** Subtracts, as `add` adds. */
  sub(operand: Operand<T>): Operand<T> {
    return subtractFromCell(this.#cellFor(operand, 'sub()'), operand);
  }

  /** Keeps the bits that `operand` has, too; returns the former value. */
  and(operand: Operand<T>): Operand<T> {
    return andCell(this.#cellFor(operand, 'and()'), operand);
  }

  /** Sets bits; returns the former value. */
  or(operand: Operand<T>): Operand<T> {
    return orCell(this.#cellFor(operand, 'or()'), operand);
  }

  /** Inverts bits; returns the former value. */
  xor(operand: Operand<T>): Operand<T> {
    return xorCell(this.#cellFor(operand, 'xor()'), operand);
  }

  /**
   * Sets it and returns the former value.
   * @throws RangeError for a value that the type cannot hold; so do the three below.
   */
  exchange(value: Operand<T>): Operand<T> {
    return exchangeCell(this.#cellOf(value, 'exchange()'), value);
  }

  /** Sets it if it is `expected`; returns the former value, which is `expected` if it was set. */
  compareExchange(expected: Operand<T>, replacement: Operand<T>): Operand<T> {
    this.#cellOf(expected, 'compareExchange()');
    return compareExchangeCell(this.#cellOf(replacement, 'compareExchange()'), expected, replacement);
  }

  /** Reads it, in one order with all atomic operations of all processes. */
  load(): Operand<T> {
    return loadCell(this.#integers ?? this.#noIntegers('load()'));
  }

  /** Sets it, in one order with all atomic operations of all processes. */
  store(value: Operand<T>): void {
    storeCell(this.#cellOf(value, 'store()'), value);
  }

  /** Gives the value up: this object cannot be used any more. A lock that was given stays open. */
  override close(): void {
    if (!this.#lock.close()) return;
    this.#slot = this.#integers = this.#raw = undefined;
    leaveObject(this.#block);
  }

  /** For handles. */
  share(): { readonly type: T; readonly block: BlockReference; readonly lock: Lock | RLock | undefined } {
    this.#lock.checkOpen();
    return { type: this.#type, block: this.#block.reference(), lock: this.#lock.given };
  }

  /** What an operation takes that wraps around: any whole number. */
  #cellFor(operand: unknown, where: string): IntegerCell {
    const cell = this.#integers;
    if (cell === undefined) this.#noIntegers(where);
    if (typeof operand !== this.#wanted) {
      throw new TypeError(
        `${where}: expected a ${this.#wanted}, as the Value is of '${this.#type as ElementType}', not ${typeof operand}`,
      );
    }
    if (this.#wanted === 'number' && !Number.isSafeInteger(operand)) {
      throw new TypeError(`${where}: expected a whole number, not ${String(operand as number)}`);
    }
    return cell;
  }

  /** What an operation takes that sets the value as it is. */
  #cellOf(value: unknown, where: string): IntegerCell {
    const cell = this.#integers ?? this.#noIntegers(where);
    checkElement(this.#type as ElementType, value, `${where}: the value`);
    return cell;
  }

  #noIntegers(where: string): never {
    this.#lock.checkOpen();
    const type = typeof this.#type === 'string' ? `'${this.#type}'` : 'a struct';
    throw new TypeError(
      `${where}: only whole numbers have atomic operations, and this Value is of ${type}: use the lock`,
    );
  }

  #open(): Slot {
    if (this.#slot === undefined) this.#lock.checkOpen();
    return this.#slot as Slot;
  }
}

function placeOf(type: SharedType): number {
  return bytesOfType(type) <= BEHIND_LOCK - CELL ? CELL : BEHIND_LOCK;
}

/** Makes a value whose arguments have been checked. */
export function makeValue<T extends SharedType>(
  type: T,
  given: Lock | RLock | undefined,
  initialize: Initialize | undefined,
): SharedValue<T> {
  const bytes = placeOf(type) === CELL ? BEHIND_LOCK : BEHIND_LOCK + bytesOfType(type);
  const value = new SharedValue(type, allocate(familyArena(), bytes, OF_KIND), given);
  if (initialize !== undefined) value.initialize(initialize);
  return value;
}

registerShareable(SharedValue, {
  tag: 'value',
  module: import.meta.url,
  share: (value) => value.share(),
  attach: ({ type, block, lock }) => new SharedValue(type, attachObject(block, KIND), lock),
});
