import { BaseProxy, printReferent } from './base-proxy.ts';
import { exchange, exchangeSync } from './exchange.ts';
import { withIndices } from './index-handler.ts';
import { promised } from './promised.ts';
import type { OwnMethods, Promised } from './promised.ts';
import { addReadingMethods } from './reading-methods.ts';
import { remoteOf, type RemoteObject } from './remote-object.ts';

/** The methods of an Array at a manager. */
class ArrayMethods<E> extends BaseProxy {
  static {
    printReferent(this, 'ArrayProxy');
    addReadingMethods(this);
  }

  /** The promise form: `await array.$.set(0, 1)`. */
  get $(): Promised<Pick<ArrayMethods<E>, Exclude<keyof ArrayMethods<E>, '$'>>> & { size(): Promise<number> } {
    return promised(remoteOf(this), OWN) as never;
  }

  at(index: number): E | undefined {
    return remoteOf(this).callSync('at', index) as E | undefined;
  }

  /** @throws RangeError outside of the Array, and for what the type cannot hold; TypeError */
  set(index: number, element: E): void {
    remoteOf(this).callSync('set', index, element);
  }

  slice(start?: number, end?: number): E[] {
    return remoteOf(this).callSync('slice', start, end) as E[];
  }

  /** The elements as an array of this process. */
  copy(): E[] {
    return remoteOf(this).callSync('copy') as E[];
  }

  fill(element: E, start?: number, end?: number): this {
    remoteOf(this).callSync('fill', element, start, end);
    return this;
  }

  /** Changes one element as one step, and returns what it is now; see `ListProxy.update`. */
  update(index: number, change: (element: E) => E): E {
    return exchangeSync(remoteOf(this), [index], change as (value: never) => unknown) as E;
  }

  toJSON(): E[] {
    return this.copy();
  }

  /** The elements as they are when it begins. */
  *[Symbol.iterator](): Generator<E, void, undefined> {
    yield* this.copy();
  }
}

const OWN: OwnMethods = {
  update: (remote, index: number, change: (element: never) => unknown) => exchange(remote, [index], change),
  close: async (remote) => remote.close(),
};

/** A fixed number of elements of a type at a manager. */
export type ArrayProxy<E = number> = ArrayMethods<E> &
  Omit<readonly E[], keyof ArrayMethods<E>> & { [index: number]: E };

export function makeArrayProxy(remote: RemoteObject): object {
  return withIndices(ArrayMethods.prototype, remote);
}
