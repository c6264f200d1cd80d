import { checkMark, isMarked, markOf, Referent } from './referent.ts';
import type { Mark } from './referent.ts';
import { snapshot } from './snapshot.ts';

const METHODS: ReadonlySet<string> = new Set([
  ...['at', 'set', 'size', 'setLength', 'push', 'append', 'extend', 'insert', 'pop', 'shift', 'unshift', 'splice'],
  ...['remove', 'delete', 'reverse', 'fill', 'copyWithin', 'clear', 'slice', 'copy', 'index', 'count', 'toJSON'],
  ...['look', 'exchange', 'arrange'],
]);

/** A list: an array. */
export class ListReferent extends Referent {
  readonly kind = 'list';
  readonly value: unknown[];
  protected readonly exposed: ReadonlySet<string> = METHODS;
  readonly #live: (value: unknown) => unknown;

  constructor(value: unknown[], live: (value: unknown) => unknown) {
    super();
    this.value = value;
    this.#live = live;
  }

  at(index: unknown): unknown {
    return this.#live(this.value[this.#place(index)]);
  }

  /** @throws RangeError in front of the beginning, and behind the place that comes next */
  set(index: unknown, value: unknown): void {
    const place = this.#place(index);
    if (place < 0 || place > this.value.length) throw this.#isOutside(index);
    this.value[place] = value;
  }

  size(): number {
    return this.value.length;
  }

  setLength(length: unknown): void {
    const wanted = wholeNumber(length, 'length');
    if (wanted < 0 || wanted > this.value.length) {
      throw new RangeError(
        `A list can be shortened by its length, from ${this.value.length} to 0, not set to ${wanted}`,
      );
    }
    this.value.length = wanted;
  }

  push(...items: readonly unknown[]): number {
    for (const item of items) this.value.push(item);
    return this.value.length;
  }

  append(item: unknown): void {
    this.value.push(item);
  }

  extend(items: unknown): void {
    // A copy: the list may be extended by itself.
    for (const item of Array.from(items as Iterable<unknown>)) this.value.push(item);
  }

  insert(index: unknown, item: unknown): void {
    this.value.splice(wholeNumber(index, 'index'), 0, item);
  }

  /** @throws RangeError when it is told which item, and there is none */
  pop(index?: unknown): unknown {
    if (index === undefined) return this.#live(this.value.pop());
    const place = this.#existing(index);
    return this.#live(this.value.splice(place, 1)[0]);
  }

  shift(): unknown {
    return this.#live(this.value.shift());
  }

  unshift(...items: readonly unknown[]): number {
    return this.value.unshift(...items);
  }

  splice(start: unknown, deleteCount: unknown = this.value.length, ...items: readonly unknown[]): unknown[] {
    const count = wholeNumber(deleteCount, 'number of items');
    return this.value.splice(wholeNumber(start, 'index'), count, ...items).map(this.#live);
  }

  /** @throws RangeError when it is not there */
  remove(item: unknown): void {
    this.value.splice(this.index(item), 1);
  }

  /** As `delete` of an array's item: it becomes undefined, and the length stays. */
  delete(index: unknown): void {
    const place = this.#place(index);
    if (place >= 0 && place < this.value.length) this.value[place] = undefined;
  }

  reverse(): void {
    this.value.reverse();
  }

  fill(item: unknown, start?: number, end?: number): void {
    this.value.fill(item, start, end);
  }

  copyWithin(target: number, start: number, end?: number): void {
    this.value.copyWithin(target, start, end);
  }

  clear(): void {
    this.value.length = 0;
  }

  slice(start?: number, end?: number): unknown[] {
    return this.value.slice(start, end).map(this.#live);
  }

  copy(): unknown[] {
    return this.value.map(this.#live);
  }

  /** @throws RangeError when it is not there */
  index(item: unknown): number {
    const place = this.value.findIndex((value) => isSame(value, item));
    if (place < 0) throw new RangeError('The list has no such item');
    return place;
  }

  count(item: unknown): number {
    return this.value.filter((value) => isSame(value, item)).length;
  }

  toJSON(): unknown {
    return snapshot(this.value);
  }

  /** What is at an index, or all of it, with the mark for `exchange` or `arrange`. */
  look(index?: unknown): [unknown, Mark | readonly Mark[]] {
    if (index === undefined) return [this.copy(), this.value.map(markOf)];
    const value = this.value[this.#existing(index)];
    return [this.#live(value), markOf(value)];
  }

  /** Sets the item, if what is there still is what was marked. */
  exchange(index: unknown, value: unknown, mark: unknown): boolean {
    checkMark(mark);
    const place = this.#place(index);
    if (!(place in this.value) || !isMarked(this.value[place], mark)) return false;
    this.value[place] = value;
    return true;
  }

  /** Puts the items into another order, if they still are what was marked: `order` has the place that each comes from. */
  arrange(order: unknown, marks: unknown): boolean {
    const before = marks as readonly unknown[];
    if (before.length !== this.value.length) return false;
    if (!isOrder(order, before.length)) throw new RangeError('The new order of the list does not have each place once');
    const isUnchanged = this.value.every((value, i) => {
      const mark = before[i];
      checkMark(mark);
      return isMarked(value, mark);
    });
    if (!isUnchanged) return false;
    const items = order.map((place) => this.value[place]);
    for (const [i, item] of items.entries()) this.value[i] = item;
    return true;
  }

  #place(index: unknown): number {
    const place = wholeNumber(index, 'index');
    return place < 0 ? place + this.value.length : place;
  }

  #existing(index: unknown): number {
    const place = this.#place(index);
    if (place < 0 || place >= this.value.length) throw this.#isOutside(index);
    return place;
  }

  #isOutside(index: unknown): RangeError {
    return new RangeError(`The list has no index ${String(index as number)}: its length is ${this.value.length}`);
  }
}

/** By value for primitives, as `includes` does; by identity for what is shared. */
function isSame(one: unknown, other: unknown): boolean {
  return one === other || Object.is(one, other);
}

function isOrder(order: unknown, length: number): order is readonly number[] {
  if (!Array.isArray(order) || order.length !== length) return false;
  return (
    new Set(order).size === length && order.every((place) => Number.isInteger(place) && place >= 0 && place < length)
  );
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw new TypeError(
    `The ${what} of a list is a whole number, not ${typeof value === 'number' ? value : typeof value}`,
  );
}
