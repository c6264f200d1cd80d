import { BaseProxy, printReferent } from './base-proxy.ts';
import { withEntries } from './entry-handler.ts';
import { exchange, exchangeSync } from './exchange.ts';
import { promised } from './promised.ts';
import type { OwnMethods } from './promised.ts';
import { remoteOf, type RemoteObject } from './remote-object.ts';

/** The promise form of a Namespace. */
export interface NamespacePromises<T extends object> {
  get<K extends keyof T>(name: K): Promise<T[K]>;
  set<K extends keyof T>(name: K, value: T[K]): Promise<void>;
  has(name: keyof T): Promise<boolean>;
  delete(name: keyof T): Promise<boolean>;
  keys(): Promise<string[]>;
  copy(): Promise<T>;
  toJSON(): Promise<T>;
  update<K extends keyof T>(name: K, change: (value: T[K]) => T[K] | Promise<T[K]>): Promise<T[K]>;
}

/** What a Namespace has besides its attributes. */
class NamespaceMethods<T extends object> extends BaseProxy {
  static {
    printReferent(this, 'Namespace');
  }

  /** The promise form: `await namespace.$.get('a')`. */
  get $(): NamespacePromises<T> {
    return promised(remoteOf(this), OWN) as never;
  }

  /**
   * Changes one attribute as one step, and returns what it is now. The function is called in this process, and again when somebody
   * else has changed the attribute meanwhile.
   */
  update<K extends keyof T>(name: K, change: (value: T[K]) => T[K]): T[K] {
    return exchangeSync(remoteOf(this), [name], change) as T[K];
  }

  /** All of it, at any depth, as plain objects and arrays of this process. */
  toJSON(): T {
    return remoteOf(this).callSync('toJSON') as T;
  }
}

const OWN: OwnMethods = {
  update: (remote, name: string, change: (value: never) => unknown) => exchange(remote, [name], change),
};

/** An object at a manager with any attributes: `namespace.a = 1` is seen by all. `$`, `update`, `toJSON` and `close` are its own. */
export type NamespaceProxy<T extends object = Record<string, unknown>> = T & NamespaceMethods<T>;

export function makeNamespaceProxy(remote: RemoteObject): object {
  return withEntries(new NamespaceMethods(), remote);
}
