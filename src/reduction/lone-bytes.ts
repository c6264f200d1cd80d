import { types } from 'node:util';

import { damaged } from './message-errors.ts';
import { FORMAT } from './message-format.ts';
import { sharedBufferProtocol } from './shared-views.ts';
import { isWriting, scratch } from './small-writer.ts';
import { viewKind } from './view-kinds.ts';

/*
 * A message that is nothing but some bytes, a Uint8Array or a Buffer: FORMAT.bytes, which of the two, the bytes. V8's
 * serializer takes microseconds to begin.
 */
const UINT8_ARRAY: number = viewKind(new Uint8Array());
const BUFFER: number = viewKind(Buffer.alloc(0));
const NEITHER = -1;
const HEADER = 2;
/** Longer ones go another way, in which that does not count. */
const LONGEST: number = scratch.length - HEADER;

/** Writes the message to `scratch`, as `writeSmall` does; 0 when the value is something else. */
export function writeLoneBytes(value: unknown): number {
  if (!types.isUint8Array(value) || isWriting()) return 0;
  const kind = kindOf(Object.getPrototypeOf(value));
  const { length } = value;
  if (kind === NEITHER || length > LONGEST || !isOrdinary(value.buffer)) return 0;
  scratch[0] = FORMAT.bytes;
  scratch[1] = kind;
  scratch.set(value, HEADER);
  return HEADER + length;
}

/** Memory of this process alone. A buffer of another realm is not known by its prototype, and goes the other way. */
function isOrdinary(buffer: ArrayBufferLike): boolean {
  return Object.getPrototypeOf(buffer) === ArrayBuffer.prototype && sharedBufferProtocol(buffer) === undefined;
}

/**
 * The value of such a message: a copy. A short Buffer is a part of Node's pool, as others are.
 * @throws SerializationError when it is damaged.
 */
export function readLoneBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const kind = bytes[start + 1];
  if (end - start < HEADER || (kind !== UINT8_ARRAY && kind !== BUFFER)) throw damaged('it is no message of bytes');
  const length = end - start - HEADER;
  const copy = kind === BUFFER ? Buffer.allocUnsafe(length) : new Uint8Array(length);
  copy.set(subarray.call(bytes, start + HEADER, end));
  return copy;
}

/** Not that of Buffer, which takes longer. */
const subarray: (this: Uint8Array, start: number, end: number) => Uint8Array = Uint8Array.prototype.subarray;

function kindOf(prototype: unknown): number {
  return prototype === Buffer.prototype ? BUFFER : prototype === Uint8Array.prototype ? UINT8_ARRAY : NEITHER;
}
