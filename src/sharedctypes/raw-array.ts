import { familyArena } from '../memory/arena.ts';
import { allocate } from '../memory/heap.ts';
import { checkElements, checkLength, fillArray, viewArray } from './array-init.ts';
import type { ArrayInit } from './array-init.ts';
import { shareBlock } from './shared-buffer.ts';
import { bytesOfType, checkSharedType } from './shared-type.ts';
import type { ArrayFor, SharedType } from './shared-type.ts';

/**
 * An array in shared memory: the real typed array, without a lock. It and its subarrays travel to other processes by
 * reference, wherever they stand in what is sent; it is freed when the last process has let go of it.
 *
 * The elements to begin with are checked; what is written to a typed array later is converted silently, as JavaScript
 * does. An array of structs has views of them as elements.
 * Python: `multiprocessing.sharedctypes.RawArray`, whose elements refuse wrong values at all times.
 *
 * @param type element type, such as 'd' or 'int32', or a struct
 * @param sizeOrInit its length, all zeros, or the elements to begin with
 * @throws TypeError for an unknown type or wrong elements, RangeError for a bad length or an element that the type
 * cannot hold, ResourceError when the memory is full.
 * @example
 * const samples = RawArray('d', 1_000_000);
 * new Process({ target: fill, args: [samples.subarray(0, 500_000)] }).start();
 */
export function RawArray<T extends SharedType>(type: T, sizeOrInit: ArrayInit<T>): ArrayFor<T> {
  checkSharedType(type, 'RawArray()');
  const elements = checkElements(type, sizeOrInit, 'RawArray()');
  const length = checkLength(type, elements, 'RawArray()');
  // A buffer of no bytes has no place in memory that could be referred to.
  const block = allocate(familyArena(), Math.max(length * bytesOfType(type), 1));
  const array = viewArray(type, shareBlock(block), 0, length);
  fillArray(type, array as object, elements);
  return array;
}
