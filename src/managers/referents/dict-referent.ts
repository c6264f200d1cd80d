import { putOwn } from '../../reduction/own-property.ts';
import { MapStore, ObjectStore } from './dict-store.ts';
import type { DictStore, Key } from './dict-store.ts';
import { checkMark, isMarked, markOf, Referent } from './referent.ts';
import type { Mark } from './referent.ts';
import { snapshot } from './snapshot.ts';

const METHODS: ReadonlySet<string> = new Set([
  ...['get', 'set', 'has', 'delete', 'keys', 'values', 'items', 'size', 'clear', 'copy', 'toJSON'],
  ...['pop', 'popitem', 'setdefault', 'update', 'look', 'exchange'],
]);

/** A dict: a Map, or a plain object that is nested in another container. */
export class DictReferent extends Referent {
  readonly kind = 'dict';
  readonly value: Map<Key, unknown> | Record<string, unknown>;
  protected readonly exposed: ReadonlySet<string> = METHODS;
  readonly #store: DictStore;
  readonly #live: (value: unknown) => unknown;

  constructor(value: Map<Key, unknown> | Record<string, unknown>, live: (value: unknown) => unknown) {
    super();
    this.value = value;
    this.#store = value instanceof Map ? new MapStore(value) : new ObjectStore(value);
    this.#live = live;
  }

  get(key: unknown, missing?: unknown): unknown {
    checkKey(key);
    return this.#store.has(key) ? this.#live(this.#store.get(key)) : missing;
  }

  set(key: unknown, value: unknown): void {
    checkKey(key);
    this.#store.set(key, value);
  }

  has(key: unknown): boolean {
    checkKey(key);
    return this.#store.has(key);
  }

  delete(key: unknown): boolean {
    checkKey(key);
    return this.#store.delete(key);
  }

  keys(): Key[] {
    return Array.from(this.#store.entries(), ([key]) => key);
  }

  values(): unknown[] {
    return Array.from(this.#store.entries(), ([, value]) => this.#live(value));
  }

  items(): [Key, unknown][] {
    return Array.from(this.#store.entries(), ([key, value]) => [key, this.#live(value)]);
  }

  size(): number {
    return this.#store.size;
  }

  clear(): void {
    this.#store.clear();
  }

  copy(): Record<string, unknown> {
    const copy = {};
    for (const [key, value] of this.#store.entries()) putOwn(copy, String(key), this.#live(value));
    return copy;
  }

  toJSON(): unknown {
    return snapshot(this.value);
  }

  /** @throws RangeError when there is no such key, and nothing was given to return then */
  pop(key: unknown, ...missing: readonly unknown[]): unknown {
    checkKey(key);
    if (!this.#store.has(key)) {
      if (missing.length > 0) return missing[0];
      throw new RangeError(`The dict has no key ${JSON.stringify(key)} to pop`);
    }
    const value = this.#live(this.#store.get(key));
    this.#store.delete(key);
    return value;
  }

  /** The entry that was set last. */
  popitem(): [Key, unknown] {
    const last = [...this.#store.entries()].at(-1);
    if (last === undefined) throw new RangeError('The dict is empty: there is no item to pop');
    this.#store.delete(last[0]);
    return [last[0], this.#live(last[1])];
  }

  setdefault(key: unknown, value?: unknown): unknown {
    checkKey(key);
    if (!this.#store.has(key)) this.#store.set(key, value);
    return this.#live(this.#store.get(key));
  }

  /** Sets all of these, as one change. */
  update(entries: unknown): void {
    for (const [key, value] of entriesOf(entries)) this.#store.set(key, value);
  }

  /** What is there, and the mark for `exchange`. */
  look(key: unknown): [unknown, Mark] {
    checkKey(key);
    const value = this.#store.get(key);
    return [this.#live(value), markOf(value)];
  }

  /** Sets it, if what is there still is what was marked. */
  exchange(key: unknown, value: unknown, mark: unknown): boolean {
    checkKey(key);
    checkMark(mark);
    if (!isMarked(this.#store.get(key), mark)) return false;
    this.#store.set(key, value);
    return true;
  }
}

/**
 * The entries of what a dict can be made of: an object, a Map, or a list of pairs.
 * @throws TypeError
 */
export function entriesOf(value: unknown): [Key, unknown][] {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`A dict is made of an object, a Map or a list of pairs, not of ${describe(value)}`);
  }
  if (!(Symbol.iterator in value)) return Object.entries(value);
  return Array.from(value as Iterable<unknown>, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) throw new TypeError('A dict is made of pairs: [key, value]');
    checkKey(pair[0]);
    return [pair[0], pair[1]];
  });
}

function checkKey(key: unknown): asserts key is Key {
  if (typeof key === 'string' || (typeof key === 'number' && !Number.isNaN(key))) return;
  throw new TypeError(`The keys of a dict are strings and numbers, not ${describe(key)}`);
}

function describe(value: unknown): string {
  return value === null ? 'null' : typeof value === 'number' ? String(value) : typeof value;
}
