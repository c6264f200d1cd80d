import type { StartMethod } from './start-method.ts';

const bound = new WeakMap<object, StartMethod>();

/** From now on what a class and its subclasses start is started by this method, whatever `setStartMethod()` says. */
export function bindMethod(Class: object, method: StartMethod): void {
  bound.set(Class, method);
}

/** The start method of a class; undefined: that of `setStartMethod()`. */
export function boundMethodOf(Class: object): StartMethod | undefined {
  for (let at: object | null = Class; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const method = bound.get(at);
    if (method !== undefined) return method;
  }
  return undefined;
}
