import { types } from 'node:util';

import type { AnyFunction } from './reference.ts';
import { INTERNAL_REASON, targetOf, whyNoReference } from './references.ts';

/** For a class's `share`: the object cannot travel, for this reason and with this remedy. */
export class CannotTravel extends Error {}

// Deno has no such function.
const { isExternal } = types as Partial<typeof types>;

const builtin = new WeakMap<object, boolean>();

/** Whether a prototype belongs to the language or the runtime, in whichever realm. */
export function isBuiltinPrototype(prototype: object): boolean {
  let known = builtin.get(prototype);
  if (known === undefined) builtin.set(prototype, (known = looksBuiltin(prototype)));
  return known;
}

function looksBuiltin(prototype: object): boolean {
  if (prototype === Buffer.prototype || prototype === URL.prototype || prototype === URLSearchParams.prototype)
    return true;
  const Class = classOf(prototype);
  return Class !== undefined && /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(Class));
}

/** Whether it is `Object.prototype`, of whichever realm. */
export function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}

/** The class that a prototype is the prototype of. */
export function classOf(prototype: object): AnyFunction | undefined {
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof Class === 'function' && Class.prototype === prototype ? (Class as AnyFunction) : undefined;
}

/** Why an object can never travel; undefined when nothing speaks against it at first sight. */
export function whyRefused(value: object): string | undefined {
  if (types.isPromise(value)) return 'it is a Promise. Await it first and send the result.';
  if (types.isWeakMap(value) || types.isWeakSet(value)) {
    return 'the contents of a WeakMap or WeakSet cannot be listed. Use a Map or Set.';
  }
  if (types.isGeneratorObject(value)) return 'it is a running generator. Send its values, or the generator function.';
  if (types.isSymbolObject(value)) return 'it is a boxed symbol. Send the symbol itself.';
  if (types.isSharedArrayBuffer(value)) {
    return 'a SharedArrayBuffer is shared by threads, not by processes. Use RawArray.';
  }
  if (ArrayBuffer.isView(value) && types.isSharedArrayBuffer(value.buffer)) {
    return 'it is a view of a SharedArrayBuffer, which is shared by threads, not by processes. Use RawArray.';
  }
  if (isExternal?.(value) === true) return 'it is a pointer of native code.';
  if ('_readableState' in value || '_writableState' in value) {
    return 'it is a stream of this process. Send its data, or what opens it.';
  }
  return undefined;
}

/** Why the instances of a class that cannot travel do not, and what to do. */
export function whyNoInstance(prototype: object): string {
  const Class = classOf(prototype);
  if (Class === undefined)
    return 'its prototype is an object of this process, not one of a class. Send a plain object.';
  const name = Class.name === '' ? 'a class without a name' : `the class '${Class.name}'`;
  const target = targetOf(Class);
  const why = whyNoReference(target);
  if (isBuiltinPrototype(prototype) || target.kind === 'reference' || why.reason.startsWith(INTERNAL_REASON)) {
    return `it is an instance of ${name} of the runtime, which exists in this process only. Send what it was made from.`;
  }
  const reason = why.reason.replace(/^it /, 'the class ');
  const remedy = why.remedy.replace('export it', 'export the class');
  return `it is an instance of ${name}, but ${reason}. To send it, ${remedy}, register the class with registerType(), or send a plain object.`;
}
