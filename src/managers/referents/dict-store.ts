import { putOwn } from '../../reduction/own-property.ts';

/** Keys of dicts. 1 and '1' are the same key, as in a JavaScript object; a Map keeps the one that was there first. */
export type Key = string | number;

/** What keeps the entries of a dict: a Map, or a plain object. */
export interface DictStore {
  readonly size: number;
  has(key: Key): boolean;
  get(key: Key): unknown;
  set(key: Key, value: unknown): void;
  delete(key: Key): boolean;
  clear(): void;
  entries(): Iterable<readonly [Key, unknown]>;
}

const WHOLE_NUMBER = /^(0|-?[1-9]\d{0,15})$/;

/** Entries in the order in which they were set. */
export class MapStore implements DictStore {
  readonly #map: Map<Key, unknown>;

  constructor(map: Map<Key, unknown>) {
    this.#map = map;
  }

  get size(): number {
    return this.#map.size;
  }

  has(key: Key): boolean {
    return this.#map.has(this.#known(key));
  }

  get(key: Key): unknown {
    return this.#map.get(this.#known(key));
  }

  set(key: Key, value: unknown): void {
    this.#map.set(this.#known(key), value);
  }

  delete(key: Key): boolean {
    return this.#map.delete(this.#known(key));
  }

  clear(): void {
    this.#map.clear();
  }

  entries(): Iterable<readonly [Key, unknown]> {
    return this.#map;
  }

  /** The form of the key that is there, if one is. */
  #known(key: Key): Key {
    if (this.#map.has(key)) return key;
    if (typeof key === 'number') return this.#map.has(String(key)) ? String(key) : key;
    return WHOLE_NUMBER.test(key) && this.#map.has(Number(key)) ? Number(key) : key;
  }
}

/** The own properties of an object that somebody has put into a managed container, or that the server's program has. */
export class ObjectStore implements DictStore {
  readonly #object: Record<string, unknown>;

  constructor(object: Record<string, unknown>) {
    this.#object = object;
  }

  get size(): number {
    return Object.keys(this.#object).length;
  }

  has(key: Key): boolean {
    return Object.hasOwn(this.#object, key);
  }

  get(key: Key): unknown {
    return this.has(key) ? this.#object[key] : undefined;
  }

  set(key: Key, value: unknown): void {
    putOwn(this.#object, String(key), value);
  }

  delete(key: Key): boolean {
    return this.has(key) && Reflect.deleteProperty(this.#object, key);
  }

  clear(): void {
    for (const key of Object.keys(this.#object)) Reflect.deleteProperty(this.#object, key);
  }

  entries(): Iterable<readonly [Key, unknown]> {
    return Object.entries(this.#object);
  }
}
