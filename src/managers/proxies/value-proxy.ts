import { BaseProxy, printReferent } from './base-proxy.ts';
import { exchange, exchangeSync } from './exchange.ts';
import { promised } from './promised.ts';
import type { OwnMethods, Promised } from './promised.ts';
import { remoteOf, setRemote, type RemoteObject } from './remote-object.ts';

/** One value of a type at a manager. */
export class ValueProxy<V = number> extends BaseProxy {
  static {
    printReferent(this, 'ValueProxy');
  }

  constructor(remote: RemoteObject) {
    super();
    setRemote(this, remote);
  }

  /** The promise form: `await value.$.get()`. */
  get $(): Promised<Pick<ValueProxy<V>, 'get' | 'set' | 'update'>> {
    return promised(remoteOf(this), OWN) as never;
  }

  get value(): V {
    return this.get();
  }

  set value(value: V) {
    this.set(value);
  }

  get(): V {
    return remoteOf(this).callSync('get') as V;
  }

  /** @throws TypeError, RangeError for what the type cannot hold */
  set(value: V): void {
    remoteOf(this).callSync('set', value);
  }

  /** Changes it as one step, and returns what it is now; see `DictProxy.update`. */
  update(change: (value: V) => V): V {
    return exchangeSync(remoteOf(this), [], change as (value: never) => unknown) as V;
  }

  toJSON(): V {
    return this.get();
  }
}

const OWN: OwnMethods = {
  update: (remote, change: (value: never) => unknown) => exchange(remote, [], change),
};
