import { RawArray } from './raw-array.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { isBigIntType } from './typecode.ts';
import type { ArrayOf, ElementType } from './typecode.ts';

/** One element in shared memory, without a lock. */
export class SharedRawValue<T extends ElementType = ElementType> {
  static {
    printAs(SharedRawValue, (value) => `RawValue { ${String(value.value)} }`);
  }

  readonly #cell: ArrayOf<T>;

  /** For `RawValue` and handles. */
  constructor(cell: ArrayOf<T>) {
    this.#cell = cell;
  }

  get value(): ArrayOf<T>[number] {
    return this.#cell[0] as ArrayOf<T>[number];
  }

  set value(value: ArrayOf<T>[number]) {
    const wanted = typeof this.#cell[0];
    if (typeof value !== wanted) throw new TypeError(`The value must be a ${wanted}, not ${typeof value}`);
    this.#cell[0] = value;
  }

  /** For handles. */
  get cell(): ArrayOf<T> {
    return this.#cell;
  }
}

registerShareable(SharedRawValue, {
  tag: 'raw-value',
  module: import.meta.url,
  share: (value) => value.cell,
  attach: (cell) => new SharedRawValue(cell),
});

/**
 * One number in shared memory, without a lock; it starts at zero.
 * @throws TypeError for an unknown type or a wrong value, ResourceError when the memory is full.
 * @example
 * const done = RawValue('i');
 */
export function RawValue<T extends ElementType>(type: T, init?: ArrayOf<T>[number]): SharedRawValue<T> {
  const cell = RawArray(type, 1);
  const value = new SharedRawValue<T>(cell);
  value.value = init ?? ((isBigIntType(type) ? 0n : 0) as ArrayOf<T>[number]);
  return value;
}
