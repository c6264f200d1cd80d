import { checkOptions } from '../support/options.ts';
import type { ElementInit } from './element.ts';
import { RawValue } from './raw-value.ts';
import type { SharedRawValue } from './raw-value.ts';
import { checkSharedType } from './shared-type.ts';
import type { ArgumentsOf, SharedType } from './shared-type.ts';
import { makeValue } from './shared-value.ts';
import type { SharedValue } from './shared-value.ts';
import { firstValue } from './slot.ts';
import { Struct } from './struct.ts';
import type { FieldsInit, FieldInit } from './struct.ts';
import type { ElementType } from './typecode.ts';
import { checkLock } from './value-lock.ts';
import type { ValueOptions } from './value-lock.ts';

type WithOptions<T extends SharedType, O> = T extends ElementType
  ? [options: O] | [init: ElementInit<T>, options: O]
  : T extends Struct<infer F>
    ? [fields: FieldsInit<F>, options: O] | [...FieldInit<F[keyof F]>[], O]
    : never;

/**
 * One value in shared memory with a lock of its own; it starts at zero. Whole numbers have atomic operations, too.
 *
 * A struct begins with its fields in order, or with an object that has some of them. Its `value` is a view.
 * A last argument that is an object is the options; for a struct it is if it has a `lock`, and no field could be meant.
 *
 * @param init the value, then the options: `{ lock }`, see `ValueOptions`; with `lock: false` this is `RawValue`
 * @throws TypeError for an unknown type, a wrong value or what is no lock, RangeError for a value that the type cannot
 * hold, ResourceError when the memory is full.
 * @example
 * const done = Value('i', 0);
 * await done.with(() => (done.value += 1)); // or, faster: done.add(1)
 */
export function Value<T extends SharedType>(type: T, ...init: WithOptions<T, { lock: false }>): SharedRawValue<T>;
export function Value<T extends SharedType>(
  type: T,
  ...init: ArgumentsOf<T> | WithOptions<T, ValueOptions>
): SharedValue<T>;
export function Value(type: SharedType, ...init: readonly unknown[]): SharedValue | SharedRawValue {
  checkSharedType(type, 'Value()');
  const hasOptions = endsWithOptions(type, init);
  const options = (hasOptions ? init.at(-1) : {}) as ValueOptions;
  if (hasOptions) checkOptions(options, ['lock'], 'Value()');
  const lock = checkLock(options, 'Value()');
  const first = hasOptions ? init.slice(0, -1) : init;
  if (lock === false) return RawValue(type, ...(first as ArgumentsOf<SharedType>));
  return makeValue(type, lock, firstValue(type, first, 'Value()'));
}

function endsWithOptions(type: SharedType, init: readonly unknown[]): boolean {
  const last = init.at(-1);
  if (typeof last !== 'object' || last === null) return false;
  if (typeof type === 'string') return true;
  if (!Object.hasOwn(last, 'lock')) return false;
  const meant = init.length === 1 ? type : Object.values(type.fields)[init.length - 1];
  return !(meant instanceof Struct && Object.hasOwn(meant.fields, 'lock'));
}
