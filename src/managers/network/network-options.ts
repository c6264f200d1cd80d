import { checkOptions } from '../../support/options.ts';
import { checkFamily } from './address.ts';
import type { AddressFamily } from './address.ts';
import { credentials } from './handshake.ts';
import type { Credentials } from './handshake.ts';

/** What a `Listener` and a `Client()` have in common. */
export interface NetworkOptions {
  /** Default: what the address looks like; `AF_INET` (IPv4) for the name of a host. */
  readonly family?: AddressFamily;
  /**
   * Both sides must have the same key, and prove it. A string stands for its UTF-8 bytes. Default: none, and whoever can reach
   * the address is let in. It proves who the peer is; it does not encrypt.
   */
  readonly authkey?: string | Uint8Array;
  /** Whether a peer may prove it by HMAC-MD5, the only way that Python knows before 3.12. Default false. */
  readonly allowMd5?: boolean;
  /** How long a peer may take to prove it, in ms. Default 10 000. */
  readonly handshakeTimeout?: number;
  /** The longest message that is received, in bytes. Default 256 MiB. */
  readonly maxMessageBytes?: number;
}

/** Checked, with the defaults. */
export interface NetworkSettings {
  readonly family: AddressFamily | undefined;
  readonly credentials: Credentials | undefined;
  readonly handshakeTimeout: number;
  readonly maxMessageBytes: number;
}

const KEYS = ['family', 'authkey', 'allowMd5', 'handshakeTimeout', 'maxMessageBytes'];
const HANDSHAKE_MS = 10_000;
const MESSAGE_BYTES = 2 ** 28;

/** @throws TypeError, RangeError; none of them shows the key. */
export function checkNetworkOptions(
  options: NetworkOptions,
  otherKeys: readonly string[],
  where: string,
): NetworkSettings {
  checkOptions(options, [...KEYS, ...otherKeys], where);
  const {
    family,
    authkey,
    allowMd5 = false,
    handshakeTimeout = HANDSHAKE_MS,
    maxMessageBytes = MESSAGE_BYTES,
  } = options;
  checkFamily(family, where);
  if (typeof allowMd5 !== 'boolean') throw new TypeError(`${where}: allowMd5 must be true or false`);
  checkPositive(handshakeTimeout, 'handshakeTimeout', where);
  checkPositive(maxMessageBytes, 'maxMessageBytes', where);
  return {
    family,
    credentials: authkey === undefined ? undefined : credentials(keyBytes(authkey, where), allowMd5),
    handshakeTimeout,
    maxMessageBytes,
  };
}

function keyBytes(authkey: unknown, where: string): Uint8Array {
  const bytes = typeof authkey === 'string' ? Buffer.from(authkey) : authkey;
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${where}: authkey must be a string or a Uint8Array`);
  // An empty text is rather a setting that is missing.
  if (authkey === '')
    throw new RangeError(`${where}: authkey is empty. Leave it out for none; new Uint8Array() is b''`);
  return bytes;
}

/** @throws TypeError, RangeError */
function checkPositive(value: unknown, name: string, where: string): asserts value is number {
  if (typeof value !== 'number') throw new TypeError(`${where}: ${name} must be a number, not ${typeof value}`);
  if (!(value > 0)) throw new RangeError(`${where}: ${name} must be more than 0, not ${value}`);
}
