import { checkElement } from '../../sharedctypes/element.ts';
import { checkElementType } from '../../sharedctypes/typecode.ts';
import type { ElementType } from '../../sharedctypes/typecode.ts';
import { checkMark, isMarked, markOf, Referent } from './referent.ts';
import type { Mark } from './referent.ts';

const METHODS: ReadonlySet<string> = new Set(['get', 'set', 'toJSON', 'look', 'exchange']);

/** One value of a type. */
export class ValueReferent extends Referent {
  readonly kind = 'Value';
  readonly value: this = this;
  protected readonly exposed: ReadonlySet<string> = METHODS;
  readonly #type: ElementType;
  #current: unknown;

  /** @throws TypeError, RangeError when the type cannot hold the value */
  constructor(type: unknown, value: unknown) {
    super();
    checkElementType(type, 'Value()');
    this.#type = type;
    checkElement(type, value, 'The Value');
    this.#current = value;
  }

  get(): unknown {
    return this.#current;
  }

  set(value: unknown): void {
    checkElement(this.#type, value, 'The Value');
    this.#current = value;
  }

  toJSON(): unknown {
    return this.#current;
  }

  /** What is there, and the mark for `exchange`. */
  look(): [unknown, Mark] {
    return [this.get(), markOf(this.#current)];
  }

  /** Sets it, if what is there still is what was marked. */
  exchange(value: unknown, mark: unknown): boolean {
    checkMark(mark);
    if (!isMarked(this.#current, mark)) return false;
    this.set(value);
    return true;
  }
}
