import { types } from 'node:util';
import { builtinStrategy, isBuiltinPrototype, whyRefused } from './builtin-writers.ts';
import { writeError } from './error-writer.ts';
import { inspectTarget, INTERNAL_REASON } from './references.ts';
import type { AnyFunction } from './reference.ts';
import { registryGeneration, typeOfPrototype, type TypeEntry } from './type-registry.ts';
import type { Strategy, ValueWriter } from './value-writer.ts';
import { TAG } from './wire.ts';

let cache = new WeakMap<object, Strategy>();
let cachedGeneration = 0;

/** How to write an object whose prototype is neither Object's nor Array's. */
export function strategyFor(value: object, prototype: object): Strategy {
  if (cachedGeneration !== registryGeneration()) {
    cache = new WeakMap();
    cachedGeneration = registryGeneration();
  }
  const cached = cache.get(prototype);
  if (cached !== undefined) return cached;
  const strategy = findStrategy(value, prototype);
  // What an object is inside shows in itself, not in its prototype: only where the two belong together is it remembered.
  if (strategy !== refuse && !types.isProxy(value)) cache.set(prototype, strategy);
  return strategy;
}

function findStrategy(value: object, prototype: object): Strategy {
  const entry = typeOfPrototype(prototype);
  if (entry !== undefined) return registered(entry);
  if (whyRefused(value) !== undefined) return refuse;
  const base = builtinStrategy(value);
  if (isBuiltinPrototype(prototype)) return base ?? (isObjectPrototype(prototype) ? plain : refuse);
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  // An error never fails to travel for its class alone: the writer of errors falls back to a common class.
  if (base === writeError) return base;
  if (typeof Class !== 'function' || Class.prototype !== prototype) return refuse;
  const target = inspectTarget(Class as AnyFunction);
  if (target.kind === 'none' || target.reference.module.startsWith('node:')) return refuse;
  return instance(Class, base);
}

function registered(entry: TypeEntry): Strategy {
  const tag = entry.kind === 'shareable' ? TAG.shareable : TAG.custom;
  return (writer, value) => {
    const data = entry.write(value as never);
    if (entry.module !== undefined) writer.module(entry.module);
    writer.byte(tag);
    writer.text(entry.name);
    writer.unfinished(data);
  };
}

function instance(Class: object, base: Strategy | undefined): Strategy {
  return (writer, value) => {
    const refused = whyRefused(value);
    if (refused !== undefined) writer.fail(refused);
    writer.byte(TAG.instance);
    writer.write(Class);
    let keys = Object.keys(value);
    if (base === undefined) writer.byte(TAG.plain);
    else {
      base(writer, value);
      if (Array.isArray(value) || ArrayBuffer.isView(value)) keys = keys.filter((key) => !/^\d+$/.test(key));
    }
    writer.varint(keys.length);
    writer.path.enter(value);
    writer.properties(value, keys);
    writer.path.leave();
  };
}

const plain: Strategy = (writer, value) => writer.plain(value);

const refuse: Strategy = (writer, value) => {
  const reason = whyRefused(value);
  if (reason !== undefined) writer.fail(reason);
  refuseInstance(writer, value);
};

function refuseInstance(writer: ValueWriter, value: object): never {
  const prototype = Object.getPrototypeOf(value) as object;
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  if (typeof Class !== 'function' || Class.prototype !== prototype) {
    writer.fail('its prototype is an object of this process, not one of a class. Send a plain object.');
  }
  const target = inspectTarget(Class as AnyFunction);
  const name = Class.name === '' ? 'a class without a name' : `the class '${Class.name}'`;
  const host =
    isBuiltinPrototype(prototype) ||
    (target.kind === 'reference'
      ? target.reference.module.startsWith('node:')
      : target.reason.startsWith(INTERNAL_REASON));
  if (host)
    writer.fail(
      `it is an instance of ${name} of the runtime, which exists in this process only. Send what it was made from.`,
    );
  const why = target.kind === 'none' ? target.reason.replace(/^it /, 'the class ') : '';
  const remedy = target.kind === 'none' ? target.remedy : '';
  writer.fail(
    `it is an instance of ${name}, but ${why}. To send it, ${remedy.replace('export it', 'export the class')}, register the class with registerType(), or send a plain object.`,
  );
}

function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty');
}
