import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import { currentProcess } from '../../process/current.ts';
import { rememberReference } from '../../reduction/reference.ts';
import { encodeThrown } from '../../reduction/remote-error.ts';
import { ClosedError, EOFError } from '../../support/errors.ts';
import { Connection } from '../../transport/connection.ts';
import { settleHome } from '../links/family-handle.ts';
import { isBody, isPrimitive, MANAGER, STATUS } from '../links/requests.ts';
import type { Hello, ThrownBytes } from '../links/requests.ts';
import { Sender } from '../links/sender.ts';
import { FamilyHome } from './family-home.ts';
import { Hub, isThenable } from './hub.ts';
import type { Callable, ServedType } from './hub.ts';
import { typesOf } from './sync-types.ts';

/** What the process of a manager is started with. */
export interface ServerSettings {
  /** Whether it has the types of a SyncManager. */
  readonly isSync: boolean;
  readonly types: ReadonlyMap<string, ServedType>;
  readonly callTimeout: number | undefined;
  /** What is called first. */
  readonly initializer: Callable | undefined;
  readonly initArgs: readonly unknown[];
}

/** A client that has sent so many requests in a row, and nobody else any, is waited for by blocking, for a moment. */
const ALONE = 32;
const FOR_A_MOMENT = { timeout: 0.3 };
/** How long an answer may take to be read before the process ends, in ms. */
const LAST_WORDS_MS = 50;

/**
 * The program of a manager's process: holds the objects and does what clients ask for, one after the other, until it is told to
 * stop or its owner ends.
 *
 * @param door at which clients put one end of a pipe of their own
 * @param entrance the other end of the door, for handles
 */
export async function serveFamily(door: Connection, entrance: Connection, settings: ServerSettings): Promise<void> {
  // Ctrl-C goes to all processes of a terminal: when the manager ends is its owner's affair.
  process.on('SIGINT', () => {});
  const { initializer, initArgs, isSync, types } = settings;
  if (initializer !== undefined) await (initializer as (...args: readonly unknown[]) => unknown)(...initArgs);
  const hub = new Hub(typesOf(isSync, types), { sharesMemory: true });
  const home = new FamilyHome(hub, entrance);
  settleHome({
    door: home.door,
    handle: (referent) => home.handle(referent),
    objectAt: (number) => hub.at(number).value,
  });
  const server = new FamilyServer(hub, home, { pid: process.pid, callTimeout: settings.callTimeout });
  for await (const end of door) if (end instanceof Connection) void server.serve(end);
}

// Not to be looked for, which only Node can.
rememberReference(serveFamily, { module: import.meta.url, name: 'serveFamily' });

class FamilyServer {
  readonly #hub: Hub;
  readonly #home: FamilyHome;
  readonly #hello: Hello;
  /** Whose request was the last one. */
  #latest: Connection | undefined;
  /** Calls that work asynchronously. */
  #underWay = 0;

  constructor(hub: Hub, home: FamilyHome, hello: Hello) {
    this.#hub = hub;
    this.#home = home;
    this.#hello = hello;
  }

  /** Serves a client until it closes its end, or is gone. */
  async serve(connection: Connection): Promise<void> {
    const sender = new Sender(connection);
    try {
      await sender.send([this.#hello]);
      await this.#serveRequests(connection, sender);
    } catch (error) {
      if (!isEnd(error)) report(error);
    } finally {
      connection.close();
      this.#home.lookSoon();
    }
  }

  async #serveRequests(connection: Connection, sender: Sender): Promise<void> {
    let inRow = 0;
    let body: { readonly args: readonly unknown[] } | { readonly error: unknown } | undefined;
    for (;;) {
      let message: readonly unknown[];
      inRow = this.#latest === connection ? inRow + 1 : 0;
      this.#latest = connection;
      try {
        // Who is woken by it alone is woken sooner than an event loop.
        if (inRow >= ALONE && this.#underWay === 0) connection.pollSync(FOR_A_MOMENT);
        message = (await connection.recv()) as readonly unknown[];
      } catch (error) {
        if (isEnd(error)) throw error;
        body = { error };
        continue;
      }
      if (isBody(message)) {
        body = { args: message[0] };
        continue;
      }
      const [number, object, method, ...inline] = message as readonly [number, number, string, ...unknown[]];
      const sending =
        body !== undefined && 'error' in body
          ? this.#answerThrown(sender, number, body.error)
          : this.#perform(sender, number, object, method, body?.args ?? inline);
      body = undefined;
      this.#home.lookSoon();
      // Who does not read answers cannot send requests for ever.
      if (sending !== undefined) await sending;
    }
  }

  #perform(
    sender: Sender,
    number: number,
    object: number,
    method: string,
    args: readonly unknown[],
  ): Promise<void> | undefined {
    let result: unknown;
    try {
      result = object === MANAGER ? this.#manage(method, args) : this.#hub.at(object).call(method, args);
    } catch (error) {
      return this.#answerThrown(sender, number, error);
    }
    if (!isThenable(result)) return this.#answer(sender, number, result);
    // Others are served meanwhile, and this client, too.
    void this.#answerLater(sender, number, result);
    return undefined;
  }

  #manage(method: string, [what, ...args]: readonly unknown[]): unknown {
    if (method === 'create') return this.#hub.create(what, args);
    if (method === 'count') {
      this.#home.sweep();
      return this.#hub.size;
    }
    if (method !== 'shutdown') throw new TypeError(`A manager has no method '${method}'`);
    void sleep(LAST_WORDS_MS).then(() => process.exit());
    return undefined;
  }

  async #answerLater(sender: Sender, number: number, result: PromiseLike<unknown>): Promise<void> {
    this.#underWay += 1;
    try {
      let value: unknown;
      try {
        value = await result;
      } catch (error) {
        return await this.#answerThrown(sender, number, error);
      }
      await this.#answer(sender, number, value);
    } catch (error) {
      if (!isEnd(error)) report(error);
    } finally {
      this.#underWay -= 1;
    }
  }

  #answer(sender: Sender, number: number, value: unknown): Promise<void> | undefined {
    const known = Math.abs(number);
    if (isPrimitive(value)) return sender.send([[known, value]]);
    const cannotTravel = (error: unknown): Promise<void> | undefined => {
      if (isEnd(error)) throw error;
      return this.#answerThrown(sender, number, error);
    };
    try {
      return sender.send([[[STATUS.value, value]], [-known]])?.catch(cannotTravel);
    } catch (error) {
      return cannotTravel(error);
    } finally {
      this.#home.sent();
    }
  }

  #answerThrown(sender: Sender, number: number, error: unknown): Promise<void> | undefined {
    const { name, pid = process.pid } = currentProcess();
    const { bytes, modules } = encodeThrown(error, { name, pid }, { code: true });
    const thrown: ThrownBytes = [bytes, modules];
    return sender.send([[[STATUS.thrown, thrown]], [-Math.abs(number)]]);
  }
}

/** A fault of one client, which is no business of the others. */
function report(error: unknown): void {
  process.stderr.write(`${currentProcess().name}: a client is given up:\n${inspect(error)}\n`);
}

/** The client has closed its end, or is gone. */
function isEnd(error: unknown): boolean {
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  return error instanceof EOFError || error instanceof ClosedError || (code === 'ERR_MP_RESOURCE' && errno === 'EPIPE');
}
