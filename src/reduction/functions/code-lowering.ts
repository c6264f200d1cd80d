import { types } from 'node:util';

import { KIND, type Head } from '../message-format.ts';
import type { AnyFunction } from '../reference.ts';
import { BASE_CLASS, VARIABLES, type ValuePath } from '../value-path.ts';
import { capturesOf } from './captures.ts';
import { idOfClass } from './class-ids.ts';
import type { FunctionCode } from './function-code.ts';
import { moduleObjectOf } from './module-objects.ts';
import type { SentFunction, SentVariable } from './sent-function.ts';
import { shareVariables } from './shared-variables.ts';
import { isStandardGlobal, standardGlobalName } from './standard-globals.ts';
import type { CodeBody, Member, PropertyList, Unit } from './unit.ts';

const UNKNOWN_NAMESPACE =
  'it is what import() gave, which does not tell its module. Use "import * as" at the top of the file, or import() where it is used.';

/** What a function by value needs of the message that it is part of. */
export interface Message {
  readonly path: ValuePath;
  lower(value: unknown): unknown;
  /** What stands for a special object; the head may be changed until the message is written. */
  special(value: unknown, head: Head): object;
  number(placeholder: unknown): number;
  module(url: string): void;
  give(placeholder: object, contents: unknown): void;
  fail(reason: string): never;
}

/**
 * Lowers the functions of a message that travel by value. A function gets its place when it is met; its variables are
 * read when all the rest is done, as they may lead anywhere, also back to it.
 */
export class CodeLowering {
  readonly #message: Message;
  readonly #sent: SentFunction[] = [];
  #finished = 0;

  constructor(message: Message) {
    this.#message = message;
  }

  /** What stands for a function in the message. */
  lower(fn: AnyFunction, code: FunctionCode): object {
    const superclass = this.#superclass(fn, code);
    const head: [...Head] = [KIND.code];
    const placeholder = this.#message.special(fn, head);
    const place = this.#message.path.copy();
    const [variables, imports, privates] = [[], [], []];
    this.#sent.push({ fn, code, placeholder, head, place, superclass, variables, imports, privates });
    return placeholder;
  }

