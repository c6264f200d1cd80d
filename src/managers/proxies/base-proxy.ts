import { inspect, type InspectOptionsStylized } from 'node:util';

import { Managed } from '../referents/managed.ts';
import { remoteOf } from './remote-object.ts';

/** What all proxies of a manager's objects have in common. */
export abstract class BaseProxy extends Managed implements Disposable {
  /** Gives the object up here: it goes when nobody else has a proxy of it, and it stands in no container. */
  close(): void {
    remoteOf(this).close();
  }

  [Symbol.dispose](): void {
    remoteOf(this).close();
  }
}

/**
 * Sets what `util.inspect` shows for the proxies of a class: what they stand for, as it is now.
 * @param name how the class is called, such as `ListProxy`
 */
export function printReferent(Class: { readonly prototype: object }, name: string): void {
  Object.defineProperty(Class.prototype, inspect.custom, {
    value(this: object, _depth: number, options: InspectOptionsStylized): string {
      const remote = remoteOf(this);
      try {
        return `${name} ${inspect(remote.callSync('toJSON'), options)}`;
      } catch (error) {
        return `${name} { ${error instanceof Error ? error.message : String(error)} }`;
      }
    },
    configurable: true,
    writable: true,
  });
}
