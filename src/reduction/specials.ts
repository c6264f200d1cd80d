import { SerializationError } from '../support/errors.ts';
import { fillError, makeError } from './error-form.ts';
import { CodeReader } from './functions/code-reader.ts';
import { moduleObject } from './functions/module-objects.ts';
import { standardGlobal } from './functions/standard-globals.ts';
import { damaged } from './message-errors.ts';
import { DATA, KIND } from './message-format.ts';
import { exportOf } from './module-table.ts';
import { putOwn } from './own-property.ts';
import type { AnyFunction } from './reference.ts';
import { attachSharedBuffer, unloadBuffer } from './shared-views.ts';
import { typeNamed, type TypeEntry } from './type-registry.ts';
import { makeView } from './view-kinds.ts';

/** Stands for a special object that does not exist before its body has been read. */
const UNFINISHED: unique symbol = Symbol('unfinished');

/** Objects that a message makes and fills. All others were there before, or are complete when they are made. */
const FILLED: ReadonlySet<unknown> = new Set([KIND.object, KIND.array, KIND.map, KIND.set, KIND.builtin, KIND.error]);
/** What an instance of a class that extends a built-in one can be otherwise, when it is special itself. */
const EXTENDED: ReadonlySet<unknown> = new Set([
  KIND.url,
  KIND.searchParams,
  KIND.sharedBuffer,
  KIND.sharedView,
  KIND.carriedBuffer,
]);

/** What may be made of a message. */
export interface Allowed {
  /** Functions by value, which are code. */
  readonly code?: boolean;
  /** Nothing but data. */
  readonly dataOnly?: boolean;
}

/** V8 takes nothing but objects in the place of host objects. */
class SymbolWrapper {
  readonly symbol: symbol;
  constructor(symbol: symbol) {
    this.symbol = symbol;
  }
}

/** What a value means that V8 has read. */
export function unwrapped(value: unknown): unknown {
  return value instanceof SymbolWrapper ? value.symbol : value;
}

/** The special objects of one message that is being read. */
export class Specials {
  readonly #modules: readonly string[];
  readonly #heads: readonly unknown[][];
  readonly #objects: unknown[] = [];
  readonly #code: CodeReader | undefined;

