import { ClosedError } from '../../support/errors.ts';
import type { ProxyKind } from '../referents/referent.ts';
import type { Link } from '../links/link.ts';

/** What a proxy has to do with an object at a manager. */
export class RemoteObject {
  readonly link: Link;
  /** By which number the manager knows it. */
  readonly number: number;
  readonly kind: ProxyKind;
  /** The names of its methods, where they are not the kind's. */
  readonly details: readonly string[] | undefined;
  readonly #letGo: () => void;
  #isOpen = true;

  /** @param letGo gives back what keeps the object alive */
  constructor(
    link: Link,
    { number, kind, details }: Pick<RemoteObject, 'number' | 'kind' | 'details'>,
    letGo: () => void,
  ) {
    this.link = link;
    this.number = number;
    this.kind = kind;
    this.details = details;
    this.#letGo = letGo;
  }

  callSync(method: string, ...args: readonly unknown[]): unknown {
    this.checkOpen();
    return this.link.callSync(this.number, method, args);
  }

  async call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    this.checkOpen();
    try {
      return await this.link.call(this.number, method, args);
    } finally {
      // The object lives at least until it has answered, though nobody may have a proxy any more.
      this.#calls += 1;
    }
  }
  #calls = 0;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  checkOpen(): void {
    if (!this.#isOpen) throw new ClosedError(`This proxy of ${this.link.title} has been closed`);
  }

  /** Gives the object up: it goes when nobody else has a proxy of it, and it stands in no container. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#letGo();
  }
}

const remotes = new WeakMap<object, RemoteObject>();

/** Says for which object a proxy stands. */
export function setRemote(proxy: object, remote: RemoteObject): void {
  remotes.set(proxy, remote);
}

/** @throws TypeError when it is no proxy */
export function remoteOf(proxy: object): RemoteObject {
  const remote = remotes.get(proxy);
  if (remote === undefined)
    throw new TypeError('This is no proxy of a manager: such a method cannot be taken from its proxy');
  return remote;
}
