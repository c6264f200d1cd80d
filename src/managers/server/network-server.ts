import { inspect } from 'node:util';

import { currentProcess } from '../../process/current.ts';
import { encodeThrown } from '../../reduction/remote-error.ts';
import { AuthenticationError, ClosedError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import type { Address } from '../network/address.ts';
import { Listener } from '../network/listener.ts';
import type { NetworkOptions } from '../network/network-options.ts';
import type { SocketConnection } from '../network/socket-connection.ts';
import { Looks } from '../links/looks.ts';
import { GREETING, putBack, takeOut } from '../links/network-messages.ts';
import type { Placed } from '../links/network-messages.ts';
import { MANAGER, STATUS } from '../links/requests.ts';
import { Referent } from '../referents/referent.ts';
import { Hub, isThenable } from './hub.ts';
import type { ServedType } from './hub.ts';

const GREETING_MS = 10_000;
/** Requests of one client that work asynchronously; it is not listened to while there are so many. */
const MOST_UNDER_WAY = 1024;

interface Request {
  readonly number: number;
  readonly object: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** A client, which may have several connections: what it has proxies of, and how often it was sent each. */
class Session {
  readonly connections: Set<SocketConnection> = new Set<SocketConnection>();
  readonly held: Map<number, number> = new Map<number, number>();
  underWay = 0;
}

/**
 * The server of a manager at an address, in this process: `getServer()` of a manager makes it. It has the objects that the
 * manager's callables give, for all clients that prove the key, and as long as it runs.
 */
export class ManagerServer implements Disposable {
  static {
    printAs(
      ManagerServer,
      (server) => `ManagerServer { ${inspect(server.#listener)}, clients: ${server.#sessions.size} }`,
    );
  }

  readonly #hub: Hub;
  readonly #listener: Listener;
  readonly #greetingTimeout: number;
  readonly #sessions = new Map<string, Session>();
  /** How many sessions have proxies of an object. */
  readonly #holders = new Map<number, number>();

  /** @throws ResourceError when nobody can listen there */
  constructor(types: ReadonlyMap<string, ServedType>, address: Address | undefined, options: NetworkOptions) {
    this.#hub = new Hub(types, { sharesMemory: false });
    this.#listener = new Listener(address, options);
    this.#greetingTimeout = options.handshakeTimeout ?? GREETING_MS;
  }

  /** Where it listens, with the port that the system has chosen. */
  get address(): Address {
    return this.#listener.address;
  }

  /** Serves until `close`. A peer that is refused, or talks nonsense, is no business of the others. */
  async serveForever(): Promise<void> {
    while (!this.#listener.closed) {
      let connection: SocketConnection;
      try {
        connection = await this.#listener.accept();
      } catch (error) {
        if (error instanceof ClosedError && this.#listener.closed) return;
        // Refused, or gone before it was let in. Anything else would come at once again.
        if (!(error instanceof AuthenticationError)) await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      void this.#serve(connection);
    }
  }

  /** Ends it, and all of its connections. */
  close(): void {
    this.#listener.close();
    for (const { connections } of this.#sessions.values()) for (const connection of connections) connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #serve(connection: SocketConnection): Promise<void> {
    let name: string | undefined;
    let session: Session | undefined;
    let isFirst = false;
    try {
      name = sessionOf(await connection.recv({ timeout: this.#greetingTimeout }));
      session = this.#sessions.get(name);
      isFirst = session === undefined;
      if (session === undefined) this.#sessions.set(name, (session = new Session()));
      session.connections.add(connection);
      const looks = new Looks();
      for (;;) {
        const message = (await looks.turning(() => connection.tryRecv())) ?? (await connection.recv());
        const sending = this.#perform(connection, session, this.#request(session, message));
        // Who does not read answers cannot send requests for ever.
        if (sending !== undefined) await sending;
      }
    } catch {
      // The client has closed the connection, is gone, or has sent what is no request.
    } finally {
      connection.close();
      session?.connections.delete(connection);
      if (isFirst && name !== undefined && session !== undefined) this.#end(name, session);
    }
  }

  #end(name: string, session: Session): void {
    this.#sessions.delete(name);
    for (const connection of session.connections) connection.close();
    for (const number of session.held.keys()) this.#release(number);
    session.held.clear();
  }

  /** @throws TypeError for what is no request; StateError when a proxy is not this client's */
  #request(session: Session, message: unknown): Request {
    const [number, object, method, args, placed] = (Array.isArray(message) ? message : []) as unknown[];
    const isRequest = typeof number === 'number' && typeof object === 'number' && typeof method === 'string';
    if (!isRequest || !Array.isArray(args) || !Array.isArray(placed)) throw new TypeError('This is no request');
    const own = (which: unknown): object => this.#held(session, which as number).value;
    const whole = putBack(args, placed as Placed<unknown>[], own) as readonly unknown[];
    return { number, object, method, args: whole };
  }

  #perform(connection: SocketConnection, session: Session, request: Request): Promise<void> | undefined {
    const { number, object, method, args } = request;
    let result: unknown;
    try {
      result =
        object === MANAGER ? this.#manage(session, method, args) : this.#held(session, object).call(method, args);
    } catch (error) {
      return this.#answerThrown(connection, number, error);
    }
    if (number === 0) return undefined;
    if (!isThenable(result)) return this.#answer(connection, session, number, result);
    const answering = this.#answerLater(connection, session, number, result);
    return session.underWay > MOST_UNDER_WAY ? answering : undefined;
  }

  #manage(session: Session, method: string, [what, ...args]: readonly unknown[]): unknown {
    if (method === 'create') return this.#hub.create(what, args);
    if (method === 'count') return this.#hub.size;
    if (method !== 'drop') throw new TypeError(`A manager has no method '${method}'`);
    const left = (session.held.get(what as number) ?? 0) - Number(args[0]);
    if (left > 0) session.held.set(what as number, left);
    else if (session.held.delete(what as number)) this.#release(what as number);
    return undefined;
  }

  /** An object that this client was given: no client can guess those of others. */
  #held(session: Session, number: number): Referent {
    return this.#hub.at(session.held.has(number) ? number : undefined);
  }

  #release(number: number): void {
    const left = (this.#holders.get(number) ?? 1) - 1;
    if (left > 0) {
      this.#holders.set(number, left);
      return;
    }
    this.#holders.delete(number);
    this.#hub.forget(number);
  }

  async #answerLater(
    connection: SocketConnection,
    session: Session,
    number: number,
    result: PromiseLike<unknown>,
  ): Promise<void> {
    session.underWay += 1;
    try {
      let value: unknown;
      try {
        value = await result;
      } catch (error) {
        return await this.#answerThrown(connection, number, error);
      }
      await this.#answer(connection, session, number, value);
    } catch {
      // The client is gone.
    } finally {
      session.underWay -= 1;
    }
  }

  async #answer(connection: SocketConnection, session: Session, number: number, value: unknown): Promise<void> {
    const [sent, placed] = takeOut(value, (part) => (part instanceof Referent ? part : undefined));
    // Before it is sent, and when it cannot be: a hold too many goes with the session.
    const proxies = placed.map(([path, referent]): Placed<unknown> => [path, this.#give(session, referent)]);
    try {
      await connection.send([number, STATUS.value, sent, proxies]);
    } catch (error) {
      if (connection.closed || !connection.writable) throw error;
      await this.#answerThrown(connection, number, error);
    }
  }

  #give(session: Session, referent: Referent): readonly unknown[] {
    const number = this.#hub.numberOf(referent);
    const count = session.held.get(number) ?? 0;
    session.held.set(number, count + 1);
    if (count === 0) this.#holders.set(number, (this.#holders.get(number) ?? 0) + 1);
    return [number, referent.kind, referent.details];
  }

  async #answerThrown(connection: SocketConnection, number: number, error: unknown): Promise<void> {
    if (number === 0) return;
    const { name, pid = process.pid } = currentProcess();
    const { bytes } = encodeThrown(error, { name, pid }, { dataOnly: true });
    await connection.send([number, STATUS.thrown, bytes, []]);
  }
}

function sessionOf(greeting: unknown): string {
  if (Array.isArray(greeting) && greeting[0] === GREETING && typeof greeting[1] === 'string') return greeting[1];
  throw new TypeError('This is no client of a manager');
}
