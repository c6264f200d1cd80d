import { SerializationError } from '../support/errors.ts';
import { ByteWriter } from './byte-writer.ts';
import { inspectTarget } from './references.ts';
import type { AnyFunction } from './reference.ts';
import { strategyFor } from './strategies.ts';
import type { ValueWriter } from './value-writer.ts';
import { ValuePath } from './value-path.ts';
import { FLAG_MODULES, FLAG_REFERENCES, SHORT_ARRAY, SHORT_OBJECT, TAG, WIRE_VERSION } from './wire.ts';

/** So many objects are told apart by comparing; beyond it a map takes over. */
const LINEAR_OBJECTS = 8;

/** Writes one value after the other into messages; one message at a time. */
export class Encoder extends ByteWriter implements ValueWriter {
  readonly path: ValuePath = new ValuePath();
  readonly #first: unknown[] = [];
  #ids: Map<unknown, number> | undefined;
  #count = 0;
  #referred = false;
  /** Objects that exist for the receiver only once all of their data has been read: nothing in it can refer to them. */
  #unfinished: number[] = [];
  #modules: string[] = [];

  /** Writes a message; its bytes are `bytes` up to `position` until the next one. Returns the modules it refers to. */
  message(value: unknown, what: string): string[] {
    this.rewind();
    this.path.root = what;
    this.position = 1;
    try {
      this.write(value);
      let head = WIRE_VERSION;
      if (this.#referred) head |= FLAG_REFERENCES;
      if (this.#modules.length > 0) {
        head |= FLAG_MODULES;
        this.#moduleTable();
      }
      this.bytes[0] = head;
      return this.#modules;
    } catch (error) {
      throw this.#explained(error);
    } finally {
      this.#reset();
    }
  }

  /** Writes any value. */
  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.byte(value ? TAG.true : TAG.false);
      case 'object':
        return value === null ? this.byte(TAG.null) : this.#object(value);
      case 'undefined':
        return this.byte(TAG.undefined);
      case 'bigint':
        return this.bigint(value);
      case 'function':
        return this.#function(value as AnyFunction);
      case 'symbol':
        return this.#symbol(value);
    }
  }

  /** Writes the own enumerable properties of an object; `path.enter` has been called for it. */
  properties(value: object, keys: readonly string[]): void {
    const path = this.path;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      path.at(key);
      this.text(key);
      this.write((value as Record<string, unknown>)[key]);
    }
  }

  /** Writes the elements of an array behind its length, holes as holes. */
  elements(value: readonly unknown[], length: number): void {
    const path = this.path;
    for (let i = 0; i < length; i++) {
      const element = value[i];
      path.at(i);
      if (element === undefined && !(i in value)) return this.#sparse(value, i, length);
      this.write(element);
    }
  }

  /** Writes a part of an object that only exists for the receiver once this part has been read. */
  unfinished(data: unknown): void {
    this.#unfinished.push(this.#count - 1);
    this.write(data);
    this.#unfinished.pop();
  }

  /** The number of a module in the message's table. */
  module(url: string): number {
    const index = this.#modules.indexOf(url);
    return index < 0 ? this.#modules.push(url) - 1 : index;
  }

  /** Counts an object that only the receiver will have. */
  skipNumber(): void {
    this.#isKnown({});
  }

  /** Whether an object has been written before in this message. */
  hasSeen(value: unknown): boolean {
    return this.#ids === undefined ? this.#first.includes(value) : this.#ids.has(value);
  }

  /** @throws SerializationError with the place of the value in what was to be sent. */
  fail(reason: string, cause?: unknown): never {
    throw new SerializationError(
      `${this.path.toString()} cannot travel to another process: ${reason}`,
      cause === undefined ? undefined : { cause },
    );
  }

  #object(value: object): void {
    if (this.#isKnown(value)) return;
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype) return this.#plain(value, TAG.object);
    if (Array.isArray(value) && prototype === Array.prototype) return this.#array(value);
    if (prototype === null) return this.#plain(value, TAG.nullObject);
    strategyFor(value, prototype)(this, value);
  }

  /** Writes a plain object of another realm. */
  plain(value: object): void {
    this.#plain(value, TAG.object);
  }

  #plain(value: object, tag: number): void {
    const keys = Object.keys(value);
    if (tag === TAG.object && keys.length < 16) this.byte(SHORT_OBJECT | keys.length);
    else {
      this.byte(tag);
      this.varint(keys.length);
    }
    this.path.enter(value);
    this.properties(value, keys);
    this.path.leave();
  }

  #array(value: readonly unknown[]): void {
    const length = value.length;
    if (length < 16) this.byte(SHORT_ARRAY | length);
    else {
      this.byte(TAG.array);
      this.varint(length);
    }
    this.path.enter(value);
    this.elements(value, length);
    this.path.leave();
  }

  #sparse(value: readonly unknown[], from: number, length: number): void {
    const indexes: number[] = [];
    for (const key of Object.keys(value)) {
      const index = Number(key);
      if (index >= from && index < length && String(index) === key) indexes.push(index);
    }
    this.byte(TAG.sparse);
    this.varint(indexes.length);
    for (const index of indexes) {
      this.path.at(index);
      this.varint(index);
      this.write(value[index]);
    }
  }

  #function(fn: AnyFunction): void {
    if (this.#isKnown(fn)) return;
    const target = inspectTarget(fn);
    if (target.kind === 'none') {
      const name = fn.name === '' ? 'the function' : `'${fn.name}'`;
      this.fail(`${name}: ${target.reason}. To send it, ${target.remedy}.`);
    }
    this.byte(TAG.reference);
    this.varint(this.module(target.reference.module));
    this.text(target.reference.name);
  }

  #symbol(symbol: symbol): void {
    const key = Symbol.keyFor(symbol);
    if (key === undefined)
      this.fail(`${String(symbol)} exists in this process only. Symbol.for(name) gives symbols that can travel.`);
    this.byte(TAG.symbol);
    this.text(key);
  }

  #isKnown(value: unknown): boolean {
    let id: number | undefined;
    if (this.#ids === undefined) {
      const first = this.#first;
      for (let i = 0; i < this.#count; i++) {
        if (first[i] === value) {
          id = i;
          break;
        }
      }
      if (id === undefined) {
        if (this.#count < LINEAR_OBJECTS) first[this.#count++] = value;
        else {
          this.#ids = new Map(first.slice(0, this.#count).map((object, i) => [object, i]));
          this.#ids.set(value, this.#count++);
        }
        return false;
      }
    } else {
      id = this.#ids.get(value);
      if (id === undefined) {
        this.#ids.set(value, this.#count++);
        return false;
      }
    }
    if (this.#unfinished.includes(id)) this.fail('its encoded form contains the object itself.');
    this.#referred = true;
    this.byte(TAG.backReference);
    this.varint(id);
    return true;
  }

  #moduleTable(): void {
    const start = this.position;
    this.varint(this.#modules.length);
    for (const url of this.#modules) this.text(url);
    this.uint32(start);
  }

  #explained(error: unknown): unknown {
    if (error instanceof SerializationError) return error;
    const message = error instanceof Error ? error.message : String(error);
    // The path of an endless nesting would be endless, too.
    if (error instanceof RangeError && message.includes('call stack')) {
      return new SerializationError(`${this.path.root} cannot travel to another process: it is nested too deeply.`, {
        cause: error,
      });
    }
    return new SerializationError(
      `${this.path.toString()} cannot travel to another process: reading it failed (${message}).`,
      { cause: error },
    );
  }

  #reset(): void {
    for (let i = 0; i < this.#first.length; i++) this.#first[i] = undefined;
    this.#count = 0;
    this.#ids = undefined;
    this.#referred = false;
    if (this.#unfinished.length > 0) this.#unfinished = [];
    if (this.#modules.length > 0) this.#modules = [];
    this.path.clear();
  }
}
