import type { BlockReference } from '../../memory/heap.ts';
import { resolveModules } from '../../reduction/module-table.ts';
import { decodeThrown } from '../../reduction/remote-error.ts';
import { deadlineAfter, leftUntil } from '../../support/deadline.ts';
import { ClosedError, EOFError, ResourceError, TimeoutError } from '../../support/errors.ts';
import { Connection } from '../../transport/connection.ts';
import { Pipe } from '../../transport/pipe.ts';
import { remoteOf } from '../proxies/remote-object.ts';
import type { Link } from './link.ts';
import { isBody, isPrimitive, STATUS } from './requests.ts';
import type { Hello, ThrownBytes } from './requests.ts';
import { Sender } from './sender.ts';

/** How long a client waits for the server before it looks whether that still is there. */
const LOOK_MS = 50;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Line {
  readonly connection: Connection;
  readonly sender: Sender;
  readonly hello: Hello;
}

/**
 * This environment's ways to a manager of its family: a pipe for blocking calls, another one for promises, each made when it is
 * needed first. So an answer to one can never be taken for one to the other. Blocking calls are one at a time: a line on
 * which something went wrong is given up with all that is under way on it, and the next call makes a new one.
 */
export class FamilyLink implements Link {
  readonly #door: Connection;
  readonly #key: string;
  #line: Line | undefined;
  #asyncLine: Promise<Line> | undefined;
  readonly #pending = new Map<number, Pending>();
  #lastNumber = 0;
  #pid: number | undefined;
  #state: 'open' | 'closed' = 'open';
  /** The proxies that this environment has. */
  readonly #proxies = new Map<number, WeakRef<object>>();
  readonly #forgotten = new FinalizationRegistry<number>((number) => {
    if (this.#proxies.get(number)?.deref() === undefined) this.#proxies.delete(number);
  });

  private constructor(door: Connection, key: string) {
    this.#door = door;
    this.#key = key;
  }

  /** The link to the manager with this door. */
  static through(door: BlockReference): FamilyLink {
    const key = keyOf(door);
    const known = links.get(key)?.deref();
    if (known !== undefined) return known;
    const link = new FamilyLink(Connection.attach(door), key);
    links.set(key, new WeakRef(link));
    return link;
  }

  get title(): string {
    return `the manager${this.#pid === undefined ? '' : ` (pid ${this.#pid})`}`;
  }

  /** Where its door is, for handles. */
  get door(): BlockReference {
    return this.#door.share();
  }

  /** The proxy that this environment has of an object already. */
  proxyOf(number: number): object | undefined {
    return this.#proxies.get(number)?.deref();
  }

  addProxy(number: number, proxy: object): void {
    this.#proxies.set(number, new WeakRef(proxy));
    this.#forgotten.register(proxy, number);
  }

  deleteProxy(number: number): void {
    this.#proxies.delete(number);
  }

  // ---- blocking ----

  callSync(object: number, method: string, args: readonly unknown[]): unknown {
    const line = this.#line ?? this.#openSync();
    // What is packed and unpacked may call the manager, too: it gets a line of its own.
    this.#line = undefined;
    const number = ++this.#lastNumber;
    const { callTimeout } = line.hello;
    let result: unknown;
    try {
      const deadline = callTimeout === undefined ? undefined : deadlineAfter(callTimeout);
      for (const part of requestOf(number, object, method, args)) line.connection.sendSync(part, until(deadline));
      result = answerSync(line.connection, deadline);
    } catch (error) {
      line.connection.close();
      throw this.#explained(error, method, callTimeout);
    }
    if (this.#line === undefined && this.#state === 'open') this.#line = line;
    else line.connection.close();
    return result instanceof Thrown ? result.rethrow() : result;
  }

  #openSync(): Line {
    this.#checkOpen();
    const [mine, theirs] = Pipe();
    try {
      this.#door.sendSync(theirs);
      theirs.close();
      for (;;) {
        if (mine.pollSync({ timeout: LOOK_MS })) return this.#greeted(mine, mine.recvSync() as Hello);
        this.#door.trySend(null);
      }
    } catch (error) {
      theirs.close();
      mine.close();
      throw this.#explained(error, undefined, undefined);
    }
  }

  // ---- promises ----

  /** Waits until the server serves this environment. */
  async ready(): Promise<void> {
    await (this.#asyncLine ??= this.#open());
  }

  async call(object: number, method: string, args: readonly unknown[]): Promise<unknown> {
    const { connection, sender } = await (this.#asyncLine ??= this.#open());
    const number = ++this.#lastNumber;
    return new Promise((resolve, reject) => {
      const isFirst = this.#pending.size === 0;
      this.#pending.set(number, { resolve, reject });
      const failed = (error: unknown): void => {
        this.#pending.delete(number);
        reject(this.#explained(error, method, undefined) as Error);
      };
      try {
        sender.send(requestOf(number, object, method, args))?.catch(failed);
      } catch (error) {
        return failed(error);
      }
      if (isFirst) void this.#receive(connection);
    });
  }

  async #open(): Promise<Line> {
    try {
      this.#checkOpen();
      const [mine, theirs] = Pipe();
      try {
        await this.#door.send(theirs);
        theirs.close();
        while (!(await mine.poll({ timeout: LOOK_MS }))) this.#door.trySend(null);
        return this.#greeted(mine, (await mine.recv()) as Hello);
      } catch (error) {
        theirs.close();
        mine.close();
        throw error;
      }
    } catch (error) {
      this.#asyncLine = undefined;
      throw this.#explained(error, undefined, undefined);
    }
  }

  /** Takes answers as long as somebody waits for one: the wait keeps the event loop alive. */
  async #receive(connection: Connection): Promise<void> {
    let body: { readonly result: unknown } | { readonly error: unknown } | undefined;
    while (this.#pending.size > 0) {
      let message: readonly unknown[];
      try {
        message = (await connection.recv()) as readonly unknown[];
      } catch (error) {
        if (isEnd(error)) return this.#failAll(connection, error);
        body = { error };
        continue;
      }
      if (isBody(message)) {
        body = { result: await received(message[0]) };
        continue;
      }
      const pending = this.#take(Math.abs(message[0] as number));
      if (body === undefined) pending?.resolve(message[1]);
      else if ('error' in body) pending?.reject(body.error);
      else if (body.result instanceof Thrown) pending?.reject(body.result.reason);
      else pending?.resolve(body.result);
      body = undefined;
    }
  }

  #failAll(connection: Connection, error: unknown): void {
    this.#asyncLine = undefined;
    connection.close();
    const failed = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of failed) reject(this.#explained(error, undefined, undefined));
  }

  #take(number: number): Pending | undefined {
    const pending = this.#pending.get(number);
    this.#pending.delete(number);
    return pending;
  }

  // ---- ends ----

  /** The manager is given up: its proxies here cannot be used any more. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    links.delete(this.#key);
    for (const proxy of [...this.#proxies.values()].map((reference) => reference.deref())) {
      if (proxy !== undefined) remoteOf(proxy).close();
    }
    this.#line?.connection.close();
    void this.#asyncLine?.then(
      ({ connection }) => connection.close(),
      () => {},
    );
    this.#door.close();
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw new ClosedError(`${capital(this.title)} has been shut down`);
  }

  #greeted(connection: Connection, hello: Hello): Line {
    this.#pid = hello.pid;
    return { connection, sender: new Sender(connection), hello };
  }

  #explained(error: unknown, method: string | undefined, callTimeout: number | undefined): unknown {
    const call = method === undefined ? 'a call' : `'${method}'`;
    if (error instanceof TimeoutError) {
      return new TimeoutError(
        `${capital(this.title)} has not answered ${call} within ${callTimeout} ms; it may still carry it out`,
        { cause: error },
      );
    }
    if (!isEnd(error)) return error;
    return new ClosedError(
      `${capital(this.title)} has ended, and its objects with it; whether ${call} was still carried out is not known`,
      { cause: error },
    );
  }
}

const links = new Map<string, WeakRef<FamilyLink>>();

function keyOf({ family, offset, stamp }: BlockReference): string {
  return `${family}:${offset}:${stamp}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The other side has gone, or this side has been closed meanwhile. */
function isEnd(error: unknown): boolean {
  return (
    error instanceof EOFError ||
    (error instanceof ResourceError && error.errno === 'EPIPE') ||
    error instanceof ClosedError
  );
}

/** What a call has thrown at the manager. */
class Thrown {
  readonly reason: unknown;

  constructor(bytes: Uint8Array) {
    this.reason = decodeThrown(bytes, { code: true });
  }

  rethrow(): never {
    throw this.reason;
  }
}

/** The parts of a request. */
function requestOf(number: number, object: number, method: string, args: readonly unknown[]): readonly unknown[] {
  return args.every(isPrimitive) ? [[number, object, method, ...args]] : [[args], [-number, object, method]];
}

function answerSync(connection: Connection, deadline: number | undefined): unknown {
  const message = connection.recvSync(until(deadline)) as readonly unknown[];
  if (!isBody(message)) return message[1];
  connection.recvSync(until(deadline));
  const [status, what] = message[0];
  return status === STATUS.value ? what : new Thrown((what as ThrownBytes)[0]);
}

async function received([status, what]: readonly unknown[]): Promise<unknown> {
  if (status === STATUS.value) return what;
  const [bytes, modules] = what as ThrownBytes;
  // Without its module the error arrives as a RemoteError.
  await resolveModules(modules).catch(() => {});
  return new Thrown(bytes);
}

function until(deadline: number | undefined): { timeout: number } | undefined {
  return deadline === undefined ? undefined : { timeout: leftUntil(deadline) };
}
