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

export function load(words: Words, index: number): number {
  return Atomics.load(words, index);
}

/**
 * As `load`, at a quarter of the price, for a place in straight-line code after a `compareAndSwap`, `store` or `add` of
 * this thread, and never in a loop that waits: on x64 a plain load comes after those, which are full barriers, and V8 has
 * one instruction for it where `Atomics.load` is a call.
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

/** Stores `value` if the word is `expected`; true when it did. */
export function compareAndSwap(words: Words, index: number, expected: number, value: number): boolean {
  return Atomics.compareExchange(words, index, expected, value) === expected;
}
