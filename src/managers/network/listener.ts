import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import { READABLE, UNIX_PORT } from '../../native/socket-binding.ts';
import { deadlineAfter } from '../../support/deadline.ts';
import { ClosedError, ResourceError, TimeoutError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';
import { addressOf, describePlace, placeOf, resolved } from './address.ts';
import type { Address, Place } from './address.ts';
import { authenticate, authenticateSync, handshakeDeadline } from './authenticate.ts';
import { DescriptorEvents } from './descriptor-events.ts';
import { listenerHandshake } from './handshake.ts';
import { checkNetworkOptions } from './network-options.ts';
import type { NetworkOptions, NetworkSettings } from './network-options.ts';
import { OpenSocket, SocketConnection } from './socket-connection.ts';
import { giveUpPath, keepSocketFile, newSocketPath, removeSocketFile } from './socket-files.ts';
import type { SocketFile } from './socket-files.ts';
import { NOT_YET, WaitQueue } from './wait-queue.ts';

/** What a `Listener` is to be. */
export interface ListenerOptions extends NetworkOptions {
  /** How many peers may wait to be accepted. Default 128. */
  readonly backlog?: number;
}

const BACKLOG = 128;
/** How many peers prove their key at the same time; others wait in the backlog. */
const MOST_HANDSHAKES = 64;

/** A peer that has come: let in, or refused. */
type Arrival = { readonly connection: SocketConnection; readonly peer: Address } | { readonly error: unknown };

/**
 * Waits for connections at an address: a path (a Unix socket, for this user only), or `[host, port]`, where port 0 is any free
 * one. Without an address it makes up one: a path, or a free port of this machine with `family: 'AF_INET'`.
 *
 * A peer that does not know the key, says nothing or talks nonsense is refused: one `accept` rejects, and the next one goes on.
 * The file of a Unix socket goes with `close` and with the end of this process, but not when that is killed.
 * Python: `multiprocessing.connection.Listener`.
 * @example
 * using listener = new Listener(['localhost', 6000], { authkey: 'secret' });
 * using connection = await listener.accept({ timeout: 1000 });
 * console.log(await connection.recv());
 */
export class Listener implements Disposable {
  static {
    printAs(Listener, (listener) => `Listener { address: '${describePlace(listener.#place)}', ${listener.#state} }`);
  }

  readonly #fd: number;
  readonly #place: Place;
  readonly #file: SocketFile | undefined;
  readonly #settings: NetworkSettings;
  readonly #events: DescriptorEvents;
  readonly #waiting: WaitQueue = new WaitQueue(() => this.#watch());
  /** Who proves that he knows the key. */
  readonly #proving = new Set<SocketConnection>();
  readonly #arrived: Arrival[] = [];
  #lastAccepted: Address | undefined;
  #state: 'open' | 'closed' = 'open';

  /**
   * @throws TypeError, RangeError; ResourceError with `errno`: `EADDRINUSE`, `EACCES`, …
   */
  constructor(address?: Address, options: ListenerOptions = {}) {
    const where = 'new Listener()';
    this.#settings = checkNetworkOptions(options, ['backlog'], where);
    const { family } = this.#settings;
    const backlog = checkBacklog(options.backlog ?? BACKLOG, where);
    const isMadeUp = address === undefined && (family ?? 'AF_UNIX') === 'AF_UNIX';
    const wanted = placeOf(address ?? (isMadeUp ? newSocketPath() : ['localhost', 0]), family, where);
    const { host, port } = resolved(wanted, family);
    try {
      const [fd, boundHost, boundPort] = attempt(`listen at ${describePlace(wanted)}`, () =>
        binding.listenSocket(host, port, backlog),
      );
      this.#fd = fd;
      this.#place = { host: boundHost, port: boundPort };
    } catch (error) {
      if (isMadeUp) giveUpPath(host);
      throw reworded(error, wanted);
    }
    const hasFile = port === UNIX_PORT && !host.startsWith('\0');
    this.#file = hasFile ? keepSocketFile(host, isMadeUp) : undefined;
    this.#events = new DescriptorEvents(this.#fd, () => this.#waiting.run(), true, this.#file);
  }

  /** Where it listens, with the port that the system has chosen. */
  get address(): Address {
    return addressOf(this.#place);
  }

  /** Where the last accepted connection comes from; undefined before the first. A Unix peer has the address `''`. */
  get lastAccepted(): Address | undefined {
    return this.#lastAccepted;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  /**
   * The next connection. Several peers may prove their key at the same time.
   * @throws AuthenticationError when a peer has been refused, after which the listener goes on; TimeoutError; ClosedError; the
   * reason of the signal.
   */
  async accept(wait?: AsyncWaitOptions): Promise<SocketConnection> {
    checkWait(wait, 'accept()');
    const arrival = await this.#waiting.add(this.#next, wait);
    return this.#letIn(arrival, 'accept()');
  }

  /** `accept` that blocks the thread. One peer after the other proves its key; one that is not done in time is refused. */
  acceptSync(wait?: WaitOptions): SocketConnection {
    checkWait(wait, 'acceptSync()', SYNC_WAIT_KEYS);
    this.#checkOpen();
    const deadline = deadlineAfter(wait?.timeout ?? Infinity);
    for (;;) {
      const arrival = this.#arrived.shift() ?? this.#acceptOne();
      if (arrival !== undefined) return this.#letIn(this.#provenSync(arrival, deadline), 'acceptSync()');
      if (attempt('wait for a connection', () => binding.waitForDescriptor(this.#fd, READABLE, deadline)) === 0) {
        return this.#letIn(TIMED_OUT, 'acceptSync()');
      }
    }
  }

  /** Whoever waits in `accept`, or has not been accepted, gets nothing any more; connections that were accepted go on. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#events.close();
    if (this.#file !== undefined) removeSocketFile(this.#file);
    for (const connection of this.#proving) connection.close();
    for (const arrival of this.#arrived) if ('connection' in arrival) arrival.connection.close();
    this.#waiting.rejectAll(this.#isClosed());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #next = (): Arrival | typeof NOT_YET => {
    this.#checkOpen();
    while (this.#arrived.length === 0 && this.#proving.size < MOST_HANDSHAKES) {
      const arrival = this.#acceptOne();
      if (arrival === undefined) break;
      if (this.#settings.credentials === undefined) return arrival;
      void this.#prove(arrival);
    }
    return this.#arrived.shift() ?? NOT_YET;
  };

  /** Takes who is there, without asking for the key. */
  #acceptOne(): (Arrival & { readonly connection: SocketConnection }) | undefined {
    const accepted = attempt('accept a connection', () => binding.acceptSocket(this.#fd));
    if (accepted === undefined) return undefined;
    const [fd, host, port] = accepted;
    const peer = { host, port };
    const name = port === UNIX_PORT ? `a client of ${describePlace(this.#place)}` : describePlace(peer);
    const connection = new SocketConnection(new OpenSocket(fd, name, this.#settings.maxMessageBytes));
    return { connection, peer: addressOf(peer) };
  }

  /** Asks for the key while others do, too. */
  async #prove(arrival: Arrival & { readonly connection: SocketConnection }): Promise<void> {
    const { credentials, handshakeTimeout } = this.#settings;
    if (credentials === undefined) return;
    const { connection } = arrival;
    this.#proving.add(connection);
    try {
      await authenticate(connection, listenerHandshake(credentials), handshakeDeadline(handshakeTimeout));
      this.#arrived.push(arrival);
    } catch (error) {
      this.#arrived.push({ error });
    }
    this.#proving.delete(connection);
    if (this.#state === 'closed') return connection.close();
    this.#waiting.run();
    this.#watch();
  }

  #provenSync(arrival: Arrival, deadline: number): Arrival {
    const { credentials, handshakeTimeout } = this.#settings;
    if (credentials === undefined || !('connection' in arrival)) return arrival;
    authenticateSync(arrival.connection, listenerHandshake(credentials), handshakeDeadline(handshakeTimeout, deadline));
    return arrival;
  }

  #letIn(arrival: Arrival | typeof TIMED_OUT, call: string): SocketConnection {
    if (arrival === TIMED_OUT) throw new TimeoutError(`${call}: the time is over, and nobody has come`);
    if ('error' in arrival) throw arrival.error;
    this.#lastAccepted = arrival.peer;
    return arrival.connection;
  }

  #watch(): void {
    if (this.#state === 'closed') return;
    const takes = this.#waiting.size > 0 && this.#proving.size < MOST_HANDSHAKES;
    this.#events.want(takes ? READABLE : 0);
  }

  #checkOpen(): void {
    if (this.#state === 'closed') throw this.#isClosed();
  }

  #isClosed(): ClosedError {
    return new ClosedError(`The Listener at ${describePlace(this.#place)} is closed`);
  }
}

function checkBacklog(backlog: unknown, where: string): number {
  if (typeof backlog !== 'number') throw new TypeError(`${where}: backlog must be a number, not ${typeof backlog}`);
  if (Number.isInteger(backlog) && backlog >= 1 && backlog <= 0x7fffffff) return backlog;
  throw new RangeError(`${where}: backlog must be a whole number, at least 1, not ${backlog}`);
}

/** Says what to do about a file that nobody has removed. */
function reworded(error: unknown, place: Place): unknown {
  if (!(error instanceof ResourceError) || error.errno !== 'EADDRINUSE') return error;
  const remedy =
    place.port === UNIX_PORT
      ? 'a file is there: choose another path, or remove it if its listener was killed'
      : 'somebody listens there: choose another port, or 0 for a free one';
  return new ResourceError(`Cannot listen at ${describePlace(place)}: ${remedy}`, {
    cause: error,
    errno: error.errno,
    ...(error.syscall !== undefined && { syscall: error.syscall }),
  });
}
