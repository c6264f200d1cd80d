import { checkOptions } from '../support/options.ts';

/** How a manager is started. */
export interface ManagerOptions {
  /** How long a blocking call may take, in ms; then it throws TimeoutError. By default for ever. */
  readonly callTimeout?: number;
  /** How long `shutdown` waits for the server's process to end before it terminates it, in ms. Default 1000. */
  readonly shutdownTimeout?: number;
}

export const MANAGER_KEYS: readonly string[] = ['callTimeout', 'shutdownTimeout'];

/** @throws TypeError, RangeError */
export function checkManagerOptions(options: ManagerOptions, keys: readonly string[], where: string): void {
  checkOptions(options, keys, where);
  for (const key of ['callTimeout', 'shutdownTimeout'] as const) {
    const value: unknown = options[key];
    if (value === undefined) continue;
    if (typeof value !== 'number') throw new TypeError(`${where}: ${key} must be a number of ms, not ${typeof value}`);
    if (!(value > 0)) throw new RangeError(`${where}: ${key} must be more than 0 ms, not ${value}`);
  }
}
