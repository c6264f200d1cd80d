import { currentProcess } from '../../process/current.ts';
import { encodeThrown } from '../../reduction/remote-error.ts';
import { Looks } from '../links/looks.ts';
import { GREETING, putBack, takeOut } from '../links/network-messages.ts';
import type { Placed } from '../links/network-messages.ts';
import { MANAGER, STATUS } from '../links/requests.ts';
import type { SocketConnection } from '../network/socket-connection.ts';
import { Referent } from '../referents/referent.ts';
import { Hub, isThenable } from './hub.ts';
import type { ServedType } from './hub.ts';
import { typesOf } from './sync-types.ts';

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

/** The objects of a server at an address, and the clients that it serves. */
export class Sessions {
  readonly #hub: Hub;
  readonly #greetingTimeout: number;
  readonly #sessions = new Map<string, Session>();
  /** How many sessions have proxies of an object. */
  readonly #holders = new Map<number, number>();

  /** @param greetingTimeout how long a peer that has been let in may say nothing, in ms */
  constructor(isSync: boolean, types: ReadonlyMap<string, ServedType>, greetingTimeout: number) {
    this.#hub = new Hub(typesOf(isSync, types), { sharesMemory: false });
    this.#greetingTimeout = greetingTimeout;
  }

  /** Ends all connections. */
  close(): void {
    for (const { connections } of this.#sessions.values()) for (const connection of connections) connection.close();
  }

  /** Serves a connection until it ends; a peer that talks nonsense is no business of the others. */
  async serve(connection: SocketConnection): Promise<void> {
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
