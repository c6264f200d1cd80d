import { randomUUID } from 'node:crypto';

import { decodeThrown } from '../../reduction/remote-error.ts';
import { deadlineAfter, leftUntil } from '../../support/deadline.ts';
import { ClosedError, EOFError, ResourceError, SerializationError, TimeoutError } from '../../support/errors.ts';
import { Client, ClientSync } from '../network/client.ts';
import type { Address } from '../network/address.ts';
import type { NetworkOptions } from '../network/network-options.ts';
import type { SocketConnection } from '../network/socket-connection.ts';
import { makeProxy } from '../proxies/make-proxy.ts';
import { RemoteObject, remoteOf } from '../proxies/remote-object.ts';
import { Managed } from '../referents/managed.ts';
import type { ProxyKind } from '../referents/referent.ts';
import type { Link } from './link.ts';
import { Looks } from './looks.ts';
import { GREETING, putBack, takeOut } from './network-messages.ts';
import type { Placed } from './network-messages.ts';
import { MANAGER, STATUS } from './requests.ts';

/** A proxy, as the server sends it. */
type ProxyData = readonly [number: number, kind: ProxyKind, details: readonly string[] | undefined];

type Answer = readonly [number: number, status: number, value: unknown, placed: readonly Placed<ProxyData>[]];

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What the server counts for a proxy, until that is given up. */
interface Held {
  readonly number: number;
  count: number;
  isOpen: boolean;
}

/** What a client needs besides the address. */
export interface LinkSettings {
  readonly network: NetworkOptions;
  readonly callTimeout: number | undefined;
}

/** A client's connections to a manager at an address: one for promises, which is the session, and one for blocking calls. */
export class NetworkLink implements Link {
  readonly title: string;
  readonly #address: Address;
  readonly #settings: LinkSettings;
  readonly #session: string = randomUUID();
  readonly #anchor: SocketConnection;
  #line: SocketConnection | undefined;
  readonly #looks: Looks = new Looks();
  #lastNumber = 0;
  readonly #pending = new Map<number, Pending>();
  readonly #proxies = new Map<number, { readonly proxy: WeakRef<object>; readonly held: Held }>();
  readonly #collected = new FinalizationRegistry<Held>((held) => this.#drop(held));

  private constructor(address: Address, settings: LinkSettings, anchor: SocketConnection) {
    this.title = `the manager at ${typeof address === 'string' ? address : address.join(':')}`;
    this.#address = address;
    this.#settings = settings;
    this.#anchor = anchor;
  }

