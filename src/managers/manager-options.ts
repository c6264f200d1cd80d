import { placeOf, type Address } from './network/address.ts';
import { checkNetworkOptions, type NetworkOptions } from './network/network-options.ts';

/** How a manager is started. */
export interface ManagerOptions extends NetworkOptions {
  /**
   * Where the server listens: `[host, port]`, where port 0 is any free one, or the path of a Unix socket. Without one it serves
   * this process' family only, through shared memory.
   */
  readonly address?: Address;
  /** How long a blocking call may take, in ms; then it throws TimeoutError. By default for ever. */
  readonly callTimeout?: number;
  /** How long `shutdown` waits for the server's process to end before it terminates it, in ms. Default 1000. */
  readonly shutdownTimeout?: number;
}

const KEYS = ['address', 'callTimeout', 'shutdownTimeout'];

/** Options with the network's apart. */
export interface CheckedOptions {
  readonly address: Address | undefined;
  readonly network: NetworkOptions;
  readonly callTimeout: number | undefined;
  readonly shutdownTimeout: number;
}

const SHUTDOWN_MS = 1000;

/** @throws TypeError, RangeError */
export function checkManagerOptions(options: ManagerOptions, where: string): CheckedOptions {
  checkNetworkOptions(options, KEYS, where);
  for (const key of ['callTimeout', 'shutdownTimeout'] as const) {
    const value: unknown = options[key];
    if (value === undefined) continue;
    if (typeof value !== 'number') throw new TypeError(`${where}: ${key} must be a number of ms, not ${typeof value}`);
    if (!(value > 0)) throw new RangeError(`${where}: ${key} must be more than 0 ms, not ${value}`);
  }
  const { address, callTimeout, shutdownTimeout = SHUTDOWN_MS, ...network } = options;
  if (address !== undefined) placeOf(address, network.family, where);
  else if (Object.keys(network).length > 0) {
    throw new TypeError(`${where}: '${Object.keys(network)[0]}' is for a manager with an address, and there is none`);
  }
  return { address, network, callTimeout, shutdownTimeout };
}
