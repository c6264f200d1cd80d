import { inspect } from 'node:util';

import { BaseProxy } from './base-proxy.ts';
import { promised } from './promised.ts';
import type { Promised } from './promised.ts';
import { remoteOf, setRemote, type RemoteObject } from './remote-object.ts';

/**
 * A proxy of an object of any class: it has the methods that the manager exposes, which block until it has answered. A method
 * `close` is the object's; `using` and `Symbol.dispose` give the proxy itself up.
 */
export class ObjectProxy<M extends object = Record<string, (...args: never[]) => unknown>> extends BaseProxy {
  constructor(remote: RemoteObject) {
    super();
    setRemote(this, remote);
  }

  /** The promise form: `await proxy.$.method()`. */
  get $(): Promised<M> {
    return promised<M>(remoteOf(this));
  }

  /** Calls a method by its name. Python: `_callmethod`. */
  callMethod(name: string, ...args: readonly unknown[]): unknown {
    return remoteOf(this).callSync(name, ...args);
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: ObjectProxy): string {
        return `ObjectProxy { methods: ${(remoteOf(this).details ?? []).join(', ')} }`;
      },
      configurable: true,
      writable: true,
    });
  }
}

/** What is reached by `callMethod` alone: names that the proxy itself needs, and one that would make a promise of it. */
const OWN: ReadonlySet<string> = new Set(['$', 'callMethod', 'then', 'constructor', '__proto__']);

export function makeObjectProxy(remote: RemoteObject): object {
  const proxy = new ObjectProxy(remote);
  const names = remote.details ?? [];
  for (const name of names) {
    if (OWN.has(name)) continue;
    const value = (...args: readonly unknown[]): unknown => remote.callSync(name, ...args);
    Object.defineProperty(proxy, name, { value, enumerable: true });
  }
  if (names.includes('next')) Object.defineProperty(proxy, Symbol.iterator, { value: () => proxy });
  return proxy;
}
