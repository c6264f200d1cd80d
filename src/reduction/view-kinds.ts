import { types } from 'node:util';

import { SerializationError } from '../support/errors.ts';

type ViewClass = new (buffer: ArrayBuffer, byteOffset?: number, length?: number) => ArrayBufferView;

/** The kinds of view of an ArrayBuffer, in the order of their numbers in a message. */
const KINDS: readonly string[] = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Buffer',
  'Float16Array',
];
const BUFFER = KINDS.indexOf('Buffer');
const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const typeName = Object.getOwnPropertyDescriptor(typedArray, Symbol.toStringTag)?.get as (this: object) => string;

/** The number of a view's kind. */
export function viewKind(view: ArrayBufferView): number {
  if (Buffer.isBuffer(view)) return BUFFER;
  return KINDS.indexOf(types.isDataView(view) ? 'DataView' : typeName.call(view));
}

/** In elements, as its constructor takes it. */
export function viewLength(view: ArrayBufferView): number {
  return types.isDataView(view) ? view.byteLength : (view as Uint8Array).length;
}

/** A view of the same kind on a buffer of its own. */
export function copyOfView(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  return makeView(viewKind(view), buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

/**
 * Makes a view of a kind.
 *
 * @throws SerializationError when this runtime has no such kind.
 */
export function makeView(
  kind: number,
  buffer: ArrayBuffer,
  ...place: [] | [byteOffset: number, length: number]
): ArrayBufferView {
  if (kind === BUFFER) return Buffer.from(buffer, ...place);
  const View = (globalThis as unknown as Record<string, ViewClass | undefined>)[KINDS[kind] ?? ''];
  if (View === undefined)
    throw new SerializationError(
      `The message has a view of the kind ${KINDS[kind] ?? kind}, which this runtime does not know.`,
    );
  return new View(buffer, ...place);
}
