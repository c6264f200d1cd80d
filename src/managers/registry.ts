import type { AnyFunction } from '../reduction/reference.ts';
import type { Callable } from './server/hub.ts';

/** What `register` is told of a type. */
export interface Registration {
  /** Makes an object, or gives one that there is: a class or a function. A client that only connects needs none. */
  readonly callable?: Callable;
  /** The methods that proxies may call; by default all public ones: not those that begin with `_` or end with `Sync`. */
  readonly exposed?: readonly string[];
  /** What `manager.typeId()` gives, made of the proxy: a function. */
  readonly proxy?: (proxy: never) => unknown;
}

/** The types of a class of managers; a subclass begins with those of its superclass. */
const registries = new WeakMap<AnyFunction, Map<string, Registration>>();

export function registryOf(Class: AnyFunction): ReadonlyMap<string, Registration> {
  return registries.get(Class) ?? inherited(Class);
}

/** @throws TypeError for a wrong registration, naming what is wrong */
export function addType(Class: AnyFunction, typeId: string, registration: Registration): void {
  checkRegistration(typeId, registration);
  let registry = registries.get(Class);
  if (registry === undefined) registries.set(Class, (registry = new Map(inherited(Class))));
  registry.set(typeId, registration);
}

const NONE: ReadonlyMap<string, Registration> = new Map<string, Registration>();

function inherited(Class: AnyFunction): ReadonlyMap<string, Registration> {
  const parent = Object.getPrototypeOf(Class) as AnyFunction | null;
  return parent === null || parent === Function.prototype ? NONE : registryOf(parent);
}

function checkRegistration(typeId: unknown, registration: unknown): void {
  const where = 'register()';
  if (typeof typeId !== 'string' || !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(typeId)) {
    throw new TypeError(`${where} expects a name for the type, such as 'getList', not ${String(typeId)}`);
  }
  if (typeof registration !== 'object' || registration === null) {
    throw new TypeError(`${where} expects an object with callable, exposed, proxy as its second argument`);
  }
  for (const [key, value] of Object.entries(registration) as [string, unknown][]) {
    if (value === undefined) continue;
    switch (key) {
      case 'callable':
      case 'proxy':
        if (typeof value !== 'function')
          throw new TypeError(`${where}: ${key} must be a function, not ${typeof value}`);
        break;
      case 'exposed':
        checkExposed(value, where);
        break;
      default:
        throw new TypeError(`${where} has no option "${key}": it knows "callable", "exposed", "proxy"`);
    }
  }
}

function checkExposed(names: unknown, where: string): void {
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new TypeError(`${where}: exposed must be a list of the names of methods`);
  }
  for (const name of names as string[]) {
    if (name === 'constructor' || name === '__proto__') throw new TypeError(`${where}: '${name}' is not to be exposed`);
  }
}
