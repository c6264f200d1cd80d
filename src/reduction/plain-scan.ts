import { types } from 'node:util';

import { sharedBufferProtocol } from './shared-views.ts';
import { typeOfPrototype } from './type-registry.ts';

const forEachEntry = Map.prototype.forEach;
const forEachValue = Set.prototype.forEach;

const leaves = new Map<object, (value: object) => boolean>([
  [Date.prototype, types.isDate],
  [RegExp.prototype, types.isRegExp],
  [Number.prototype, types.isNumberObject],
  [String.prototype, types.isStringObject],
  [Boolean.prototype, types.isBooleanObject],
  [BigInt.prototype, types.isBigIntObject],
]);

/** Tells whether V8's serializer carries a message by itself, without a loss, and which ordinary buffers are in it. */
export class PlainScan {
  /** The buffers that stand in the message themselves, not only behind a view. */
  readonly buffers: Set<unknown> = new Set<unknown>();
  readonly #seen = new Set<object>();
  readonly #mostBytes: number;

  /** @param mostBytes - of a buffer or what a view shows: more does not travel in the message */
  constructor(mostBytes: number = Infinity) {
    this.#mostBytes = mostBytes;
  }

  accepts(value: unknown): boolean {
    switch (typeof value) {
      case 'object':
        return value === null || this.#seen.has(value) || this.#acceptsObject(value);
      case 'function':
      case 'symbol':
        return false;
      default:
        return true;
    }
  }

  #acceptsObject(value: object): boolean {
    this.#seen.add(value);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype) return this.#acceptsProperties(value, Object.keys(value));
    if (prototype === Array.prototype) return this.#acceptsElements(value as readonly unknown[]);
    // A prototype of null would be lost; a registered class goes its own way.
    if (prototype === null || typeOfPrototype(prototype) !== undefined) return false;
    if (prototype === Map.prototype) return this.#acceptsEntries(value as Map<unknown, unknown>);
    if (prototype === Set.prototype) return this.#acceptsValues(value as Set<unknown>);
    if (ArrayBuffer.isView(value)) {
      return isUsualView(prototype) && isOrdinary(value.buffer) && value.byteLength < this.#mostBytes;
    }
    if (prototype === ArrayBuffer.prototype) {
      const { byteLength } = value as ArrayBuffer;
      return isOrdinary(value) && byteLength < this.#mostBytes && this.buffers.add(value) !== undefined;
    }
    return leaves.get(prototype)?.(value) === true;
  }

  #acceptsProperties(value: object, keys: readonly string[]): boolean {
    for (const key of keys) if (!this.accepts((value as Record<string, unknown>)[key])) return false;
    return true;
  }

  #acceptsElements(value: readonly unknown[]): boolean {
    for (let i = 0; i < value.length; i++) {
      const element = value[i];
      // A hole: there may be very many.
      if (element === undefined && !(i in value)) return this.#acceptsProperties(value, Object.keys(value));
      if (!this.accepts(element)) return false;
    }
    // Without a hole, more values than elements are those of other properties. Values, as keys would make texts of indices.
    return Object.values(value).length === value.length || this.#acceptsProperties(value, Object.keys(value));
  }

  #acceptsEntries(value: Map<unknown, unknown>): boolean {
    let accepted = true;
    forEachEntry.call(value, (entry, key) => {
      accepted = accepted && this.accepts(key) && this.accepts(entry);
    });
    return accepted;
  }

  #acceptsValues(value: Set<unknown>): boolean {
    let accepted = true;
    forEachValue.call(value, (entry) => {
      accepted = accepted && this.accepts(entry);
    });
    return accepted;
  }
}

function isUsualView(prototype: object): boolean {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return prototype === Buffer.prototype || (Class !== undefined && usualViews.has(Class));
}
const usualViews = new Set<unknown>([
  DataView,
  ...Object.getOwnPropertyNames(globalThis)
    .filter((name) => name.endsWith('Array'))
    .map((name) => (globalThis as unknown as Record<string, unknown>)[name]),
]);

function isOrdinary(buffer: object): boolean {
  return types.isArrayBuffer(buffer) && sharedBufferProtocol(buffer) === undefined;
}
