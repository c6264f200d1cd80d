/**
 * Words of shared memory: the one file with raw `Atomics`. All of them are sequentially consistent.
 *
 * `Atomics` on an ArrayBuffer over mapped memory are real atomic instructions in V8 and JavaScriptCore (7-8 ns), and
 * so order the plain accesses around them, too. `Atomics.wait` and `notify` do not work there: sleeping is native.
 */
export type Words = Int32Array<ArrayBuffer>;

const PLAIN_LOADS_STAY_BEHIND = process.arch === 'x64';

/** The 32-bit words of `buffer`, from `byteOffset` on. */
export function wordsOf(buffer: ArrayBuffer, byteOffset = 0, length?: number): Words {
  return new Int32Array(buffer, byteOffset, length);
}

/** All bytes of `buffer`. */
export function bytesOf(buffer: ArrayBuffer): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}

/** `byteLength` bytes of `buffer`, for values of any type at any place. */
export function dataViewOf(buffer: ArrayBuffer, byteOffset: number, byteLength: number): DataView<ArrayBuffer> {
  return new DataView(buffer, byteOffset, byteLength);
}

export function load(words: Words, index: number): number {
  return Atomics.load(words, index);
}

/**
 * As `load`, at a quarter of the price, for a place in straight-line code after a `compareAndSwap`, `store` or `add` of
 * this thread, and never in a loop that waits: on x64 a plain load comes after those, which are full barriers, and V8 has
 * one instruction for it where `Atomics.load` is a call. V8 does not reuse an earlier load instead: it marks loads from
 * array buffers as not to be eliminated (turboshaft/assembler.h, LoadElement).
 */
export function loadNext(words: Words, index: number): number {
  return PLAIN_LOADS_STAY_BEHIND ? (words[index] as number) : Atomics.load(words, index);
}

/**
 * Whether a word has this value, which only this thread itself ever stores in it: then its own program order is enough,
 * on every processor. Other bits, outside of `mask`, may be anybody's.
 */
export function isOwn(words: Words, index: number, mask: number, own: number): boolean {
  return ((words[index] as number) & mask) === own;
}

/**
 * A word that nobody reads or writes but the holder of a lock, whose atomic changes order these plain accesses: what one
 * holder has written the next one may read.
 */
export function loadHeld(words: Words, index: number): number {
  return words[index] as number;
}

/** See `loadHeld`. */
export function storeHeld(words: Words, index: number, value: number): void {
  words[index] = value;
}

export function store(words: Words, index: number, value: number): void {
  Atomics.store(words, index, value);
}

/** Adds and returns the former value. */
export function add(words: Words, index: number, value: number): number {
  return Atomics.add(words, index, value);
}

/** Stores `value` and returns the former one. */
export function exchange(words: Words, index: number, value: number): number {
  return Atomics.exchange(words, index, value);
}

/** Sets bits and returns the former value. */
export function or(words: Words, index: number, bits: number): number {
  return Atomics.or(words, index, bits);
}

/** Blocks the thread for a time, in which it does nothing at all. */
export function pause(ms: number): void {
  Atomics.wait(nobodyWakes, 0, 0, ms);
}
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

/** Stores `value` if the word is `expected`; true when it did. */
export function compareAndSwap(words: Words, index: number, expected: number, value: number): boolean {
  return Atomics.compareExchange(words, index, expected, value) === expected;
}

/** One element of an integer type, on which the operations below are atomic. */
export type IntegerCell =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

// One signature for numbers and bigints: Atomics has them apart, and the types of an element and its array agree.
type Cell = BigInt64Array;

export function loadCell<V>(cell: IntegerCell): V {
  return Atomics.load(cell as Cell, 0) as V;
}

export function storeCell<V>(cell: IntegerCell, value: V): void {
  Atomics.store(cell as Cell, 0, value as bigint);
}

/** This and those below return the former value. */
export function addToCell<V>(cell: IntegerCell, operand: V): V {
  return Atomics.add(cell as Cell, 0, operand as bigint) as V;
}

export function subtractFromCell<V>(cell: IntegerCell, operand: V): V {
  return Atomics.sub(cell as Cell, 0, operand as bigint) as V;
}

export function andCell<V>(cell: IntegerCell, operand: V): V {
  return Atomics.and(cell as Cell, 0, operand as bigint) as V;
}

export function orCell<V>(cell: IntegerCell, operand: V): V {
  return Atomics.or(cell as Cell, 0, operand as bigint) as V;
}

export function xorCell<V>(cell: IntegerCell, operand: V): V {
  return Atomics.xor(cell as Cell, 0, operand as bigint) as V;
}

export function exchangeCell<V>(cell: IntegerCell, value: V): V {
  return Atomics.exchange(cell as Cell, 0, value as bigint) as V;
}

export function compareExchangeCell<V>(cell: IntegerCell, expected: V, value: V): V {
  return Atomics.compareExchange(cell as Cell, 0, expected as bigint, value as bigint) as V;
}
