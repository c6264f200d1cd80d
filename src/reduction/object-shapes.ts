import { copySlice, latin1Slice } from './buffer-methods.ts';

/** Rows of two shapes each. */
const ROWS = 512;
/** Shapes with more than that are not kept. */
const KEYS_LENGTH_LIMIT = 1024;
const SEPARATOR = '\0';
// oxlint-disable-next-line no-control-regex -- one byte each, and no separator
const NOT_IN_KEYS = /[^\u0001-\u00ff]/;

/** The keys of plain objects that look alike, in their order. */
export class ObjectShape {
  readonly keys: readonly string[];
  /** The keys as they stand in a message. */
  readonly bytes: Uint8Array;
  readonly slot: number;
  /** The slot of the object that was written after the last one with this shape. A shape itself would keep others alive. */
  nextSlot = 0;
  #template: object | undefined;
  #wanted = false;

  constructor(keys: readonly string[], bytes: Uint8Array, slot: number) {
    this.keys = keys;
    this.bytes = bytes;
    this.slot = slot;
  }

  /**
   * An object that has the keys, to be copied with `{...template}`; undefined the first time, for it does not pay then.
   * Setting what is there already calls no setter and knows no `__proto__`, whatever somebody did to Object.prototype.
   */
  template(): object | undefined {
    if (this.#template === undefined) {
      if (this.#wanted) this.#template = Object.fromEntries(this.keys.map((key) => [key, null]));
      this.#wanted = true;
    }
    return this.#template;
  }
}

/*
 * The shapes of the latest messages, for writing and for reading. Two can be at home in a row: the one in the first
 * place gives way to a newcomer, and moves to the second. What the bytes of a message say about the row only costs
 * time when it is wrong: keys and bytes are always compared.
 */
const first: (ObjectShape | undefined)[] = Array.from({ length: ROWS });
const second: (ObjectShape | undefined)[] = Array.from({ length: ROWS });

/** The shape that most likely comes next. */
export function shapeAfter({ nextSlot }: ObjectShape): ObjectShape | undefined {
  return first[nextSlot];
}

/** The shape of an object with these keys; undefined when a message cannot hold them. */
export function shapeOfKeys(keys: readonly string[]): ObjectShape | undefined {
  const slot = slotOf(keys);
  let shape = first[slot];
  if (shape !== undefined && sameKeys(shape.keys, keys)) return shape;
  shape = second[slot];
  if (shape !== undefined && sameKeys(shape.keys, keys)) return shape;
  return newShape(keys, slot);
}

/** The shape whose keys stand in a message; undefined when those cannot be keys. */
export function shapeOfBytes(slot: number, source: Uint8Array, start: number, end: number): ObjectShape | undefined {
  const row = slot % ROWS;
  let shape = first[row];
  if (shape !== undefined && sameBytes(shape.bytes, source, start, end)) return shape;
  shape = second[row];
  if (shape !== undefined && sameBytes(shape.bytes, source, start, end)) return shape;
  if (end - start > KEYS_LENGTH_LIMIT) return undefined;
  const keys = latin1Slice.call(source, start, end).split(SEPARATOR);
  return keep(new ObjectShape(keys, copySlice.call(source, start, end), row));
}

function newShape(keys: readonly string[], slot: number): ObjectShape | undefined {
  if (keys.some((key) => NOT_IN_KEYS.test(key))) return undefined;
  const bytes = Buffer.from(keys.join(SEPARATOR), 'latin1');
  return bytes.length > KEYS_LENGTH_LIMIT ? undefined : keep(new ObjectShape(keys, Uint8Array.from(bytes), slot));
}

function keep(shape: ObjectShape): ObjectShape {
  second[shape.slot] = first[shape.slot];
  first[shape.slot] = shape;
  return shape;
}

/** From what is quick to see of the keys. */
function slotOf(keys: readonly string[]): number {
  let hash = keys.length;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const { length } = key;
    const ends = length === 0 ? 0 : key.charCodeAt(0) * 7 + key.charCodeAt(length - 1);
    hash = (hash * 31 + length * 131 + ends) | 0;
  }
  return ((hash ^ (hash >>> 9) ^ (hash >>> 18)) >>> 0) % ROWS;
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameBytes(bytes: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  const { length } = bytes;
  if (length !== end - start) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== source[start + i]) return false;
  return true;
}
