import { inspect } from 'node:util';

import type { IntegerCell } from '../memory/words.ts';
import { checkElement, isIntegerType } from './element.ts';
import type { SharedType } from './shared-type.ts';
import { initOf } from './struct.ts';
import type { Struct } from './struct.ts';
import { viewElements } from './typecode.ts';
import type { ElementType } from './typecode.ts';

/** The place in memory of one value. */
export interface Slot {
  get(): unknown;
  /** @throws TypeError or RangeError, and changes nothing then. */
  set(value: unknown): void;
  /** Its memory, as a view that travels by reference where that is shared. */
  readonly view: object;
  /** For atomic operations; undefined for other types than whole numbers. */
  readonly integers: IntegerCell | undefined;
}

type Cell = Record<0, unknown>;

class ElementSlot implements Slot {
  readonly view: object;
  readonly integers: IntegerCell | undefined;
  readonly #type: ElementType;
  readonly #cell: Cell;

  constructor(type: ElementType, cell: object) {
    this.#type = type;
    this.view = cell;
    this.#cell = cell as Cell;
    this.integers = isIntegerType(type) ? (cell as IntegerCell) : undefined;
  }

  get(): unknown {
    return this.#cell[0];
  }

  set(value: unknown): void {
    checkElement(this.#type, value, 'The value');
    this.#cell[0] = value;
  }
}

class StructSlot implements Slot {
  readonly view: object;
  readonly integers: undefined = undefined;
  readonly #type: Struct;

  constructor(type: Struct, view: object) {
    this.#type = type;
    this.view = view;
  }

  get(): unknown {
    return this.view;
  }

  set(value: unknown): void {
    this.#type.assign(this.view as never, value, 'The value');
  }
}

/** The slot at a place of a buffer. */
export function slotAt(type: SharedType, buffer: ArrayBuffer, byteOffset: number): Slot {
  return typeof type === 'string'
    ? new ElementSlot(type, viewElements(type, buffer, byteOffset, 1))
    : new StructSlot(type, type.viewAt(buffer, byteOffset));
}

/** The slot that a view shows which has come from elsewhere. */
export function slotOf(type: SharedType, view: object): Slot {
  return typeof type === 'string' ? new ElementSlot(type, view) : new StructSlot(type, view);
}

/** Sets a value to what it begins with. */
export type Initialize = (slot: Slot) => void;

/**
 * Checks the arguments after the type, and gives what sets a slot to them; undefined: zeros are right.
 * @throws TypeError or RangeError for wrong ones.
 */
export function firstValue(type: SharedType, init: readonly unknown[], where: string): Initialize | undefined {
  if (init.length === 0) return undefined;
  if (typeof type !== 'string') {
    const writes = type.plan(initOf(init), where);
    return (slot) => type.apply(slot.view as never, writes);
  }
  if (init.length > 1) throw new TypeError(`${where}: '${type}' takes one value, not ${init.length}`);
  checkElement(type, init[0], `${where}: a value`);
  return Object.is(init[0], 0) || init[0] === 0n ? undefined : (slot) => slot.set(init[0]);
}

/** For util.inspect: a struct shows braces of its own. */
export function printValue(title: string, value: unknown): string {
  return typeof value === 'object' ? `${title} ${inspect(value)}` : `${title} { ${inspect(value)} }`;
}
