import { types } from 'node:util';

import { SerializationError } from '../support/errors.ts';
import { errorForm, isError } from './error-form.ts';
import { DATA, KIND, type Body, type Head } from './message-format.ts';
import { putOwn } from './own-property.ts';
import { CodeLowering } from './functions/code-lowering.ts';
import type { AnyFunction } from './reference.ts';
import { isClassThatTravels, targetOf, whyNoReference } from './references.ts';
import { hasOnlyPrimitives } from './primitive-array.ts';
import { CannotTravel, classOf, isBuiltinPrototype, isObjectPrototype, whyNoInstance, whyRefused } from './refusals.ts';
import { type BufferCarrier, sharedBufferProtocol } from './shared-views.ts';
import { lateTypeOf, typeOfPrototype, type TypeEntry } from './type-registry.ts';
import { ValuePath } from './value-path.ts';
import { copyOfView, viewKind, viewLength } from './view-kinds.ts';

/** What an instance arrives with: the number of its class, null, or undefined for what V8 would give it. */
type Prototype = number | null | undefined;

const mapForEach = Map.prototype.forEach;
const setForEach = Set.prototype.forEach;

/**
 * Copies a message for V8's serializer: in the copy, placeholders stand for all that structured clone does not carry,
 * and that is taken apart into heads and bodies (message-format.ts). Placeholders are told by identity, so nothing in a
 * message can pass for one. Leaves and arrays of primitives are not copied.
 */
export class Lowering {
  readonly heads: Head[] = [];
  readonly bodies: Body[] = [];
  readonly modules: string[] = [];
  /** The number of the special object that a placeholder stands for. */
  readonly placeholders: Map<object, number> = new Map<object, number>();
  /** The ordinary buffers that stand in the message themselves, not only behind a view. */
  readonly buffers: Set<unknown> = new Set<unknown>();
  /** Where it is, for errors. */
  readonly path: ValuePath = new ValuePath();
  /** What stands for a value: a copy, a placeholder or the value itself. */
  readonly #known = new Map<unknown, unknown>();
  /** Special objects that will exist for the receiver only after what is being lowered. */
  readonly #unfinished = new Set<unknown>();
  readonly #allowsCode: boolean;
  readonly #dataOnly: boolean;
  readonly #code: CodeLowering;

  readonly #carrier: BufferCarrier | undefined;

