import { isElement, refuseElement } from './element.ts';
import { bytesOfType } from './shared-type.ts';
import type { ArrayFor, InitOf, SharedType } from './shared-type.ts';
import { StructArray } from './struct-array.ts';
import { viewElements } from './typecode.ts';
import type { ElementType } from './typecode.ts';

const MOST_BYTES = 2 ** 33;

/** The length of an array, or its elements. */
export type ArrayInit<T extends SharedType> = number | Iterable<InitOf<T>>;

/**
 * The elements to begin with, each of them checked; a number is the length of an array of zeros.
 * @throws TypeError or RangeError that names the wrong one.
 */
export function checkElements(type: SharedType, init: unknown, where: string): number | ArrayLike<unknown> {
  if (typeof init === 'number') return init;
  if (typeof init !== 'object' || init === null || !(Symbol.iterator in init)) {
    throw new TypeError(`${where}: expected a size or a list of elements, not ${init === null ? 'null' : typeof init}`);
  }
  const elements = ArrayBuffer.isView(init)
    ? (init as unknown as ArrayLike<unknown>)
    : Array.from(init as Iterable<unknown>);
  if (typeof type === 'string') {
    checkEach(type, elements, where);
    return elements;
  }
  return Array.from(elements, (element, i) => type.plan(element, `${where}: element ${i}`));
}

function checkEach(type: ElementType, elements: ArrayLike<unknown>, where: string): void {
  for (let i = 0; i < elements.length; i++) {
    if (!isElement(type, elements[i])) refuseElement(type, elements[i], `${where}: element ${i}`);
  }
}

/** @throws RangeError for a length that no array can have. */
export function checkLength(type: SharedType, elements: number | ArrayLike<unknown>, where: string): number {
  const length = typeof elements === 'number' ? elements : elements.length;
  if (!Number.isInteger(length) || length < 0 || length * bytesOfType(type) > MOST_BYTES) {
    throw new RangeError(`${where}: the size must be a whole number of elements from 0 to 8 GiB, not ${length}`);
  }
  return length;
}

/** `length` elements or structs from `byteOffset` of the buffer on. */
export function viewArray<T extends SharedType>(
  type: T,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): ArrayFor<T> {
  return (
    typeof type === 'string'
      ? viewElements(type, buffer, byteOffset, length)
      : new StructArray(type, buffer, byteOffset, length)
  ) as ArrayFor<T>;
}

/** Writes what `checkElements` has given. */
export function fillArray(type: SharedType, array: object, elements: number | ArrayLike<unknown>): void {
  if (typeof elements === 'number') return;
  if (typeof type === 'string') {
    (array as Uint8Array).set(elements as ArrayLike<number>);
    return;
  }
  const structs = array as StructArray<object>;
  for (let i = 0; i < elements.length; i++) type.apply(structs.at(i) as never, elements[i] as never);
}
