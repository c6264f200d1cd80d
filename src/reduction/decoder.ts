import { SerializationError } from '../support/errors.ts';
import { readBuiltin, type Construct } from './builtin-readers.ts';
import { ByteReader, damaged } from './byte-reader.ts';
import { exportOf } from './module-table.ts';
import { readError } from './error-reader.ts';
import type { AnyFunction } from './reference.ts';
import { attachSharedBuffer } from './shared-views.ts';
import { typeNamed, type TypeEntry } from './type-registry.ts';
import type { ValueReader } from './value-reader.ts';
import {
  FLAG_MODULES,
  FLAG_REFERENCES,
  SHORT_ARRAY,
  SHORT_OBJECT,
  SHORT_TEXT,
  TAG,
  VERSION_MASK,
  WIRE_VERSION,
} from './wire.ts';

/** Stands for an object that does not exist before all of its data has been read. */
const UNFINISHED: unique symbol = Symbol('unfinished');

const NOTHING: Uint8Array = new Uint8Array(0);

/** Reads messages; one at a time. */
export class Decoder extends ByteReader implements ValueReader {
  #objects: unknown[] | undefined;
  #modules: readonly string[] = [];

  /** @throws SerializationError when the message is damaged or refers to what this process does not have. */
  message(bytes: Uint8Array): unknown {
    this.#modules = this.open(bytes);
    try {
      const value = this.read();
      if (this.position !== this.end) throw damaged('it goes on behind its value');
      return value;
    } catch (error) {
      throw explained(error);
    } finally {
      this.bytes = NOTHING;
      this.#objects = undefined;
    }
  }

  /** Checks the head of a message and reads its table of modules. */
  open(bytes: Uint8Array): readonly string[] {
    if (!(bytes instanceof Uint8Array))
      throw new TypeError(`A message is a Uint8Array, not ${bytes === null ? 'null' : typeof bytes}.`);
    this.bytes = bytes;
    this.position = 0;
    this.end = bytes.length;
    const head = this.byte();
    if ((head & VERSION_MASK) !== WIRE_VERSION) {
      throw new SerializationError(
        `The message has the format ${head & VERSION_MASK}, but this process reads format ${WIRE_VERSION}: both sides need the same version of forkless.`,
      );
    }
    this.#objects = (head & FLAG_REFERENCES) === 0 ? undefined : [];
    return (head & FLAG_MODULES) === 0 ? [] : this.#readModules();
  }

  read(): unknown {
    return this.readTagged(this.byte());
  }

  readTagged(tag: number): unknown {
    if (tag < SHORT_TEXT) return tag;
    if (tag < SHORT_OBJECT) return this.textAfter(tag);
    if (tag < SHORT_ARRAY) return this.#properties(this.#begin({}), tag - SHORT_OBJECT);
    if (tag < TAG.null) return this.#elements(this.#begin([]), tag - SHORT_ARRAY);
    switch (tag) {
      case TAG.null:
        return null;
      case TAG.undefined:
        return undefined;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.int8:
        return (this.byte() << 24) >> 24;
      case TAG.int16:
        return this.int16();
      case TAG.int32:
        return this.int32();
      case TAG.float64:
        return this.float64();
      case TAG.bigint:
        return this.bigint();
      case TAG.latin1:
      case TAG.utf16:
        return this.textAfter(tag);
      case TAG.symbol:
        return Symbol.for(this.text());
      case TAG.object:
        return this.#properties(this.#begin({}), this.count());
      case TAG.nullObject:
        return this.#properties(this.#begin(Object.create(null) as object), this.count());
      case TAG.array:
        return this.#elements(this.#begin([]), this.varint());
      case TAG.backReference:
        return this.#backReference();
      case TAG.reference:
        return this.#reference();
      case TAG.shareable:
        return this.#registered('shareable');
      case TAG.custom:
        return this.#registered('custom');
      case TAG.sharedBuffer:
        return this.late(() => attachSharedBuffer(this.read()));
      case TAG.error:
        return readError(this);
      case TAG.instance:
        return this.#instance();
      default:
        return readBuiltin(this, tag, undefined);
    }
  }

