import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { damaged } from '../message-errors.ts';
import { bindingOf } from '../module-table.ts';
import type { AnyFunction } from '../reference.ts';
import { classOfId, rememberClass } from './class-ids.ts';
import { instanceOf, type Instance, type Made } from './compile-unit.ts';
import type { FunctionCode } from './function-code.ts';
import { resolveImport } from './module-resolution.ts';
import { rebuiltFrom, rememberRebuilt, type Captures, type Import, type Variable } from './rebuilt.ts';
import type { CodeBody, CodeHead, Member, PropertyList, Unit } from './unit.ts';

interface ReadUnit {
  readonly unit: Unit;
  readonly number: number;
  /** Made for the first function that is needed: a class that is here already needs none. */
  instance: Instance | undefined;
}

interface ReadFunction {
  readonly read: ReadUnit;
  readonly member: Member;
  readonly fn: AnyFunction;
  readonly made: Made | undefined;
}

let instances = 0;

/** Makes the functions of one message that came by value. */
export class CodeReader {
  readonly #units = new Map<number, ReadUnit>();
  readonly #functions = new Map<number, ReadFunction>();

  /** Makes a function, still without its variables. `objectOf` gives another special object of the message. */
  begin(number: number, head: readonly unknown[], objectOf: (number: number) => unknown): AnyFunction {
    const [place, at, superclass, eager] = head as unknown as CodeHead;
    const read = this.#unit(number, place);
    const member = read.unit.members[at];
    if (member === undefined) throw damaged('it has no such function');
    const here = member.id === undefined ? undefined : classOfId(member.id);
    const made = here === undefined ? make(read, at, superclass, eager, objectOf) : undefined;
    const fn = (here ?? made?.made) as AnyFunction;
    if (typeof fn !== 'function') throw damaged('its code makes no function');
    this.#functions.set(number, { read, member, fn, made });
    if (made !== undefined) remember(fn, read, at, made);
    return fn;
  }

  /** Gives a function its variables and properties. */
  fill(number: number, contents: unknown, valueOf: (read: unknown) => unknown): void {
    const { read, member, fn, made } = this.#functions.get(number) as ReadFunction;
    const body = contents as CodeBody;
    if (body.shared.length > 0) read.instance?.shared.set(body.shared.map(valueOf));
    const values = body.values.map(valueOf);
    if (made === undefined) {
      // A copy gets the values of now; the class itself, back in the process that it comes from, has its own.
      const rebuilt = rebuiltFrom(fn);
      if (rebuilt === undefined) return;
      rebuilt.assign(new Map(member.variables.map((name, i) => [name, values[i]])));
    } else {
      made.own.set(values);
      made.privates?.(body.privates.map(valueOf));
    }
    if (body.name !== undefined) Object.defineProperty(fn, 'name', { value: body.name, configurable: true });
    fillProperties(fn, body.properties, valueOf);
    if (body.prototype !== undefined) fillPrototype(fn, body.prototype, valueOf);
  }

  #unit(number: number, place: Unit | number): ReadUnit {
    if (typeof place === 'number') {
      const read = this.#units.get(place);
      if (read === undefined) throw damaged('a function belongs to none');
      return read;
    }
    const read = { unit: place, number: ++instances, instance: undefined };
    this.#units.set(number, read);
    return read;
  }
}

function make(
  read: ReadUnit,
  at: number,
  superclass: CodeHead[2],
  eager: CodeHead[3],
  objectOf: (number: number) => unknown,
): Made {
  const member = read.unit.members[at] as Member;
  const early = new Map(eager);
  const values = [
    ...member.variables.map((name) => early.get(name)),
    ...member.imports.map((each) => valueOfImport(each)),
  ];
  const Base = typeof superclass === 'number' ? objectOf(superclass) : superclass;
  return (read.instance ??= instanceOf(read.unit)).make(at, Base, values);
}

/** What is needed to send it on. */
function remember(fn: AnyFunction, read: ReadUnit, at: number, { own, privates }: Made): void {
  const { url, base, shared } = read.unit;
  const member = read.unit.members[at] as Member;
  if (member.id !== undefined) rememberClass(fn, member.id);
  const instance = read.instance as Instance;
  const { variables, imports } = member;
  const assigned = new Set(member.assigned);
  rememberRebuilt(fn, {
    code: codeOf(member, url, base),
    captures(): Captures {
      const ownValues = own.get();
      const sharedValues = instance.shared.get();
      const variable = (name: string, value: unknown, cell: string | undefined): Variable => {
        return { name, value, cell: () => cell, isAssigned: assigned.has(name) };
      };
      return {
        imports,
        privates: privates?.() ?? [],
        variables: [
          ...variables.map((name, i) => variable(name, ownValues[i], undefined)),
          ...shared
            .map((name, i) => variable(name, sharedValues[i], `unit ${read.number}\n${name}`))
            .filter(({ name }) => !variables.includes(name)),
        ],
      };
    },
    assign(values) {
      const now = own.get();
      own.set(variables.map((name, i) => (values.has(name) ? values.get(name) : now[i])));
    },
  });
}

function codeOf(member: Member, url: string, base: string): FunctionCode {
  const { form, code, line, column, isStrict, hasSuperclass, staticPrivates, naturalName } = member;
  const assigned = new Set(member.assigned);
  return {
    ...{ form, code, url, base, line, column, isStrict, hasSuperclass, staticPrivates, naturalName },
    source: code,
    names: new Map(member.variables.map((name) => [name, assigned.has(name)])),
    eagerNames: new Set(member.eager),
    usesMeta: false,
    usesImport: false,
    script: undefined,
  };
}

function valueOfImport(binding: Import): unknown {
  if (binding[1] === 'import') return bindingOf(binding[2], binding[3]);
  const [, how, base] = binding;
  if (how === 'require') return createRequire(base);
  if (how === 'meta') return metaOf(base);
  return (specifier: unknown, options?: ImportCallOptions) => import(resolveImport(String(specifier), base), options);
}

function metaOf(url: string): object {
  const filename = url.startsWith('file:') ? fileURLToPath(url) : url;
  return Object.assign(Object.create(null) as object, {
    dirname: dirname(filename),
    filename,
    resolve: (specifier: unknown) => resolveImport(String(specifier), url),
    url,
  });
}

function fillProperties(object: object, list: PropertyList, valueOf: (read: unknown) => unknown): void {
  for (const [key, value, enumerable] of list) {
    Object.defineProperty(object, key, { value: valueOf(value), enumerable, writable: true, configurable: true });
  }
}

function fillPrototype(
  fn: AnyFunction,
  { parent, properties }: NonNullable<CodeBody['prototype']>,
  valueOf: (read: unknown) => unknown,
): void {
  const prototype = (fn as { prototype: object }).prototype;
  if (typeof parent === 'function') Object.setPrototypeOf(prototype, (parent as { prototype: object }).prototype);
  fillProperties(prototype, properties, valueOf);
}
