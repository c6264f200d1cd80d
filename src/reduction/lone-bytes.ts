import { types } from 'node:util';

import { copySlice } from './buffer-methods.ts';
import { damaged } from './message-errors.ts';
import { FORMAT } from './message-format.ts';
import { sharedBufferProtocol } from './shared-views.ts';
import { makeView, viewKind } from './view-kinds.ts';

/*
 * A message that is nothing but some bytes, a Uint8Array or a Buffer: FORMAT.bytes, which of the two, the bytes. V8's
 * serializer takes microseconds to begin.
 */
const UINT8_ARRAY: number = viewKind(new Uint8Array());
const BUFFER: number = viewKind(Buffer.alloc(0));
const HEADER = 2;
/** Longer ones go another way, in which that does not count. */
const LONGEST = (32 << 10) - HEADER;

const scratch = new Uint8Array(HEADER + LONGEST);

/** The message in a buffer that is used again; undefined when the value is something else. */
export function writeLoneBytes(value: unknown): { readonly bytes: Uint8Array; readonly end: number } | undefined {
  if (!types.isUint8Array(value)) return undefined;
  const kind = kindOf(Object.getPrototypeOf(value));
  const { buffer, length } = value;
  if (kind < 0 || length > LONGEST) return undefined;
  if (!types.isArrayBuffer(buffer) || sharedBufferProtocol(buffer) !== undefined) return undefined;
  scratch[0] = FORMAT.bytes;
  scratch[1] = kind;
  scratch.set(value, HEADER);
  return { bytes: scratch, end: HEADER + length };
}

/**
 * The value of such a message: a copy.
 * @throws SerializationError when it is damaged.
 */
export function readLoneBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const kind = bytes[start + 1];
  if (end - start < HEADER || (kind !== UINT8_ARRAY && kind !== BUFFER)) throw damaged('it is no message of bytes');
  const copy = copySlice.call(bytes, start + HEADER, end);
  return makeView(kind, copy.buffer as ArrayBuffer, copy.byteOffset, copy.length) as Uint8Array;
}

function kindOf(prototype: unknown): number {
  return prototype === Buffer.prototype ? BUFFER : prototype === Uint8Array.prototype ? UINT8_ARRAY : -1;
}
