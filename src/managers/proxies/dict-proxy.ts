import { BaseProxy, printReferent } from './base-proxy.ts';
import { withEntries } from './entry-handler.ts';
import { exchange, exchangeSync } from './exchange.ts';
import { promised } from './promised.ts';
import type { OwnMethods, Promised } from './promised.ts';
import { remoteOf, type RemoteObject } from './remote-object.ts';

/** What a dict can be made of. */
export type Entries<V> = Readonly<Record<string, V>> | Iterable<readonly [string | number, V]>;

/** What an update changes an entry by: it gives the new value for the one that is there, or undefined. */
type Change<V> = (value: V | undefined) => V;

/**
 * The methods of a dict at a manager. Keys are strings and numbers, where 1 and '1' are the same key, as in an object. All
 * methods block the thread until the manager has answered; `$` has their promise form.
 */
class DictMethods<V> extends BaseProxy {
  static {
    printReferent(this, 'DictProxy');
  }

  /** The promise form: `await dict.$.get('a')`. */
  get $(): Promised<Pick<DictMethods<V>, Exclude<keyof DictMethods<V>, '$'>>> & { size(): Promise<number> } {
    return promised(remoteOf(this), OWN) as never;
  }

  /** How many entries there are. */
  get size(): number {
    return remoteOf(this).callSync('size') as number;
  }

  /** @param missing what is returned when there is no such key */
  get(key: string | number, missing?: V): V | undefined {
    return remoteOf(this).callSync('get', key, missing) as V | undefined;
  }

  set(key: string | number, value: V): this {
    remoteOf(this).callSync('set', key, value);
    return this;
  }

  has(key: string | number): boolean {
    return remoteOf(this).callSync('has', key) as boolean;
  }

  /** Whether there was such a key. */
  delete(key: string | number): boolean {
    return remoteOf(this).callSync('delete', key) as boolean;
  }

  keys(): (string | number)[] {
    return remoteOf(this).callSync('keys') as (string | number)[];
  }

  values(): V[] {
    return remoteOf(this).callSync('values') as V[];
  }

  /** Keys with values. */
  items(): [string | number, V][] {
    return remoteOf(this).callSync('items') as [string | number, V][];
  }

  /** The same as `items`, as a Map calls it. */
  entries(): [string | number, V][] {
    return this.items();
  }

  /** Takes an entry out. @throws RangeError when there is no such key, and no `missing` was given to return then */
  pop(key: string | number, ...missing: [missing?: V]): V {
    return remoteOf(this).callSync('pop', key, ...missing) as V;
  }

  /** Takes the entry out that was added last. @throws RangeError when there is none */
  popitem(): [string | number, V] {
    return remoteOf(this).callSync('popitem') as [string | number, V];
  }

  /** What is there; the given value, which is set, when nothing is. */
  setdefault(key: string | number, value: V): V {
    return remoteOf(this).callSync('setdefault', key, value) as V;
  }

  /** Sets all of these as one step. */
  update(entries: Entries<V>): void;
  /**
   * Changes one entry as one step, and returns what it is now. The function is called in this process, and again when somebody
   * else has changed the entry meanwhile.
   */
  update(key: string | number, change: Change<V>): V;
  update(...args: [Entries<V>] | [string | number, Change<V>]): unknown {
    if (args.length === 1) return void remoteOf(this).callSync('update', sendable(args[0]));
    return exchangeSync(remoteOf(this), [args[0]], args[1] as (value: never) => unknown);
  }

  clear(): void {
    remoteOf(this).callSync('clear');
  }

  /** The entries as an object of this process; what is nested in them stays where it is. */
  copy(): Record<string, V> {
    return remoteOf(this).callSync('copy') as Record<string, V>;
  }

  /** All of it, at any depth, as plain objects and arrays of this process. */
  toJSON(): Record<string, unknown> {
    return remoteOf(this).callSync('toJSON') as Record<string, unknown>;
  }

  /** Calls a function for each entry that there is now. */
  forEach(callback: (value: V, key: string | number) => void): void {
    for (const [key, value] of this.items()) callback(value, key);
  }

  /** The entries that there are when it begins, as `[key, value]`. */
  *[Symbol.iterator](): Generator<[string | number, V], void, undefined> {
    yield* this.items();
  }
}

const OWN: OwnMethods = {
  entries: (remote) => remote.call('items'),
  update: (remote, first: unknown, ...change: ((value: never) => unknown)[]) =>
    change[0] === undefined ? remote.call('update', sendable(first)) : exchange(remote, [first], change[0]),
  close: async (remote) => remote.close(),
};

/** Iterators cannot travel, but lists of pairs can. */
function sendable(entries: unknown): unknown {
  const isIterable = typeof entries === 'object' && entries !== null && Symbol.iterator in entries;
  return isIterable && !(entries instanceof BaseProxy) ? Array.from(entries as Iterable<unknown>) : entries;
}

/**
 * A dict at a manager: like a Map and like an object, `dict.get('a')` and `dict.a`. Its methods win over entries of the same name.
 * What is nested in it is shared in the same way: `dict.a.push(1)` is seen by all.
 */
export type DictProxy<V = unknown> = DictMethods<V> & { [key: string]: V };

export function makeDictProxy(remote: RemoteObject): object {
  return withEntries(new DictMethods(), remote);
}
