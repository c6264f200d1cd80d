import { checkOptions, checkWait } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import type { StreamLimits } from './stream-state.ts';

export interface QueueOptions {
  /** Items that it holds at most; default 0, any number. */
  readonly maxSize?: number;
  /** For processes that are no relatives: `Queue.open(name)`. */
  readonly name?: string;
  /** Bytes of its items, about, beyond which `put` waits; default: no limit, of a named queue 64 MiB. */
  readonly maxBytes?: number;
}

/** How long to wait for room or an item. */
export interface QueueWait extends WaitOptions {
  /** False: not at all, like `timeout: 0`. Default true. */
  readonly block?: boolean;
}

export interface AsyncQueueWait extends QueueWait, AsyncWaitOptions {}

export const SYNC_QUEUE_KEYS: readonly string[] = ['block', 'timeout'];
export const ASYNC_QUEUE_KEYS: readonly string[] = ['block', 'timeout', 'signal'];

const NAMED_BYTES = 64 << 20;
const MOST_ITEMS = 2 ** 30;
const AT_ONCE: WaitOptions = { timeout: 0 };

/**
 * @throws TypeError for an unknown key or a wrong type, RangeError for a negative timeout.
 */
export function checkQueueWait(
  wait: AsyncQueueWait | undefined,
  where: string,
  keys: readonly string[],
): WaitOptions | undefined {
  if (wait === undefined) return undefined;
  checkOptions(wait, keys, where);
  const { block = true, ...options } = wait;
  if (typeof block !== 'boolean') throw new TypeError(`${where}: block must be true or false, not ${typeof block}`);
  checkWait(options, where);
  return block ? options : AT_ONCE;
}

/** @throws TypeError, RangeError */
export function checkQueueOptions(
  given: number | QueueOptions | undefined,
  where: string,
): StreamLimits & { readonly name: string | undefined } {
  const options = typeof given === 'number' ? { maxSize: given } : given;
  checkOptions(options, ['maxSize', 'name', 'maxBytes'], where);
  const { maxSize = 0, name, maxBytes = name === undefined ? 0 : NAMED_BYTES } = options ?? {};
  checkCount(maxSize, `${where}: maxSize`, 'items', MOST_ITEMS);
  checkCount(maxBytes, `${where}: maxBytes`, 'bytes', Number.MAX_SAFE_INTEGER);
  // As in Python, nothing or less is no limit.
  return { maxSize: Math.max(0, maxSize), maxBytes: Math.max(0, maxBytes), name };
}

function checkCount(value: unknown, what: string, unit: string, most: number): void {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number of ${unit}, not ${typeof value}`);
  if (!Number.isInteger(value) || value > most) {
    throw new RangeError(`${what} must be a whole number of ${unit} up to ${most}, 0 for no limit, not ${value}`);
  }
}
