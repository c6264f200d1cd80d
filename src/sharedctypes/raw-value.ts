import { familyArena } from '../memory/arena.ts';
import { allocate, blockOf } from '../memory/heap.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { shareBlock } from './shared-buffer.ts';
import { bytesOfType, checkSharedType } from './shared-type.ts';
import type { ArgumentsOf, InitOf, SharedType, ValueOf } from './shared-type.ts';
import { firstValue, printValue, slotAt, slotOf } from './slot.ts';
import type { Slot } from './slot.ts';

/** One value in shared memory, without a lock. */
export class SharedRawValue<T extends SharedType = SharedType> {
  static {
    printAs(SharedRawValue, (value) => printValue('RawValue', value.value));
  }

  readonly #type: T;
  readonly #slot: Slot;

  /** For `RawValue` and handles. */
  constructor(type: T, slot: Slot) {
    this.#type = type;
    this.#slot = slot;
  }

  get value(): ValueOf<T> {
    return this.#slot.get() as ValueOf<T>;
  }

  /** @throws TypeError for a value of another kind, RangeError for one that the type cannot hold. */
  set value(value: ValueOf<T> | InitOf<T>) {
    this.#slot.set(value);
  }

  /** For handles: the type, and a view that travels by reference. */
  share(): { readonly type: T; readonly view: object } {
    const { view } = this.#slot;
    if (ArrayBuffer.isView(view)) {
      const block = blockOf(view.buffer);
      if (block !== undefined) shareBlock(block);
    }
    return { type: this.#type, view };
  }
}

registerShareable(SharedRawValue, {
  tag: 'raw-value',
  module: import.meta.url,
  share: (value) => value.share(),
  attach: ({ type, view }) => new SharedRawValue(type, slotOf(type, view)),
});

/**
 * One value in shared memory, without a lock; it starts at zero.
 *
 * A struct's `value` is a view, whose fields can be set one by one.
 *
 * @param init the value, or for a struct: its fields in order, or an object with some of them
 * @throws TypeError for an unknown type or a wrong value, RangeError for a value that the type cannot hold,
 * ResourceError when the memory is full.
 * @example
 * const done = RawValue('i');
 * const position = RawValue(struct({ x: 'd', y: 'd' }), 1, 2);
 */
export function RawValue<T extends SharedType>(type: T, ...init: ArgumentsOf<T>): SharedRawValue<T> {
  checkSharedType(type, 'RawValue()');
  const initialize = firstValue(type, init, 'RawValue()');
  const block = allocate(familyArena(), bytesOfType(type));
  // Views of a struct are handed out; an element is not, so its buffer is registered when it is sent.
  const slot = slotAt(type, typeof type === 'string' ? block.buffer : shareBlock(block), 0);
  initialize?.(slot);
  return new SharedRawValue<T>(type, slot);
}
