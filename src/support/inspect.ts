import { inspect } from 'node:util';

/**
 * Sets what `util.inspect` and `console.log` print for the objects of a class.
 * A computed method name would say it in the class itself, but not with `isolatedDeclarations`.
 */
export function printAs<T extends object>(Class: { readonly prototype: T }, describe: (object: T) => string): void {
  Object.defineProperty(Class.prototype, inspect.custom, {
    value(this: T): string {
      return describe(this);
    },
    configurable: true,
    writable: true,
  });
}
