import { SerializationError } from '../support/errors.ts';
import { SHORT_OBJECT, SHORT_TEXT, TAG } from './wire.ts';

const KEY_CACHE_SIZE = 4096;
/** Property names repeat from message to message: found by their bytes, they need not be built again. */
const keyCache: (string | undefined)[] = Array.from({ length: KEY_CACHE_SIZE }, () => undefined);

const floatBytes: Uint8Array = new Uint8Array(8);
const floatValue: Float64Array = new Float64Array(floatBytes.buffer);

/** Without the options of `toString`; not in the types, but in Node, Bun and Deno. They work on every Uint8Array. */
interface Slices {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly ucs2Slice: (this: Uint8Array, start: number, end: number) => string;
}
const { latin1Slice, ucs2Slice } = Buffer.prototype as unknown as Slices;
const fromUnits = String.fromCharCode;

/** Reads the primitive forms of the message format. Never reads past the end: a damaged message is an error. */
export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  end = 0;

  /** @throws SerializationError when the message ends too early. */
  byte(): number {
    if (this.position >= this.end) throw damaged('it ends too early');
    return this.bytes[this.position++] as number;
  }

  /** Where the next `count` bytes begin; they are skipped. */
  skip(count: number): number {
    const start = this.position;
    if (count > this.end - start) throw damaged('it ends too early');
    this.position = start + count;
    return start;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 0x80;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
    } while (byte >= 0x80 && factor <= Number.MAX_SAFE_INTEGER);
    return value;
  }

  /** A count of things that take at least one byte each: checked, so that a small lie reserves no big memory. */
  count(): number {
    const count = this.varint();
    if (count > this.end - this.position) throw damaged('it announces more than it holds');
    return count;
  }

  int16(): number {
    const at = this.skip(2);
    return (((this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8)) << 16) >> 16;
  }

  int32(): number {
    const at = this.skip(4);
    const bytes = this.bytes;
    return (
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
    );
  }

  float64(): number {
    const at = this.skip(8);
    const bytes = this.bytes;
    for (let i = 0; i < 8; i++) floatBytes[i] = bytes[at + i] as number;
    return floatValue[0] as number;
  }

  bigint(): bigint {
    const negative = this.byte() === 1;
    const magnitude = this.raw(this.varint());
    const value = magnitude.length === 0 ? 0n : BigInt(`0x${Buffer.from(magnitude.toReversed()).toString('hex')}`);
    return negative ? -value : value;
  }

  /** A copy, aligned for any kind of view. */
  raw(length: number): Uint8Array<ArrayBuffer> {
    const start = this.skip(length);
    const copy = new Uint8Array(length);
    copy.set(this.bytes.subarray(start, start + length));
    return copy;
  }

  text(): string {
    return this.textAfter(this.byte());
  }

  textAfter(tag: number): string {
    if (tag >= SHORT_TEXT && tag < SHORT_OBJECT) {
      const length = tag - SHORT_TEXT;
      const start = this.skip(length);
      return length <= 6 ? tinyText(this.bytes, start, length) : latin1(this.bytes, start, start + length);
    }
    if (tag === TAG.latin1) {
      const length = this.varint();
      const start = this.skip(length);
      return latin1(this.bytes, start, start + length);
    }
    if (tag === TAG.utf16) {
      const length = this.varint() * 2;
      const start = this.skip(length);
      return ucs2Slice.call(this.bytes, start, start + length);
    }
    throw damaged(`a text was expected, not tag ${tag}`);
  }

  /** The name of a property. */
  key(): string {
    const tag = this.byte();
    if (tag < SHORT_TEXT || tag >= SHORT_OBJECT) return this.textAfter(tag);
    const length = tag - SHORT_TEXT;
    const start = this.skip(length);
    const bytes = this.bytes;
    let hash = length;
    for (let i = 0; i < length; i++) hash = (hash * 31 + (bytes[start + i] as number)) | 0;
    const slot = (hash ^ (hash >>> 12)) & (KEY_CACHE_SIZE - 1);
    const cached = keyCache[slot];
    if (cached !== undefined && cached.length === length) {
      let i = 0;
      while (i < length && cached.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) return cached;
    }
    const key = latin1(bytes, start, start + length);
    keyCache[slot] = key;
    return key;
  }
}

/** The error for bytes that no sender of this version can have written. */
export function damaged(what: string): SerializationError {
  return new SerializationError(`The message is damaged or not one of forkless: ${what}.`);
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  // Works on every Uint8Array; a Buffer around the bytes would cost more than the call.
  return latin1Slice.call(bytes, start, end);
}

function tinyText(bytes: Uint8Array, at: number, length: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  switch (length) {
    case 0:
      return '';
    case 1:
      return fromUnits(a);
    case 2:
      return fromUnits(a, b);
    case 3:
      return fromUnits(a, b, c);
    case 4:
      return fromUnits(a, b, c, bytes[at + 3] as number);
    case 5:
      return fromUnits(a, b, c, bytes[at + 3] as number, bytes[at + 4] as number);
    default:
      return fromUnits(a, b, c, bytes[at + 3] as number, bytes[at + 4] as number, bytes[at + 5] as number);
  }
}