  /** Gives an object its number; what refers to it from inside finds it. */
  #begin<T>(object: T): T {
    this.#objects?.push(object);
    return object;
  }

  begin<T extends object>(object: T): T {
    return this.#begin(object);
  }

  reserve(): number {
    return this.#objects === undefined ? -1 : this.#objects.push(UNFINISHED) - 1;
  }

  fulfil(number: number, object: unknown): void {
    if (this.#objects !== undefined) this.#objects[number] = object;
  }

  late<T>(make: () => T): T {
    const number = this.reserve();
    const value = make();
    this.fulfil(number, value);
    return value;
  }

  #properties(target: object, count: number): object {
    const properties = target as Record<string, unknown>;
    for (let i = 0; i < count; i++) {
      const key = this.key();
      // Assigned, it would set the prototype.
      if (key === '__proto__') define(target, key, this.read());
      else properties[key] = this.read();
    }
    return target;
  }

  elements(target: unknown[], length: number): unknown[] {
    return this.#elements(target, length);
  }

  #elements(target: unknown[], length: number): unknown[] {
    for (let i = 0; i < length; i++) {
      const tag = this.byte();
      if (tag === TAG.sparse) {
        target.length = length;
        for (let count = this.count(); count > 0; count--) target[this.#index(length)] = this.read();
        return target;
      }
      // Pushed, so that a message that lies about its length takes no memory, and so that the array has no holes.
      target.push(this.readTagged(tag));
    }
    return target;
  }

  #index(length: number): number {
    const index = this.varint();
    if (index >= length) throw damaged('an index lies outside of its array');
    return index;
  }

  #backReference(): unknown {
    const number = this.varint();
    const object = this.#objects?.[number];
    if (object === undefined || object === UNFINISHED) throw damaged(`there is no object number ${number}`);
    return object;
  }

  #reference(): AnyFunction {
    return this.late(() => {
      const module = this.#modules[this.varint()];
      if (module === undefined) throw damaged('it names no module for a function');
      return exportOf({ module, name: this.text() });
    });
  }

  #registered(kind: TypeEntry['kind']): object {
    return this.late(() => {
      const name = this.text();
      const entry = typeNamed(kind, name);
      if (entry === undefined) throw new SerializationError(unknownType(kind, name, this.#modules));
      return entry.read(this.read() as never);
    });
  }

  #instance(): object {
    // The number belongs to the instance, which comes after its class.
    const number = this.reserve();
    const Class = this.read();
    if (typeof Class !== 'function') throw damaged('it names no class for an instance');
    const construct: Construct = (Base, args) => {
      const object = Reflect.construct(Base, args, Class) as object;
      this.fulfil(number, object);
      return object;
    };
    const tag = this.byte();
    const target = tag === TAG.plain ? construct(Object, []) : readBuiltin(this, tag, construct);
    this.#fields(target, this.count());
    return target;
  }

  /** Own fields are defined, not assigned: neither setters of the class nor anything else of it runs. */
  #fields(target: object, count: number): void {
    for (let i = 0; i < count; i++) {
      const key = this.key();
      define(target, key, this.read());
    }
  }

  #readModules(): string[] {
    const end = this.end;
    this.position = end - 4;
    const start = this.int32() >>> 0;
    if (start >= end - 4) throw damaged('its table of modules is missing');
    this.position = start;
    this.end = end - 4;
    const modules: string[] = [];
    for (let count = this.count(); count > 0; count--) modules.push(this.text());
    this.end = start;
    this.position = 1;
    return modules;
  }
}

function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function unknownType(kind: TypeEntry['kind'], name: string, modules: readonly string[]): string {
  const where = modules.length === 0 ? '' : ` (${modules.join(', ')})`;
  return kind === 'shareable'
    ? `This process knows no shared objects of the kind '${name}'. Import 'forkless', or the module that calls registerShareable() for it${where}.`
    : `The type '${name}' is not registered in this process. Import the module that calls registerType() for it${where}.`;
}

function explained(error: unknown): unknown {
  if (error instanceof RangeError && error.message.includes('call stack')) {
    return new SerializationError('The message is nested too deeply.', { cause: error });
  }
  if (error instanceof SerializationError) return error;
  return new SerializationError(
    `The message cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
