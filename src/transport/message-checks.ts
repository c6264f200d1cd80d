import { isBigIntType } from '../sharedctypes/typecode.ts';
import type { ArrayOf, ElementType } from '../sharedctypes/typecode.ts';
import { TimeoutError } from '../support/errors.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';

/** What can be sent: numbers (bigints for 64-bit integers) in any list. */
export type Elements<T extends ElementType> = ArrayLike<ArrayOf<T>[number]> | Iterable<ArrayOf<T>[number]>;

/**
 * The elements of a message as a list of the channel's type.
 * @throws TypeError for anything else, RangeError for more than `most`.
 */
export function elementsOf<T extends ElementType>(
  type: T,
  most: number,
  values: Elements<T>,
): ArrayLike<ArrayOf<T>[number]> {
  const elements = asList<ArrayOf<T>[number]>(values);
  checkLength(elements.length, most);
  const wanted = isBigIntType(type) ? 'bigint' : 'number';
  if (!areAll(elements, wanted)) {
    throw new TypeError(`The channel is of type '${type}': its messages must be lists of ${wanted}s`);
  }
  return elements;
}

function asList<E>(values: ArrayLike<E> | Iterable<E>): ArrayLike<E> {
  if (Array.isArray(values) || ArrayBuffer.isView(values)) return values as ArrayLike<E>;
  // Of any other list a copy, so that its code runs here and not while a slot is in our hands.
  if (typeof values === 'object' && values !== null && ('length' in values || Symbol.iterator in values)) {
    return Array.from(values);
  }
  throw new TypeError('A message must be an array, a typed array or an iterable of numbers');
}

function areAll(elements: ArrayLike<unknown>, wanted: 'bigint' | 'number'): boolean {
  if (ArrayBuffer.isView(elements)) {
    if (elements instanceof DataView) return false;
    return (elements instanceof BigInt64Array || elements instanceof BigUint64Array) === (wanted === 'bigint');
  }
  // No `every`: it passes over holes.
  for (let index = 0; index < elements.length; index++) if (typeof elements[index] !== wanted) return false;
  return true;
}

/** @throws TypeError, RangeError */
export function checkLength(n: unknown, most: number): asserts n is number {
  if (typeof n !== 'number') throw new TypeError(`The length of a message must be a number, not ${typeof n}`);
  if (Number.isInteger(n) && n >= 0 && n <= most) return;
  throw new RangeError(`A message of ${n} elements does not fit: there is room for 0 to ${most}`);
}

/**
 * @param sample an array of the channel's type
 * @throws TypeError when the target is of another type.
 */
export function checkTarget<A extends ArrayOf<ElementType>>(sample: A, target: A): void {
  if (target?.constructor === sample.constructor) return;
  throw new TypeError(`The target must be a ${sample.constructor.name}, the type of the channel's messages`);
}

/** @throws TypeError */
export function checkFunction(value: unknown, call: string): void {
  if (typeof value !== 'function') throw new TypeError(`${call} needs a function that takes the view`);
}

/** @throws TimeoutError when the time is over. */
export function timely<R>(result: R | typeof TIMED_OUT, call: string): R {
  if (result === TIMED_OUT) throw new TimeoutError(`${call}: the time is over; nothing has been transferred`);
  return result;
}

export function orUndefined<R>(result: R | Wait): R | undefined {
  return result instanceof Wait ? undefined : result;
}