  /** @throws ResourceError when nobody listens there; AuthenticationError; TimeoutError */
  static async connect(address: Address, settings: LinkSettings): Promise<NetworkLink> {
    const anchor = await Client(address, settings.network);
    const link = new NetworkLink(address, settings, anchor);
    await anchor.send([GREETING, link.#session]);
    return link;
  }

  callSync(object: number, method: string, args: readonly unknown[]): unknown {
    this.#checkOpen();
    const { callTimeout } = this.#settings;
    const deadline = callTimeout === undefined ? undefined : deadlineAfter(callTimeout);
    const wait = (): { timeout?: number } => (deadline === undefined ? {} : { timeout: leftUntil(deadline) });
    const request = this.#request(object, method, args);
    try {
      this.#line ??= this.#openSync(wait());
      this.#line.sendSync(request, wait());
      const line = this.#line;
      return this.#result((this.#looks.blocking(() => line.tryRecv()) ?? line.recvSync(wait())) as Answer);
    } catch (error) {
      if (error instanceof Thrown) throw error.reason;
      // Nothing has been sent of what cannot travel.
      if (!(error instanceof SerializationError)) {
        this.#line?.close();
        this.#line = undefined;
      }
      throw this.#explained(error, method);
    }
  }

  #openSync(wait: { readonly timeout?: number }): SocketConnection {
    const connection = ClientSync(this.#address, { ...this.#settings.network, ...wait });
    connection.sendSync([GREETING, this.#session]);
    return connection;
  }

  async call(object: number, method: string, args: readonly unknown[]): Promise<unknown> {
    this.#checkOpen();
    const request = this.#request(object, method, args);
    return new Promise((resolve, reject) => {
      const isFirst = this.#pending.size === 0;
      this.#pending.set(request[0], { resolve, reject });
      this.#anchor.send(request).catch((error: unknown) => {
        this.#pending.delete(request[0]);
        reject(this.#explained(error, method) as Error);
      });
      if (isFirst) void this.#receive();
    });
  }

  #request(object: number, method: string, args: readonly unknown[]): readonly [number, ...unknown[]] {
    const [sent, placed] = takeOut(args, (part) => this.#ownNumber(part));
    return [++this.#lastNumber, object, method, sent, placed];
  }

  #ownNumber(part: object): number | undefined {
    if (!(part instanceof Managed)) return undefined;
    const remote = remoteOf(part);
    remote.checkOpen();
    if (remote.link === this) return remote.number;
    throw new SerializationError(`A proxy of ${remote.link.title} cannot go to ${this.title}, which does not know it`);
  }

  /** Takes answers as long as somebody waits for one: the wait keeps the event loop alive. */
  async #receive(): Promise<void> {
    try {
      while (this.#pending.size > 0) {
        const answer = (await this.#anchor.recv()) as Answer;
        const pending = this.#pending.get(answer[0]);
        this.#pending.delete(answer[0]);
        try {
          pending?.resolve(this.#result(answer));
        } catch (error) {
          pending?.reject(error instanceof Thrown ? error.reason : error);
        }
      }
    } catch (error) {
      this.#anchor.close();
      const failed = [...this.#pending.values()];
      this.#pending.clear();
      for (const { reject } of failed) reject(this.#explained(error, 'a call'));
    }
  }

  #result([, status, value, placed]: Answer): unknown {
    if (status === STATUS.thrown) throw new Thrown(decodeThrown(value as Uint8Array, { dataOnly: true }));
    return putBack(value, placed, (data) => this.#proxyOf(data));
  }

  #proxyOf([number, kind, details]: ProxyData): object {
    const known = this.#proxies.get(number);
    const same = known?.proxy.deref();
    if (known !== undefined && same !== undefined) {
      known.held.count += 1;
      return same;
    }
    const held: Held = { number, count: 1, isOpen: true };
    const remote = new RemoteObject(this, { number, kind, details }, () => this.#drop(held));
    const proxy = makeProxy(remote);
    this.#proxies.set(number, { proxy: new WeakRef(proxy), held });
    this.#collected.register(proxy, held);
    return proxy;
  }

  /** The server need not keep it for this client. */
  #drop(held: Held): void {
    if (!held.isOpen) return;
    held.isOpen = false;
    if (this.#proxies.get(held.number)?.held === held) this.#proxies.delete(held.number);
    if (this.#anchor.closed) return;
    this.#anchor.send([0, MANAGER, 'drop', [held.number, held.count], []]).catch(() => {
      // The server is gone, and the object with it.
    });
  }

  /** Ends the session: the server keeps nothing for this client any more. */
  close(): void {
    this.#line?.close();
    this.#anchor.close();
  }

  #checkOpen(): void {
    if (this.#anchor.closed) throw new ClosedError(`The connection to ${this.title} is closed`);
  }

  #explained(error: unknown, method: string): unknown {
    if (error instanceof TimeoutError) {
      const { callTimeout } = this.#settings;
      const message = `${this.title} has not answered '${method}' within ${callTimeout} ms; it may still carry it out`;
      return new TimeoutError(message, { cause: error });
    }
    const isEnd = error instanceof EOFError || error instanceof ResourceError || error instanceof ClosedError;
    if (!isEnd) return error;
    return new ClosedError(
      `The connection to ${this.title} has ended; whether '${method}' was still carried out is not known`,
      { cause: error },
    );
  }
}

/** What the object has thrown, and not the connection. */
class Thrown extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('thrown at the manager');
    this.reason = reason;
  }
}
