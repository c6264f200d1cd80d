import { remoteOf, setRemote, type RemoteObject } from './remote-object.ts';

/**
 * Makes a proxy whose indices are items at the manager. It is an array for `Array.isArray`, but has the methods of its class.
 * @param prototype of the class
 */
export function withIndices(prototype: object, remote: RemoteObject): object {
  const target: object = Object.setPrototypeOf([], prototype) as object;
  const proxy = new Proxy(target, INDICES);
  setRemote(target, remote);
  setRemote(proxy, remote);
  return proxy;
}

const INDEX = /^(0|[1-9]\d{0,9})$/;
const OTHER_INDEX = /^-?\d+(\.\d+)?$/;

const INDICES: ProxyHandler<object> = {
  get(target, name, receiver) {
    if (name === 'length') return lengthOf(target);
    return isIndex(name)
      ? remoteOf(target).callSync('at', Number(name))
      : (Reflect.get(target, name, receiver) as unknown);
  },

  set(target, name, value) {
    const remote = remoteOf(target);
    if (name === 'length') remote.callSync('setLength', value);
    else if (isIndex(name)) remote.callSync('set', Number(name), value);
    else throw new TypeError(refusal(target, name));
    return true;
  },

  has(target, name) {
    return isIndex(name) ? Number(name) < lengthOf(target) : Reflect.has(target, name);
  },

  deleteProperty(target, name) {
    if (!isIndex(name)) throw new TypeError(refusal(target, name));
    remoteOf(target).callSync('delete', Number(name));
    return true;
  },

  ownKeys(target) {
    return [...Array.from({ length: lengthOf(target) }, (_, i) => String(i)), 'length'];
  },

  getOwnPropertyDescriptor(target, name) {
    if (name === 'length') return { value: lengthOf(target), writable: true, enumerable: false, configurable: false };
    if (!isIndex(name) || Number(name) >= lengthOf(target)) return undefined;
    const value = remoteOf(target).callSync('at', Number(name));
    return { value, writable: true, enumerable: true, configurable: true };
  },

  defineProperty(target, name) {
    throw new TypeError(`The ${remoteOf(target).kind} of a manager: set ${String(name)} by an assignment`);
  },

  setPrototypeOf(target) {
    throw new TypeError(`The ${remoteOf(target).kind} of a manager: a proxy keeps its class`);
  },

  preventExtensions(target) {
    throw new TypeError(`The ${remoteOf(target).kind} of a manager: a proxy cannot be frozen`);
  },
};

function isIndex(name: string | symbol): boolean {
  return typeof name === 'string' && INDEX.test(name);
}

function lengthOf(target: object): number {
  return remoteOf(target).callSync('size') as number;
}

function refusal(target: object, name: string | symbol): string {
  const { kind } = remoteOf(target);
  const text = String(name);
  return OTHER_INDEX.test(text)
    ? `The ${kind} of a manager has no index ${text}: use set(${text}, value), which counts negative ones from the end`
    : `The ${kind} of a manager has items, and no property '${text}' that could be changed`;
}