  /**
   * Makes what the heads allow: each object as far as possible, without its contents.
   */
  constructor(heads: unknown, modules: readonly string[], { code = false, dataOnly = false }: Allowed) {
    if (!Array.isArray(heads) || !heads.every((head) => Array.isArray(head)))
      throw damaged('it has no list of objects');
    this.#modules = modules;
    if (dataOnly) for (const [kind] of heads as unknown[][]) if (!DATA.has(kind)) throw noData();
    this.#code = code ? new CodeReader() : undefined;
    this.#heads = heads as unknown[][];
    for (const head of this.#heads) this.#objects.push(this.#begin(head));
  }

  /** @throws SerializationError when it does not exist, or not yet. */
  at(number: number): object {
    const object = this.#objects[number];
    if (object === undefined || object === UNFINISHED) throw damaged(`there is no object number ${number}`);
    return object as object;
  }

  /** Gives an object its contents. */
  complete(number: number, contents: unknown): void {
    const head = this.#heads[number];
    if (head === undefined) throw damaged(`there is no object number ${number}`);
    if (this.#objects[number] === UNFINISHED) this.#objects[number] = this.#make(head, contents);
    else if (head[0] === KIND.code) this.#allowed().fill(number, contents, unwrapped);
    else fill(head[0], this.at(number), contents);
  }

  #begin(head: readonly unknown[]): unknown {
    const [kind, detail, ...more] = head;
    switch (kind) {
      case KIND.reference:
        return exportOf({ module: text(this.#modules[detail as number]), name: text(more[0]) });
      case KIND.code:
        return this.#allowed().begin(this.#objects.length, head.slice(1), (number) => this.#objects[number]);
      case KIND.global:
        this.#allowed();
        return standardGlobal(text(detail)) ?? UNFINISHED;
      case KIND.moduleExports:
        this.#allowed();
        return moduleObject(text(detail), more[0]);
      case KIND.symbol:
        return new SymbolWrapper(Symbol.for(text(detail)));
      case KIND.object:
        if (detail === null) return Object.create(null);
        return detail === undefined ? {} : Object.create(this.#class(detail).prototype as object);
      case KIND.array:
        return this.#ofClass([], detail);
      case KIND.map:
        return this.#ofClass(new Map(), detail);
      case KIND.set:
        return this.#ofClass(new Set(), detail);
      case KIND.error:
        return makeError(typeof detail === 'string' ? detail : this.#class(detail), more);
      case KIND.url:
        return new URL(text(detail));
      case KIND.searchParams:
        return new URLSearchParams(text(detail));
      case KIND.bound:
        this.#allowed();
        return UNFINISHED;
      case KIND.builtin:
      case KIND.shareable:
      case KIND.custom:
      case KIND.sharedBuffer:
      case KIND.sharedView:
      case KIND.carriedBuffer:
        return UNFINISHED;
      default:
        throw damaged(`it has an object of the unknown kind ${String(kind)}`);
    }
  }

  /** Makes an object that does not exist before its contents. */
  #make(head: readonly unknown[], contents: unknown): unknown {
    const [kind, detail, ...more] = head;
    switch (kind) {
      case KIND.shareable:
        return this.#registered('shareable', text(detail), contents);
      case KIND.custom:
        return this.#registered('custom', text(detail), contents);
      case KIND.bound:
        return bound(contents);
      case KIND.sharedBuffer:
        return attachSharedBuffer(unwrapped(contents));
      case KIND.carriedBuffer:
        return unloadBuffer(unwrapped(contents));
      case KIND.sharedView:
        if (!(contents instanceof ArrayBuffer)) throw damaged('a view has no buffer');
        return makeView(detail as number, contents, ...(more as [number, number]));
      default:
        return this.#ofClass(this.#ownObject(contents), detail);
    }
  }

  /** An object of this message, whose class may be changed: a function or a shared object belongs to others, too. */
  #ownObject(contents: unknown): object {
    const number = this.#objects.indexOf(contents);
    if (number >= 0 && !EXTENDED.has(this.#heads[number]?.[0])) throw damaged('it would change the class of an object');
    return objectOf(contents);
  }

  #registered(kind: TypeEntry['kind'], name: string, contents: unknown): unknown {
    const entry = typeNamed(kind, name);
    if (entry === undefined) throw new SerializationError(unknownType(kind, name, this.#modules));
    return entry.read(unwrapped(contents) as never);
  }

  #allowed(): CodeReader {
    if (this.#code !== undefined) return this.#code;
    throw new SerializationError(
      'The message carries functions by value, which is code. It is made only of messages of the own family: decode(bytes, { code: true }).',
    );
  }

  /** An object of a built-in kind, as an instance of a class that extends it; undefined: of that kind itself. */
  #ofClass(object: object, number: unknown): object {
    return number === undefined
      ? object
      : (Object.setPrototypeOf(object, this.#class(number).prototype as object) as object);
  }

  #class(number: unknown): AnyFunction {
    const Class = this.#objects[number as number];
    if (typeof Class !== 'function') throw damaged('it names no class for an instance');
    return Class as AnyFunction;
  }
}

function noData(): SerializationError {
  return new SerializationError(
    'The message refers to functions, classes or shared objects, of which nothing is made where only data may come from.',
  );
}

function bound(contents: unknown): AnyFunction {
  const [target, boundThis, boundArgs] = contents as [unknown, unknown, readonly unknown[]];
  if (typeof target !== 'function') throw damaged('a bound function has no target');
  const args = boundArgs.map((each) => unwrapped(each));
  return Function.prototype.bind.call(target as () => unknown, unwrapped(boundThis), ...args) as AnyFunction;
}

function fill(kind: unknown, object: object, contents: unknown): void {
  if (!FILLED.has(kind)) throw damaged(`an object of the kind ${String(kind)} has contents of its own`);
  if (kind === KIND.error) {
    const [visible, hidden] = contents as unknown[];
    fillError(object, entriesOf(visible), true);
    fillError(object, entriesOf(hidden), false);
    return;
  }
  if (kind === KIND.map || kind === KIND.set) {
    const [flat, properties] = contents as [unknown[], unknown];
    if (kind === KIND.map) fillMap(object as Map<unknown, unknown>, flat);
    else for (let i = 0; i < flat.length; i++) Set.prototype.add.call(object, unwrapped(flat[i]));
    contents = properties;
  }
  if (kind === KIND.array) (object as unknown[]).length = (contents as unknown[]).length;
  for (const [key, value] of entriesOf(contents)) putOwn(object, key, value);
}

function fillMap(map: Map<unknown, unknown>, flat: readonly unknown[]): void {
  for (let i = 0; i < flat.length; i += 2) Map.prototype.set.call(map, unwrapped(flat[i]), unwrapped(flat[i + 1]));
}

function entriesOf(properties: unknown): [key: string, value: unknown][] {
  return Object.entries(objectOf(properties)).map(([key, value]) => [key, unwrapped(value)]);
}

function objectOf(contents: unknown): object {
  if (typeof contents !== 'object' || contents === null) throw damaged('an object has no contents');
  return contents;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw damaged('a text was expected');
  return value;
}

function unknownType(kind: TypeEntry['kind'], name: string, modules: readonly string[]): string {
  const where = modules.length === 0 ? '' : ` (${modules.join(', ')})`;
  return kind === 'shareable'
    ? `This process knows no shared objects of the kind '${name}'. Import 'forkless', or the module that calls registerShareable() for it${where}.`
    : `The type '${name}' is not registered in this process. Import the module that calls registerType() for it${where}.`;
}
