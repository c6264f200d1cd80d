import { checkElement } from '../../sharedctypes/element.ts';
import { checkElementType, makeElements } from '../../sharedctypes/typecode.ts';
import type { ElementType } from '../../sharedctypes/typecode.ts';
import { checkMark, isMarked, markOf, Referent } from './referent.ts';
import type { Mark } from './referent.ts';

const METHODS: ReadonlySet<string> = new Set([
  'at',
  'set',
  'size',
  'slice',
  'copy',
  'fill',
  'toJSON',
  'look',
  'exchange',
]);

type Elements = { [index: number]: number | bigint } & ArrayLike<number | bigint> & Iterable<number | bigint>;

/** A fixed number of elements of a type. */
export class ArrayReferent extends Referent {
  readonly kind = 'Array';
  readonly value: this = this;
  protected readonly exposed: ReadonlySet<string> = METHODS;
  readonly #type: ElementType;
  readonly #elements: Elements;

  /**
   * @param init how many, all zeros, or the elements
   * @throws TypeError, RangeError when the type cannot hold one
   */
  constructor(type: unknown, init: unknown) {
    super();
    checkElementType(type, 'Array()');
    this.#type = type;
    const elements = typeof init === 'number' ? init : Array.from(init as Iterable<unknown>);
    const length = typeof elements === 'number' ? elements : elements.length;
    this.#elements = makeElements(type, length) as unknown as Elements;
    if (typeof elements === 'object') for (const [i, element] of elements.entries()) this.set(i, element);
  }

  at(index: unknown): unknown {
    return this.#elements[this.#place(index)];
  }

  /** @throws RangeError outside of the array */
  set(index: unknown, value: unknown): void {
    const place = this.#existing(index);
    checkElement(this.#type, value, `Element ${place} of an Array`);
    this.#elements[place] = typeof value === 'boolean' ? Number(value) : (value as number | bigint);
  }

  size(): number {
    return this.#elements.length;
  }

  slice(start?: number, end?: number): unknown[] {
    return this.copy().slice(start, end);
  }

  copy(): unknown[] {
    return Array.from(this.#elements);
  }

  fill(value: unknown, start: number = 0, end: number = this.size()): void {
    for (let i = start; i < end; i++) this.set(i, value);
  }

  toJSON(): unknown {
    return this.copy();
  }

  /** What is there, and the mark for `exchange`. */
  look(index: unknown): [unknown, Mark] {
    const value = this.#elements[this.#existing(index)];
    return [value, markOf(value)];
  }

  /** Sets it, if what is there still is what was marked. */
  exchange(index: unknown, value: unknown, mark: unknown): boolean {
    checkMark(mark);
    if (!isMarked(this.#elements[this.#existing(index)], mark)) return false;
    this.set(index, value);
    return true;
  }

  #place(index: unknown): number {
    if (typeof index !== 'number' || !Number.isInteger(index)) {
      throw new TypeError(`The index of an Array is a whole number, not ${String(index)}`);
    }
    return index < 0 ? index + this.#elements.length : index;
  }

  #existing(index: unknown): number {
    const place = this.#place(index);
    if (place >= 0 && place < this.#elements.length) return place;
    throw new RangeError(`The Array has no index ${String(index as number)}: its length is ${this.#elements.length}`);
  }
}
