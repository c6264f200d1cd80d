import { familyArena } from '../memory/arena.ts';
import { allocate } from '../memory/heap.ts';
import { shareBlock } from './shared-buffer.ts';
import { checkElementType, elementBytes, isBigIntType, viewElements } from './typecode.ts';
import type { ArrayOf, ElementType } from './typecode.ts';

const MOST_BYTES = 2 ** 33;

/**
 * An array in shared memory: the real typed array, without a lock. It and its subarrays travel to other processes by
 * reference, wherever they stand in what is sent; it is freed when the last process has let go of it.
 *
 * @param type element type, such as 'd' or 'int32'
 * @param sizeOrInit its length, all zeros, or the elements to begin with
 * @throws TypeError for an unknown type or wrong elements, RangeError for a bad length, ResourceError when the memory is full.
 * @example
 * const samples = RawArray('d', 1_000_000);
 * new Process({ target: fill, args: [samples.subarray(0, 500_000)] }).start();
 */
export function RawArray<T extends ElementType>(
  type: T,
  sizeOrInit: number | Iterable<ArrayOf<T>[number]>,
): ArrayOf<T> {
  checkElementType(type, 'RawArray()');
  if (typeof sizeOrInit === 'number') return makeArray(type, sizeOrInit);
  const elements = checkElements(type, sizeOrInit);
  const array = makeArray(type, elements.length);
  for (let i = 0; i < elements.length; i++) array[i] = elements[i] as ArrayOf<T>[number];
  return array;
}

function makeArray<T extends ElementType>(type: T, length: number): ArrayOf<T> {
  const bytes = length * elementBytes(type);
  if (!Number.isInteger(length) || length < 0 || bytes > MOST_BYTES) {
    throw new RangeError(`RawArray(): the size must be a whole number of elements from 0 to 8 GiB, not ${length}`);
  }
  // A buffer of no bytes has no place in memory that could be referred to.
  const block = allocate(familyArena(), Math.max(bytes, 1));
  return viewElements(type, shareBlock(block), 0, length);
}

function checkElements<T extends ElementType>(type: T, init: Iterable<ArrayOf<T>[number]>): ArrayOf<T>[number][] {
  if (typeof init !== 'object' || init === null || !(Symbol.iterator in init)) {
    throw new TypeError(
      `RawArray(): expected a size or a list of elements, not ${init === null ? 'null' : typeof init}`,
    );
  }
  const elements = Array.from(init);
  const wanted = isBigIntType(type) ? 'bigint' : 'number';
  const wrong = elements.findIndex((element) => typeof element !== wanted);
  if (wrong >= 0) {
    throw new TypeError(
      `RawArray(): element ${wrong} of an array of '${type}' must be a ${wanted}, not ${typeof elements[wrong]}`,
    );
  }
  return elements;
}
