import { inspect } from 'node:util';

import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import { UNIX_PORT } from '../../native/socket-binding.ts';

/** A path or, with a zero in front, an abstract name of Linux; or a host and a port. */
export type Address = string | readonly [host: string, port: number];

/** How addresses are called in Python. */
export type AddressFamily = 'AF_INET' | 'AF_INET6' | 'AF_UNIX';

const FAMILIES: readonly string[] = ['AF_INET', 'AF_INET6', 'AF_UNIX'];
/** What fits into a `sockaddr_un`, with the zero at its end. */
const LONGEST_PATH = 107;
const LARGEST_PORT = 65_535;

/** Where a socket is; `port` is UNIX_PORT where `host` is a path. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** @throws TypeError, RangeError */
export function checkFamily(family: unknown, where: string): asserts family is AddressFamily | undefined {
  if (family === undefined) return;
  if (typeof family !== 'string') throw new TypeError(`${where}: family must be a string, not ${inspect(family)}`);
  if (FAMILIES.includes(family)) return;
  throw new RangeError(`${where}: there is no family ${inspect(family)} here, only ${FAMILIES.join(', ')}`);
}

/**
 * Checks an address, and its family if that is given.
 * @throws TypeError, RangeError
 */
export function placeOf(address: unknown, family: AddressFamily | undefined, where: string): Place {
  const place = typeof address === 'string' ? { host: address, port: UNIX_PORT } : checkInet(address, where);
  if (place.port === UNIX_PORT) checkPath(place.host, where);
  if (family !== undefined && (family === 'AF_UNIX') !== (place.port === UNIX_PORT)) {
    throw new TypeError(`${where}: ${inspect(address)} is no address of the family ${family}`);
  }
  return place;
}

function checkPath(path: string, where: string): void {
  // Python: '\\\\.\\pipe\\name', which is for Windows.
  if (path.startsWith('\\\\')) {
    throw new RangeError(`${where}: the family AF_PIPE, of ${inspect(path)}, is for Windows`);
  }
  const name = path.startsWith('\0') ? path.slice(1) : path;
  if (name === '') throw new TypeError(`${where}: the path is empty`);
  if (name.includes('\0')) throw new TypeError(`${where}: the path must have no zero but in front: ${inspect(path)}`);
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH) {
    throw new RangeError(`${where}: the path has ${bytes} bytes, at most ${LONGEST_PATH} are possible: ${path}`);
  }
}

function checkInet(address: unknown, where: string): Place {
  if (!Array.isArray(address) || address.length !== 2) {
    throw new TypeError(`${where}: an address is a path or [host, port], not ${inspect(address)}`);
  }
  const [host, port] = address as readonly unknown[];
  if (typeof host !== 'string' || host === '' || host.includes('\0')) {
    throw new TypeError(`${where}: the host must be a name or an IP address, not ${inspect(host)}`);
  }
  if (typeof port !== 'number') throw new TypeError(`${where}: the port must be a number, not ${inspect(port)}`);
  if (!Number.isInteger(port) || port < 0 || port > LARGEST_PORT) {
    throw new RangeError(`${where}: the port must be a whole number from 0 to ${LARGEST_PORT}, not ${port}`);
  }
  return { host, port };
}

/** IPv4, as in Python, unless the family or the address say otherwise. */
export function ipVersion(host: string, family: AddressFamily | undefined): 4 | 6 {
  return family === 'AF_INET6' || (family === undefined && host.includes(':')) ? 6 : 4;
}

/** The place with a numeric host; asks the system's resolver, and blocks meanwhile. */
export function resolved({ host, port }: Place, family: AddressFamily | undefined): Place {
  if (port === UNIX_PORT) return { host, port };
  const numeric = attempt(`find the host '${host}'`, () => binding.resolveHost(host, ipVersion(host, family)));
  return { host: numeric, port };
}

/** The address that a place is for users. */
export function addressOf({ host, port }: Place): Address {
  return port === UNIX_PORT ? host : [host, port];
}

/** For people. */
export function describePlace({ host, port }: Place): string {
  if (port === UNIX_PORT) return host.replace(/^\0/, '@');
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
