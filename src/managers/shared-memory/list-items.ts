import { inspect } from 'node:util';

import { ALIGNMENT, CODE, FORMAT_BYTES } from './list-layout.ts';

/** What can be in a ShareableList; a bigint is a whole number of 64 bits. */
export type ShareableItem = number | bigint | boolean | string | Uint8Array | null;

/** An item as it is packed. */
export interface PackedItem {
  readonly value: number | bigint | boolean | null | Uint8Array;
  readonly code: number;
  /** The room that a new list has for it, in bytes. */
  readonly capacity: number;
  /** Of text and bytes: '' = what the room for it says. */
  readonly format: string;
}

const encoder = new TextEncoder();
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * How an item is packed.
 * @throws TypeError for what Python cannot read; RangeError for what has no room in its format.
 */
export function pack(item: unknown, where: string): PackedItem {
  switch (typeof item) {
    case 'number':
      return { value: item, code: CODE.plain, capacity: ALIGNMENT, format: isWhole(item) ? 'q' : 'd' };
    case 'bigint':
      if (item >= INT64_MIN && item <= INT64_MAX)
        return { value: item, code: CODE.plain, capacity: ALIGNMENT, format: 'q' };
      throw new RangeError(`${where}: ${item}n has more than 64 bits`);
    case 'boolean':
      return { value: item, code: CODE.plain, capacity: ALIGNMENT, format: 'xxxxxxx?' };
    case 'string':
      if (!isWellFormed(item)) throw new TypeError(`${where}: the text has half a surrogate pair: ${inspect(item)}`);
      return packBytes(encoder.encode(item), CODE.text, lengthOf(item), where);
    default:
      if (item === null) return { value: null, code: CODE.none, capacity: ALIGNMENT, format: 'xxxxxx?x' };
      if (item instanceof Uint8Array) return packBytes(item, CODE.bytes, item.length, where);
      throw new TypeError(
        `${where} takes numbers, bigints, booleans, texts, Uint8Arrays and null, not ${inspect(item, { depth: 0 })}`,
      );
  }
}

/** @param length - in Python, which has the room follow from that: too little for some texts. */
function packBytes(bytes: Uint8Array, code: number, length: number, where: string): PackedItem {
  const usual = ALIGNMENT * (Math.floor(length / ALIGNMENT) + 1);
  const capacity = Math.max(usual, ALIGNMENT * Math.ceil(bytes.length / ALIGNMENT));
  // Zeros at the end would be taken for room that is not used.
  const format = bytes.at(-1) === 0 ? `${bytes.length}sx` : '';
  if (format.length > FORMAT_BYTES || `${capacity}s`.length > FORMAT_BYTES) {
    throw new RangeError(`${where}: the layout of Python has no room to say that an item has ${bytes.length} bytes`);
  }
  return { value: bytes, code, capacity, format };
}

/** In code points. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function isWhole(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/** `String.prototype.isWellFormed`, which the types of this version do not know. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
