import { BaseProxy, printReferent } from './base-proxy.ts';
import { exchange, exchangeSync } from './exchange.ts';
import { withIndices } from './index-handler.ts';
import { promised } from './promised.ts';
import type { OwnMethods, Promised } from './promised.ts';
import { addReadingMethods } from './reading-methods.ts';
import { remoteOf, type RemoteObject } from './remote-object.ts';

type Compare<T> = (one: T, other: T) => number;

/** The methods of a list at a manager. Indices that are negative count from the end, where they are arguments. */
class ListMethods<T> extends BaseProxy {
  static {
    printReferent(this, 'ListProxy');
    addReadingMethods(this);
  }

  /** The promise form: `await list.$.push(1)`. */
  get $(): Promised<Pick<ListMethods<T>, Exclude<keyof ListMethods<T>, '$'>>> & { size(): Promise<number> } {
    return promised(remoteOf(this), OWN) as never;
  }

  at(index: number): T | undefined {
    return remoteOf(this).callSync('at', index) as T | undefined;
  }

  /** @throws RangeError when there is no such item, and it is not the next one */
  set(index: number, item: T): void {
    remoteOf(this).callSync('set', index, item);
  }

  /** Returns the length after it. */
  push(...items: T[]): number {
    return remoteOf(this).callSync('push', ...items) as number;
  }

  append(item: T): void {
    remoteOf(this).callSync('append', item);
  }

  /** Appends all of them as one step. */
  extend(items: Iterable<T>): void {
    remoteOf(this).callSync('extend', items instanceof BaseProxy ? items : Array.from(items));
  }

  insert(index: number, item: T): void {
    remoteOf(this).callSync('insert', index, item);
  }

  /**
   * Takes an item out: the last one, or the one at an index.
   * @returns undefined when the list is empty
   * @throws RangeError when there is none at that index
   */
  pop(index?: number): T | undefined {
    return remoteOf(this).callSync('pop', index) as T | undefined;
  }

  shift(): T | undefined {
    return remoteOf(this).callSync('shift') as T | undefined;
  }

  unshift(...items: T[]): number {
    return remoteOf(this).callSync('unshift', ...items) as number;
  }

  /** As for arrays. */
  splice(...args: [start: number, deleteCount?: number, ...items: T[]]): T[] {
    return remoteOf(this).callSync('splice', ...args) as T[];
  }

  /** Takes the first item out that is this one. @throws RangeError when there is none */
  remove(item: T): void {
    remoteOf(this).callSync('remove', item);
  }

  /** Where the first such item is. @throws RangeError when there is none */
  index(item: T): number {
    return remoteOf(this).callSync('index', item) as number;
  }

  /** How many such items there are. */
  count(item: T): number {
    return remoteOf(this).callSync('count', item) as number;
  }

  reverse(): this {
    remoteOf(this).callSync('reverse');
    return this;
  }

  /** Puts the items in order as one step; `compare` is called in this process. */
  sort(compare?: Compare<T>): this {
    const remote = remoteOf(this);
    for (;;) {
      const [items, marks] = remote.callSync('look') as [T[], unknown];
      if (remote.callSync('arrange', orderOf(items, compare), marks) === true) return this;
    }
  }

  fill(item: T, start?: number, end?: number): this {
    remoteOf(this).callSync('fill', item, start, end);
    return this;
  }

  copyWithin(target: number, start: number, end?: number): this {
    remoteOf(this).callSync('copyWithin', target, start, end);
    return this;
  }

  clear(): void {
    remoteOf(this).callSync('clear');
  }

  slice(start?: number, end?: number): T[] {
    return remoteOf(this).callSync('slice', start, end) as T[];
  }

  /** The items as an array of this process; what is nested in them stays where it is. */
  copy(): T[] {
    return remoteOf(this).callSync('copy') as T[];
  }

  /**
   * Changes one item as one step, and returns what it is now. The function is called in this process, and again when somebody
   * else has changed the item meanwhile.
   * @throws RangeError when there is no such item
   */
  update(index: number, change: (item: T) => T): T {
    return exchangeSync(remoteOf(this), [index], change as (value: never) => unknown) as T;
  }

  /** All of it, at any depth, as plain objects and arrays of this process. */
  toJSON(): unknown[] {
    return remoteOf(this).callSync('toJSON') as unknown[];
  }

  /** The items that there are when it begins. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    yield* this.copy();
  }
}

const OWN: OwnMethods = {
  update: (remote, index: number, change: (item: never) => unknown) => exchange(remote, [index], change),
  extend: (remote, items: Iterable<unknown>) =>
    remote.call('extend', items instanceof BaseProxy ? items : Array.from(items)),
  async sort(remote, compare?: Compare<unknown>) {
    for (;;) {
      const [items, marks] = (await remote.call('look')) as [unknown[], unknown];
      if ((await remote.call('arrange', orderOf(items, compare), marks)) === true) return undefined;
    }
  },
  close: async (remote) => remote.close(),
};

/** For each place the place that its item comes from. */
function orderOf<T>(items: readonly T[], compare: Compare<T> | undefined): number[] {
  const pairs = items.map((item, place) => ({ item, place }));
  const order = compare === undefined ? byText<T> : compare;
  return pairs.sort((one, other) => order(one.item, other.item)).map(({ place }) => place);
}

/** As arrays are sorted: by the texts of the items, and what is undefined at the end. */
function byText<T>(one: T, other: T): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  const [text, otherText] = [String(one), String(other)];
  return text < otherText ? -1 : text > otherText ? 1 : 0;
}

/**
 * A list at a manager: like an array, with Python's methods besides. `list[0] = 1` and `list.push(2)` are seen by all, and what is
 * nested in it is shared in the same way. Methods that only read work on a copy of what there is when they are called.
 */
export type ListProxy<T = unknown> = ListMethods<T> & Omit<T[], keyof ListMethods<T>> & { [index: number]: T };

export function makeListProxy(remote: RemoteObject): object {
  return withIndices(ListMethods.prototype, remote);
}
