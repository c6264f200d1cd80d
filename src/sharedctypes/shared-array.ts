import { familyArena } from '../memory/arena.ts';
import { allocate } from '../memory/heap.ts';
import { checkOptions } from '../support/options.ts';
import { checkElements, checkLength, fillArray } from './array-init.ts';
import type { ArrayInit } from './array-init.ts';
import { RawArray } from './raw-array.ts';
import { ARRAY_KIND, sharedArrayOf } from './shared-array-classes.ts';
import type { SharedArrayOf } from './shared-array-classes.ts';
import { bytesOfType, checkSharedType } from './shared-type.ts';
import type { ArrayFor, SharedType } from './shared-type.ts';
import { BEHIND_LOCK, checkLock } from './value-lock.ts';
import type { ValueOptions } from './value-lock.ts';

const OF_KIND = { kind: ARRAY_KIND };

/**
 * An array in shared memory with a lock: the real typed array, as fast as any other, and `getLock()`, `with(fn)` and the
 * other forms of the lock.
 *
 * Its subarrays are plain typed arrays over the same memory, and travel by reference, too; `slice` and `map` give
 * private arrays. Elements are checked at the beginning, and converted silently later: see `RawArray`.
 * `close()` empties the array and its subarrays in this process, and gives the memory back.
 * Exported as `Array`, too.
 *
 * @param type element type, such as 'd' or 'int32', or a struct
 * @param sizeOrInit its length, all zeros, or the elements to begin with
 * @param options `{ lock }`, see `ValueOptions`; with `lock: false` this is `RawArray`
 * @throws TypeError for an unknown type, wrong elements or what is no lock, RangeError for a bad length or an element
 * that the type cannot hold, ResourceError when the memory is full.
 * @example
 * const totals = SharedArray('d', 10);
 * await totals.with(() => (totals[0] += 1));
 */
export function SharedArray<T extends SharedType>(
  type: T,
  sizeOrInit: ArrayInit<T>,
  options: { readonly lock: false },
): ArrayFor<T>;
export function SharedArray<T extends SharedType>(
  type: T,
  sizeOrInit: ArrayInit<T>,
  options?: ValueOptions,
): SharedArrayOf<T>;
export function SharedArray<T extends SharedType>(
  type: T,
  sizeOrInit: ArrayInit<T>,
  options: ValueOptions = {},
): ArrayFor<T> | SharedArrayOf<T> {
  checkSharedType(type, 'SharedArray()');
  checkOptions(options, ['lock'], 'SharedArray()');
  const lock = checkLock(options, 'SharedArray()');
  if (lock === false) return RawArray(type, sizeOrInit);
  const elements = checkElements(type, sizeOrInit, 'SharedArray()');
  const length = checkLength(type, elements, 'SharedArray()');
  const block = allocate(familyArena(), BEHIND_LOCK + length * bytesOfType(type), OF_KIND);
  const array = sharedArrayOf(type, block, lock);
  fillArray(type, array, elements);
  return array;
}