  /** Lowers what the functions met so far hold, and what that leads to; then completes their heads and bodies. */
  finish(): void {
    const bodies: (CodeBody & { shared: unknown[] })[] = [];
    for (; this.#finished < this.#sent.length; this.#finished++) {
      bodies.push(this.#contents(this.#sent[this.#finished] as SentFunction));
    }
    for (const unit of shareVariables(this.#sent, (reason) => this.#message.fail(reason))) {
      for (const [at, { member, own, shared }] of unit.entries()) {
        const sent = this.#sent[member] as SentFunction;
        const first = this.#sent[unit[0]?.member as number] as SentFunction;
        const names = shared.map(({ name }) => name);
        const members = at > 0 ? [] : unit.map((each) => memberOf(this.#sent[each.member] as SentFunction, each.own));
        const code: Unit = { url: sent.code.url, base: sent.code.base, shared: names, members };
        const eager = this.#eager(sent);
        sent.head.push(at > 0 ? this.#message.number(first.placeholder) : code, at, sent.superclass, eager);
        const body = bodies[member] as CodeBody;
        const values = own.map(({ lowered }) => lowered);
        const sharedValues = at > 0 ? [] : shared.map(({ lowered }) => lowered);
        this.#message.give(sent.placeholder, { ...body, values, shared: sharedValues });
      }
    }
  }

  /** A base class exists before what extends it does. */
  #superclass(fn: AnyFunction, code: FunctionCode): number | null | undefined {
    if (!code.hasSuperclass) return undefined;
    const superclass = Object.getPrototypeOf(fn) as AnyFunction;
    // Of a class that extends null.
    if (superclass === Function.prototype) return null;
    const { path } = this.#message;
    path.enter(BASE_CLASS);
    const number = this.#message.number(this.#standing(superclass));
    path.leave();
    return number;
  }

  #contents(sent: SentFunction): CodeBody & { shared: unknown[] } {
    const { fn, code, place } = sent;
    const { path } = this.#message;
    path.resume(place);
    const captures = capturesOf(fn, code);
    path.enter(VARIABLES);
    sent.variables = captures.variables.map((variable) => {
      path.at(variable.name);
      if (variable.isUninitialized === true) {
        this.#message.fail('it has no value yet. Send the function after the line that declares the variable has run.');
      }
      return { ...variable, lowered: this.#standing(variable.value) };
    });
    sent.imports = captures.imports;
    for (const [, how, module] of captures.imports) if (how === 'import') this.#message.module(module);
    const privates = captures.privates.map((value, i) => {
      path.at(`#${code.staticPrivates[i]}`);
      return this.#message.lower(value);
    });
    path.leave();
    const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
    return {
      values: [],
      shared: [],
      privates,
      name: typeof name === 'string' && name !== code.naturalName ? name : undefined,
      properties: this.#properties(fn, (key, { value, enumerable }) => {
        if (key === 'prototype' || key === 'length' || (key === 'name' && typeof value === 'string')) return false;
        if (key === 'arguments' || key === 'caller') return false;
        // Static methods and accessors are made by the class itself.
        return code.form !== 'class' || enumerable === true || (value !== undefined && typeof value !== 'function');
      }),
      prototype: code.form === 'expression' ? this.#prototype(fn) : undefined,
    };
  }

  #properties(object: object, isSent: (key: string, property: PropertyDescriptor) => boolean): PropertyList {
    const { path } = this.#message;
    const list: [string, unknown, boolean][] = [];
    path.enter(object);
    for (const key of Object.getOwnPropertyNames(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key);
      if (property === undefined || !isSent(key, property)) continue;
      path.at(key);
      const value: unknown = property.get === undefined ? property.value : Reflect.get(object, key);
      list.push([key, this.#message.lower(value), property.enumerable === true]);
    }
    path.leave();
    return list;
  }

  /** The `prototype` of a function that is used as a class. */
  #prototype(fn: AnyFunction): CodeBody['prototype'] {
    const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value;
    if (typeof prototype !== 'object' || prototype === null || types.isGeneratorFunction(fn)) return undefined;
    const parent = Object.getPrototypeOf(prototype) as object | null;
    const names = Object.getOwnPropertyNames(prototype);
    // Object.prototype, of whichever realm.
    const isUsual = parent !== null && Object.getPrototypeOf(parent) === null;
    if (isUsual && names.every((name) => name === 'constructor')) return undefined;
    const Class: unknown = parent === null || isUsual ? undefined : parent.constructor;
    const { path } = this.#message;
    path.enter(BASE_CLASS);
    const lowered = this.#standing(Class);
    path.leave();
    path.enter(fn);
    path.at('prototype');
    const properties = this.#properties(prototype, (key) => key !== 'constructor');
    path.leave();
    return { parent: lowered, properties };
  }

  /** What stands for the value of a variable: modules and what every process has are not copied. */
  #standing(value: unknown): unknown {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return this.#message.lower(value);
    const global = standardGlobalName(value);
    if (global !== undefined) return this.#message.special(value, [KIND.global, global]);
    const object = moduleObjectOf(value);
    if (object === undefined) {
      if (types.isModuleNamespaceObject(value)) this.#message.fail(UNKNOWN_NAMESPACE);
      return this.#message.lower(value);
    }
    this.#message.module(object.module);
    return this.#message.special(value, [KIND.moduleExports, object.module, object.as]);
  }

  /** The values that computed keys of a class need at once. */
  #eager({ code, variables, imports, place }: SentFunction): (readonly [string, unknown])[] {
    const known = new Set([...variables, ...imports.map(([name]) => ({ name }))].map(({ name }) => name));
    for (const name of code.eagerNames) {
      if (known.has(name) || isStandardGlobal(name)) continue;
      this.#message.path.resume(place);
      this.#message.fail(
        `a computed name in the class uses the variable '${name}', which the runtime has dropped since.`,
      );
    }
    return variables
      .filter(({ name }) => code.eagerNames.has(name))
      .map(({ name, value }) => {
        if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return [name, value];
        this.#message.path.resume(place);
        return this.#message.fail(
          `a computed name in the class uses the variable '${name}', whose value would come too late. Use a constant text or an import there.`,
        );
      });
  }
}

function memberOf({ fn, code, imports, variables }: SentFunction, own: readonly SentVariable[]): Member {
  const { form, line, column, isStrict, hasSuperclass, staticPrivates, naturalName, eagerNames } = code;
  return {
    ...{ form, code: code.code, line, column, isStrict, hasSuperclass, staticPrivates, naturalName, imports },
    variables: own.map(({ name }) => name),
    assigned: variables.filter(({ isAssigned }) => isAssigned).map(({ name }) => name),
    eager: [...eagerNames],
    id: form === 'class' ? idOfClass(fn) : undefined,
  };
}
