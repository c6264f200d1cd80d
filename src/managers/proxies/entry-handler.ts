import { remoteOf, setRemote, type RemoteObject } from './remote-object.ts';

/**
 * Makes a proxy whose properties are entries at the manager. What the class has itself - its methods - wins over entries of
 * the same name, which are reached by `get` and `set`.
 * @param target an object of the class, without properties of its own
 */
export function withEntries(target: object, remote: RemoteObject): object {
  const proxy = new Proxy(target, ENTRIES);
  setRemote(target, remote);
  setRemote(proxy, remote);
  return proxy;
}

const ENTRIES: ProxyHandler<object> = {
  get(target, name, receiver) {
    return isOwn(target, name)
      ? (Reflect.get(target, name, receiver) as unknown)
      : remoteOf(target).callSync('get', name);
  },

  set(target, name, value) {
    if (isOwn(target, name)) throw isReserved(target, name);
    remoteOf(target).callSync('set', name, value);
    return true;
  },

  has(target, name) {
    return isOwn(target, name) || remoteOf(target).callSync('has', name) === true;
  },

  deleteProperty(target, name) {
    if (isOwn(target, name)) throw isReserved(target, name);
    remoteOf(target).callSync('delete', name);
    return true;
  },

  ownKeys(target) {
    const keys = remoteOf(target).callSync('keys') as readonly (string | number)[];
    return keys.map(String);
  },

  getOwnPropertyDescriptor(target, name) {
    if (typeof name === 'symbol' || remoteOf(target).callSync('has', name) !== true) return undefined;
    const value = remoteOf(target).callSync('get', name);
    return { value, writable: true, enumerable: true, configurable: true };
  },

  defineProperty(target, name) {
    throw new TypeError(
      `${nameOf(target)}: set '${String(name)}' by an assignment; it cannot be defined as a property`,
    );
  },

  setPrototypeOf(target) {
    throw new TypeError(`${nameOf(target)}: a proxy keeps its class`);
  },

  preventExtensions(target) {
    throw new TypeError(
      `${nameOf(target)}: a proxy cannot be frozen, as other processes may change what it stands for`,
    );
  },
};

/** Symbols are nobody's keys; `then` would make a promise of every proxy that is returned by an async function. */
function isOwn(target: object, name: string | symbol): name is symbol {
  return typeof name === 'symbol' || name === 'then' || name in target;
}

function isReserved(target: object, name: string | symbol): TypeError {
  return new TypeError(
    `${nameOf(target)} has '${String(name)}' itself, so that it cannot be changed as a property. Use set('${String(name)}', value) or delete('${String(name)}'), or another name`,
  );
}

function nameOf(target: object): string {
  return `The ${remoteOf(target).kind === 'dict' ? 'dict' : 'Namespace'} of a manager`;
}