  /**
   * @param what - names the value in errors
   * @param options.code - whether functions may travel by value; default true
   * @param options.carrier - takes large buffers, if they need not travel in the message
   * @param options.dataOnly - whether all must be in the message itself; default false
   */
  constructor(
    what: string,
    {
      code = true,
      carrier,
      dataOnly = false,
    }: { readonly code?: boolean; readonly carrier?: BufferCarrier; readonly dataOnly?: boolean } = {},
  ) {
    this.#allowsCode = code && !dataOnly;
    this.#dataOnly = dataOnly;
    this.#carrier = carrier;
    this.path.root = what;
    this.#code = new CodeLowering({
      path: this.path,
      lower: (value) => this.lower(value),
      special: (value, head) => this.#keep(value, this.#special(head)),
      number: (placeholder) => this.#number(placeholder),
      module: (url) => void this.#module(url),
      give: (placeholder, contents) => void this.#give(placeholder, contents),
      fail: (reason) => this.#fail(reason),
    });
  }

  /** Lowers what the functions hold that travel by value: when the value itself is done. */
  finish(): void {
    this.#code.finish();
  }

  /** @throws SerializationError when something in the value cannot travel, with its place; whatever an accessor throws. */
  lower(value: unknown): unknown {
    const type = typeof value;
    if ((type !== 'object' || value === null) && type !== 'function' && type !== 'symbol') return value;
    const known = this.#known.get(value);
    if (known === undefined) {
      if (type === 'function') return this.#function(value as AnyFunction);
      return type === 'symbol' ? this.#symbol(value as symbol) : this.#object(value as object);
    }
    if (this.#unfinished.has(known)) this.#fail('its encoded form contains the object itself.');
    return known;
  }

  #object(value: object): unknown {
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype) return this.#plain(value, undefined);
    if (prototype === null) return this.#plain(value, null);
    if (prototype === Array.prototype && Array.isArray(value)) return this.#array(value, undefined);
    const entry = typeOfPrototype(prototype) ?? lateTypeOf(value);
    if (entry !== undefined) return this.#registered(value, entry);
    const refused = whyRefused(value);
    if (refused !== undefined) this.#fail(refused);
    if (isError(value)) return this.#error(value);
    const Class = this.#classOf(prototype);
    if (Array.isArray(value)) return this.#array(value, Class);
    if (types.isMap(value)) return this.#map(value, Class);
    if (types.isSet(value)) return this.#set(value, Class);
    const base = this.#builtin(value);
    if (base !== undefined) return Class === undefined ? this.#keep(value, base) : this.#extended(value, Class, base);
    if (Class === undefined && !isObjectPrototype(prototype)) this.#fail(whyNoInstance(prototype));
    return this.#plain(value, Class);
  }

  /** The class of an instance, as the number of a reference; undefined when it is a built-in one. */
  #classOf(prototype: object): number | undefined {
    if (isBuiltinPrototype(prototype)) return undefined;
    const Class = classOf(prototype);
    if (Class === undefined || !isClassThatTravels(Class, this.#allowsCode)) this.#fail(whyNoInstance(prototype));
    return this.#number(this.lower(Class));
  }

  /** What V8 writes, or a placeholder, for an object that is more than its properties. */
  #builtin(value: object): object | undefined {
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (types.isArrayBuffer(value)) return this.#buffer(value);
    if (types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)) return value;
    if (value instanceof URL) return this.#special([KIND.url, value.href]);
    if (value instanceof URLSearchParams) {
      return this.#special([KIND.searchParams, URLSearchParams.prototype.toString.call(value)]);
    }
    return undefined;
  }

  #view(view: ArrayBufferView): object {
    const { buffer, byteOffset, byteLength } = view;
    if (sharedBufferProtocol(buffer) !== undefined) {
      if (this.#dataOnly) return this.#keep(view, copyOfView(view));
      return this.#viewOn(this.lower(buffer), view, byteOffset);
    }
    if (byteLength < (this.#carrier?.minBytes ?? Infinity)) return view;
    const isWhole = byteLength === buffer.byteLength || this.#known.has(buffer);
    if (isWhole) return this.#viewOn(this.lower(buffer), view, byteOffset);
    // As in MessageWriter: what the view does not show is no business of the message.
    return this.#viewOn(this.#carried(buffer as ArrayBuffer, byteOffset, byteLength), view, 0);
  }

  #viewOn(buffer: unknown, view: ArrayBufferView, byteOffset: number): object {
    return this.#give(this.#special([KIND.sharedView, viewKind(view), byteOffset, viewLength(view)]), buffer);
  }

  #carried(buffer: ArrayBuffer, byteOffset: number, byteLength: number): object {
    return this.#give(this.#special([KIND.carriedBuffer]), this.#carrier?.carry(buffer, byteOffset, byteLength));
  }

  #buffer(buffer: ArrayBuffer): object {
    const protocol = sharedBufferProtocol(buffer);
    if (protocol !== undefined && this.#dataOnly) return this.#keep(buffer, buffer.slice(0));
    if (protocol !== undefined) {
      return this.#late(buffer, [KIND.sharedBuffer], protocol.module, () => protocol.share());
    }
    if (buffer.byteLength >= (this.#carrier?.minBytes ?? Infinity)) return this.#carried(buffer, 0, buffer.byteLength);
    this.buffers.add(buffer);
    return buffer;
  }

  #registered(value: object, entry: TypeEntry): object {
    const kind = entry.kind === 'shareable' ? KIND.shareable : KIND.custom;
    return this.#late(value, [kind, entry.name], entry.module, () => entry.write(value as never));
  }

  #function(fn: AnyFunction): object {
    const target = targetOf(fn);
    if (target.kind === 'reference') {
      const { module, name } = target.reference;
      return this.#keep(fn, this.#special([KIND.reference, this.#module(module), name]));
    }
    if (this.#allowsCode && target.kind === 'code') return this.#code.lower(fn, target.code);
    if (this.#allowsCode && target.kind === 'bound') {
      const { target: bound, boundThis, boundArgs } = target.parts;
      return this.#late(fn, [KIND.bound], undefined, () => [bound, boundThis, boundArgs]);
    }
    const name = fn.name === '' ? 'the function' : `'${fn.name}'`;
    const { reason, remedy } = whyNoReference(target);
    this.#fail(`${name}: ${reason}. To send it, ${remedy}.`);
  }

  #symbol(symbol: symbol): object {
    const key = Symbol.keyFor(symbol);
    if (key === undefined) {
      this.#fail(`${String(symbol)} exists in this process only. Symbol.for(name) gives symbols that can travel.`);
    }
    return this.#keep(symbol, this.#special([KIND.symbol, key]));
  }

  #plain(value: object, prototype: Prototype): object {
    const keys = Object.keys(value);
    const values = this.#read(value, keys);
    const copy = {};
    const stand = this.#standIn(value, copy, prototype, values, KIND.object);
    this.#lowerProperties(copy, value, keys, values);
    return stand === copy ? copy : this.#give(stand, copy);
  }

  #array(value: readonly unknown[], prototype: Prototype): object {
    if (prototype === undefined && !types.isProxy(value) && hasOnlyPrimitives(value)) return this.#keep(value, value);
    const keys = Object.keys(value);
    const values = this.#read(value, keys);
    const copy: unknown[] = [];
    const stand = this.#standIn(value, copy, prototype, values, KIND.array);
    this.#lowerProperties(copy, value, keys, values);
    if (copy.length !== value.length) copy.length = value.length;
    return stand === copy ? copy : this.#give(stand, copy);
  }

  #map(value: Map<unknown, unknown>, prototype: Prototype): object {
    const flat: unknown[] = [];
    mapForEach.call(value, (entry, key) => flat.push(key, entry));
    const copy = new Map<unknown, unknown>();
    const stand = this.#standIn(value, copy, prototype, flat, KIND.map);
    const lowered = this.#lowerEntries(value, flat, 2);
    if (stand !== copy) return this.#give(stand, [lowered, this.#ownProperties(value)]);
    for (let i = 0; i < lowered.length; i += 2) copy.set(lowered[i], lowered[i + 1]);
    return copy;
  }

  #set(value: Set<unknown>, prototype: Prototype): object {
    const values: unknown[] = [];
    setForEach.call(value, (entry) => values.push(entry));
    const copy = new Set<unknown>();
    const stand = this.#standIn(value, copy, prototype, values, KIND.set);
    const lowered = this.#lowerEntries(value, values, 1);
    if (stand !== copy) return this.#give(stand, [lowered, this.#ownProperties(value)]);
    for (const entry of lowered) copy.add(entry);
    return copy;
  }

  #error(error: Error): object {
    const { Class, visible, hidden } = errorForm(error, this.#allowsCode);
    const head: unknown[] = [typeof Class === 'string' ? Class : this.#number(this.lower(Class))];
    if (error instanceof DOMException) head.push(error.message, error.name);
    const placeholder = this.#special([KIND.error, ...head]);
    this.#known.set(error, placeholder);
    return this.#give(placeholder, [this.#ownProperties(error, visible), this.#ownProperties(error, hidden)]);
  }

  /** An instance of a class that extends a built-in one. */
  #extended(value: object, Class: number, base: object): object {
    const placeholder = this.#special([KIND.builtin, Class]);
    this.#known.set(value, placeholder);
    this.#give(placeholder, base);
    const indexed = ArrayBuffer.isView(value) || types.isStringObject(value);
    const keys = indexed ? Object.keys(value).filter((key) => !/^\d+$/.test(key)) : Object.keys(value);
    return this.#give(placeholder, this.#ownProperties(value, keys));
  }

  /** An object that exists for the receiver once all of its contents do. */
  #late(value: object, head: Head, module: string | undefined, contents: () => unknown): object {
    if (module !== undefined) this.#module(module);
    const placeholder = this.#special(head);
    this.#known.set(value, placeholder);
    this.#unfinished.add(placeholder);
    const lowered = this.lower(this.#contents(contents));
    this.#unfinished.delete(placeholder);
    return this.#give(placeholder, lowered);
  }

  #contents(contents: () => unknown): unknown {
    try {
      return contents();
    } catch (error) {
      if (error instanceof CannotTravel) this.#fail(error.message);
      throw error;
    }
  }

  /** What stands for a container: the copy, if V8 can carry that, a placeholder otherwise. Known before its contents. */
  #standIn(value: object, copy: object, prototype: Prototype, values: readonly unknown[], kind: number): object {
    const usual = prototype === undefined && !values.some((entry) => typeof entry === 'symbol');
    return this.#keep(value, usual ? copy : this.#special([kind, prototype]));
  }

  #keep<T extends object>(value: unknown, stand: T): T {
    this.#known.set(value, stand);
    return stand;
  }

  #special(head: Head): object {
    if (this.#dataOnly && !DATA.has(head[0])) {
      this.#fail(
        'only data travels over a network, no functions, classes, shared objects or instances. Send what it holds.',
      );
    }
    const placeholder = new Uint8Array(0);
    this.placeholders.set(placeholder, this.heads.push(head) - 1);
    return placeholder;
  }

  #give(placeholder: object, contents: unknown): object {
    this.bodies.push({ number: this.#number(placeholder), contents });
    return placeholder;
  }

  #number(placeholder: unknown): number {
    return this.placeholders.get(placeholder as object) ?? -1;
  }

  #module(url: string): number {
    const index = this.modules.indexOf(url);
    return index < 0 ? this.modules.push(url) - 1 : index;
  }

  #ownProperties(value: object, keys: readonly string[] = Object.keys(value)): object {
    const copy = {};
    this.#lowerProperties(copy, value, keys, this.#read(value, keys));
    return copy;
  }

  /** Reads each property once: an accessor may give something else the next time. */
  #read(value: object, keys: readonly string[]): unknown[] {
    this.path.enter(value);
    const values = keys.map((key) => {
      this.path.at(key);
      return (value as Record<string, unknown>)[key];
    });
    this.path.leave();
    return values;
  }

  #lowerProperties(copy: object, value: object, keys: readonly string[], values: readonly unknown[]): void {
    this.path.enter(value);
    for (const [i, key] of keys.entries()) {
      this.path.at(key);
      putOwn(copy, key, this.lower(values[i]));
    }
    this.path.leave();
  }

  #lowerEntries(value: object, flat: readonly unknown[], width: number): unknown[] {
    this.path.enter(value);
    const lowered = flat.map((entry, i) => {
      this.path.at(Math.floor(i / width));
      return this.lower(entry);
    });
    this.path.leave();
    return lowered;
  }

  #fail(reason: string): never {
    throw new SerializationError(`${this.path.toString()} cannot travel to another process: ${reason}`);
  }
}
