import { cpuCount } from '../process/cpu-count.ts';
import { checkCount, checkFunction, checkIterable, checkPoolOptions } from '../pool/pool-options.ts';
import type { PoolOptions, PoolSettings } from '../pool/pool-options.ts';
import { checkOptions, checkWait } from '../support/options.ts';
import type { WaitOptions } from '../support/options.ts';

/** Options of `new ProcessPoolExecutor()` and `new ThreadPoolExecutor()`. */
export interface ExecutorOptions extends Omit<PoolOptions, 'processes'> {
  /** How many workers there are at most: they are started when there are calls for them. Default: `cpuCount()`. */
  readonly maxWorkers?: number | undefined;
}

/** Options of `map()` and `mapSync()`. */
export interface ExecutorMapOptions extends WaitOptions {
  /** Items that a worker gets at once. Default: 1. */
  readonly chunkSize?: number | undefined;
  /**
   * Items that are taken from the input before their results are asked for, at most. Default: all at once; of an asynchronous input
   * 4 chunks for each worker.
   */
  readonly bufferSize?: number | undefined;
}

/** Options of `shutdown()`. */
export interface ShutdownOptions {
  /** Whether to wait until all calls have ended, and the workers. Default: true. */
  readonly wait?: boolean | undefined;
  /** Whether to cancel the calls that have not begun. Default: false. */
  readonly cancelFutures?: boolean | undefined;
}

const KEYS = ['maxWorkers', 'initializer', 'initArgs', 'maxTasksPerChild', 'name', 'onWorkerDeath', 'maxRetries'];
const MAP_KEYS = ['chunkSize', 'bufferSize', 'timeout'];

/** @throws TypeError, RangeError that names the option. */
export function checkExecutorOptions(given: number | ExecutorOptions | undefined, kind: string): PoolSettings {
  const where = `new ${kind}()`;
  const options = typeof given === 'number' || given === undefined ? { maxWorkers: given } : given;
  checkOptions(options, KEYS, where);
  const { maxWorkers = cpuCount(), name = kind, ...rest } = options;
  checkCount(maxWorkers, 1, 'maxWorkers', where);
  return { ...checkPoolOptions({ ...rest, name, processes: maxWorkers }, where), startsOnDemand: true };
}

/** What `map` gets behind the function. */
export interface MapArguments {
  readonly inputs: readonly (Iterable<unknown> | AsyncIterable<unknown>)[];
  readonly options: ExecutorMapOptions;
}

/**
 * Tells the options from the inputs: they are the last argument when that cannot be iterated over.
 * @throws TypeError, RangeError
 */
export function checkMapArguments(fn: unknown, rest: readonly unknown[], where: string): MapArguments {
  checkFunction(fn, where);
  const last = rest.at(-1);
  const hasOptions = typeof last === 'object' && last !== null && !isIterable(last) && !isAsyncIterable(last);
  const inputs = hasOptions ? rest.slice(0, -1) : rest;
  const options = (hasOptions ? last : {}) as ExecutorMapOptions;
  checkWait(options, where, MAP_KEYS);
  const { chunkSize, bufferSize } = options;
  if (chunkSize !== undefined) checkCount(chunkSize, 1, 'chunkSize', where);
  if (bufferSize !== undefined) checkCount(bufferSize, 1, 'bufferSize', where);
  if (inputs.length === 0) throw new TypeError(`${where}: expected something to iterate over behind the function`);
  for (const input of inputs) if (!isAsyncIterable(input)) checkIterable(input, 'each input', where);
  return { inputs: inputs as MapArguments['inputs'], options };
}

interface CheckedShutdown {
  readonly wait: boolean;
  readonly cancelFutures: boolean;
}

/** @throws TypeError */
export function checkShutdown(options: ShutdownOptions | undefined, where: string): CheckedShutdown {
  checkOptions(options, ['wait', 'cancelFutures'], where);
  const { wait = true, cancelFutures = false } = options ?? {};
  if (typeof wait !== 'boolean') throw new TypeError(`${where}: wait must be true or false`);
  if (typeof cancelFutures !== 'boolean') throw new TypeError(`${where}: cancelFutures must be true or false`);
  return { wait, cancelFutures };
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return value !== null && value !== undefined && Symbol.asyncIterator in Object(value);
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value;
}
