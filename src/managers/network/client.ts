import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

import { pause } from '../../memory/words.ts';
import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import { UNIX_PORT, WRITABLE } from '../../native/socket-binding.ts';
import { deadlineAfter, leftUntil } from '../../support/deadline.ts';
import { ResourceError, TimeoutError } from '../../support/errors.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../../support/options.ts';
import { within } from '../../support/within.ts';
import { describePlace, ipVersion, placeOf, resolved } from './address.ts';
import type { Address, Place } from './address.ts';
import { authenticate, authenticateSync, handshakeDeadline } from './authenticate.ts';
import { untilReady } from './descriptor-events.ts';
import { clientHandshake } from './handshake.ts';
import { checkNetworkOptions } from './network-options.ts';
import type { NetworkOptions, NetworkSettings } from './network-options.ts';
import { OpenSocket, SocketConnection } from './socket-connection.ts';

const require = createRequire(import.meta.url);
const WAIT_KEYS = ['timeout', 'signal'];
/** How long to wait for room in the backlog of a Unix socket, which the system does not tell of. */
const RETRY_MS = 5;

/** How a `ClientSync()` connects; `timeout` is for all of it. */
export interface ClientSyncOptions extends NetworkOptions, WaitOptions {}

/** How a `Client()` connects. */
export interface ClientOptions extends NetworkOptions, AsyncWaitOptions {}

/**
 * Connects to a `Listener`, in forkless or in Python.
 *
 * @param options `timeout` and `signal` are for all of it: finding the host, connecting, proving the key.
 * @throws ResourceError with `errno`: `ECONNREFUSED` and `ENOENT` when nobody listens there, …; AuthenticationError; TimeoutError
 * @example
 * using connection = await Client(['localhost', 6000], { authkey: 'secret' });
 * await connection.send('hello');
 */
export async function Client(address: Address, options: ClientOptions = {}): Promise<SocketConnection> {
  const settings = checkNetworkOptions(options, WAIT_KEYS, 'Client()');
  const { timeout = Infinity, signal } = options;
  checkWait({ timeout, ...(signal !== undefined && { signal }) }, 'Client()');
  const wanted = placeOf(address, settings.family, 'Client()');
  signal?.throwIfAborted();
  const deadline = deadlineAfter(timeout);
  const fd = await connect(wanted, settings, deadline, signal);
  const connection = connected(fd, wanted, settings);
  if (settings.credentials === undefined) return connection;
  const end = handshakeDeadline(settings.handshakeTimeout, deadline);
  await authenticate(connection, clientHandshake(settings.credentials), end, signal);
  return connection;
}

/** `Client` that blocks the thread. */
export function ClientSync(address: Address, options: ClientSyncOptions = {}): SocketConnection {
  const settings = checkNetworkOptions(options, SYNC_WAIT_KEYS, 'ClientSync()');
  const { timeout = Infinity } = options;
  checkWait({ timeout }, 'ClientSync()', SYNC_WAIT_KEYS);
  const wanted = placeOf(address, settings.family, 'ClientSync()');
  const deadline = deadlineAfter(timeout);
  const connection = connected(connectSync(wanted, settings, deadline), wanted, settings);
  if (settings.credentials === undefined) return connection;
  const end = handshakeDeadline(settings.handshakeTimeout, deadline);
  authenticateSync(connection, clientHandshake(settings.credentials), end);
  return connection;
}

function connected(fd: number, place: Place, { maxMessageBytes }: NetworkSettings): SocketConnection {
  return new SocketConnection(new OpenSocket(fd, describePlace(place), maxMessageBytes));
}

async function connect(
  wanted: Place,
  { family }: NetworkSettings,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const found = wanted.port === UNIX_PORT ? wanted : lookUp(wanted, ipVersion(wanted.host, family));
  const settled = Promise.resolve(found).catch(() => {});
  if (!(await within(settled, leftUntil(deadline), signal))) throw isLate(wanted);
  const place = await found;
  const wait = (): AsyncWaitOptions => ({ timeout: leftUntil(deadline), ...(signal !== undefined && { signal }) });
  for (;;) {
    signal?.throwIfAborted();
    const begun = begin(place, wanted);
    if (begun === undefined) {
      if (leftUntil(deadline) === 0) throw isLate(wanted);
      await sleep(Math.min(RETRY_MS, leftUntil(deadline)));
      continue;
    }
    const [fd, isConnected] = begun;
    try {
      if (!isConnected && !(await untilReady(fd, WRITABLE, wait()))) throw isLate(wanted);
      return finish(fd, wanted);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

function connectSync(wanted: Place, { family }: NetworkSettings, deadline: number): number {
  const place = resolved(wanted, family);
  for (;;) {
    const begun = begin(place, wanted);
    if (begun === undefined) {
      if (leftUntil(deadline) === 0) throw isLate(wanted);
      pause(Math.min(RETRY_MS, leftUntil(deadline)));
      continue;
    }
    const [fd, isConnected] = begun;
    try {
      if (!isConnected && binding.waitForDescriptor(fd, WRITABLE, deadline) === 0) throw isLate(wanted);
      return finish(fd, wanted);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

function begin({ host, port }: Place, wanted: Place): ReturnType<typeof binding.connectSocket> {
  return attempt(`connect to ${describePlace(wanted)}`, () => binding.connectSocket(host, port));
}

function finish(fd: number, wanted: Place): number {
  attempt(`connect to ${describePlace(wanted)}`, () => binding.connectResult(fd));
  return fd;
}

async function lookUp({ host, port }: Place, family: 4 | 6): Promise<Place> {
  const { lookup } = require('node:dns/promises') as typeof import('node:dns/promises');
  try {
    return { host: (await lookup(host, { family })).address, port };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ResourceError(`Cannot find the host '${host}': its name has no IPv${family} address, or is misspelt`, {
      cause: error,
      syscall: 'getaddrinfo',
      ...(code !== undefined && { errno: code }),
    });
  }
}

function isLate(place: Place): TimeoutError {
  return new TimeoutError(`Client(): the time is over, and there is no connection to ${describePlace(place)}`);
}
