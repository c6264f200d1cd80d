import type { RemoteObject } from './remote-object.ts';

/** The promise form of a proxy's methods. */
export type Promised<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never;
};

type Method = (remote: RemoteObject, ...args: never[]) => Promise<unknown>;

/** What a kind does itself, with the calls that it needs. */
export type OwnMethods = Readonly<Record<string, Method>>;

/** `proxy.$`: each method is called at the manager under its name, apart from those that the kind does itself. */
export function promised<M extends object>(remote: RemoteObject, own: OwnMethods = {}): Promised<M> {
  return new Proxy(Object.create(null) as Promised<M>, {
    get(_, name) {
      // Else a promise of this could never be had: it would be taken for one.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      const method = Object.hasOwn(own, name) ? own[name] : undefined;
      return (...args: never[]) => (method === undefined ? remote.call(name, ...args) : method(remote, ...args));
    },
  });
}
