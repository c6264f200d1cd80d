import type { AnyFunction } from '../reduction/reference.ts';
import { cpuCount } from '../process/cpu-count.ts';
import type { StartMethod } from '../process/start-method.ts';
import { checkOptions, checkWait } from '../support/options.ts';
import type { AsyncWaitOptions } from '../support/options.ts';

/** Options of `new Pool()`. */
export interface PoolOptions {
  /** How many workers. Default: `cpuCount()`. */
  readonly processes?: number | undefined;
  /** Called in each worker before its first task. */
  readonly initializer?: ((...args: never[]) => unknown) | undefined;
  readonly initArgs?: Iterable<unknown> | undefined;
  /** A worker is replaced after so many tasks; a chunk of a map counts as one. Default: never. */
  readonly maxTasksPerChild?: number | null | undefined;
  /** Workers are called `<name>-N`. Default: `PoolWorker`. */
  readonly name?: string | undefined;
  /** What becomes of the task of a worker that dies. Default: `'reject'`, with WorkerDiedError. */
  readonly onWorkerDeath?: 'reject' | 'retry' | undefined;
  /** How often a task is tried again, with `'retry'`, before it is rejected. Default: 3. */
  readonly maxRetries?: number | undefined;
}

/** The same, checked. */
export interface PoolSettings {
  readonly processes: number;
  readonly initializer: AnyFunction | undefined;
  readonly initArgs: readonly unknown[];
  readonly maxTasks: number;
  readonly name: string;
  readonly maxRetries: number;
  /** Whether workers are started only when there are tasks for them. */
  readonly startsOnDemand: boolean;
  /** How workers are started; undefined: as `setStartMethod()` says. */
  readonly startMethod: StartMethod | undefined;
}

const KEYS = ['processes', 'initializer', 'initArgs', 'maxTasksPerChild', 'name', 'onWorkerDeath', 'maxRetries'];
/** @throws TypeError, RangeError that names the option. */
export function checkPoolOptions(given: number | PoolOptions | undefined, where = 'new Pool()'): PoolSettings {
  const options = typeof given === 'number' || given === undefined ? { processes: given } : given;
  checkOptions(options, KEYS, where);
  const { processes = cpuCount(), initializer, initArgs = [], maxTasksPerChild, name = 'PoolWorker' } = options;
  const { onWorkerDeath = 'reject', maxRetries = 3 } = options;
  checkCount(processes, 1, 'processes', where);
  if (initializer !== undefined && typeof initializer !== 'function') {
    throw new TypeError(`${where}: initializer must be a function, not ${typeof initializer}`);
  }
  checkIterable(initArgs, 'initArgs', where);
  if (maxTasksPerChild !== undefined && maxTasksPerChild !== null) {
    checkCount(maxTasksPerChild, 1, 'maxTasksPerChild', where);
  }
  if (typeof name !== 'string') throw new TypeError(`${where}: name must be a string, not ${typeof name}`);
  if (onWorkerDeath !== 'reject' && onWorkerDeath !== 'retry') {
    throw new TypeError(`${where}: onWorkerDeath must be 'reject' or 'retry'`);
  }
  checkCount(maxRetries, 0, 'maxRetries', where);
  return {
    processes,
    initializer: initializer as AnyFunction | undefined,
    initArgs: Array.from(initArgs),
    maxTasks: maxTasksPerChild ?? 0,
    name,
    maxRetries: onWorkerDeath === 'retry' ? maxRetries : 0,
    startsOnDemand: false,
    startMethod: undefined,
  };
}

/** How long a call may take, and what ends it early: a task that is running then is stopped, with its worker. */
export type TaskOptions = AsyncWaitOptions;

export interface CallOptions<R = unknown> extends TaskOptions {
  /** Named arguments: an object that the function gets as its last argument. */
  readonly kwargs?: object | undefined;
  readonly callback?: ((value: R) => void) | undefined;
  readonly errorCallback?: ((error: unknown) => void) | undefined;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export interface MapOptions<R = unknown> extends TaskOptions {
  /** Items of a chunk, which is what a worker gets at once. Default: measured, some ms of work. */
  readonly chunkSize?: number | undefined;
  /** Called after each chunk. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Shows a bar on stderr, if that is a terminal. */
  readonly progress?: boolean | undefined;
  readonly callback?: ((value: R[]) => void) | undefined;
  readonly errorCallback?: ((error: unknown) => void) | undefined;
}

export interface IterationOptions {
  /** Items of a chunk. Default: 1. */
  readonly chunkSize?: number | undefined;
  /** Items that are taken from the input before their results are asked for, at most. Default: 4 chunks for each worker, up to 16 if they are short. */
  readonly bufferSize?: number | undefined;
}

export const TASK_KEYS: readonly string[] = ['timeout', 'signal'];
const CALL_KEYS: readonly string[] = [...TASK_KEYS, 'kwargs', 'callback', 'errorCallback'];
export const MAP_KEYS: readonly string[] = ['chunkSize', 'onProgress', 'progress', ...TASK_KEYS];
export const MAP_ASYNC_KEYS: readonly string[] = [...MAP_KEYS, 'callback', 'errorCallback'];
const ITERATION_KEYS: readonly string[] = ['chunkSize', 'bufferSize'];

/** @throws TypeError */
export function checkFunction(fn: unknown, where: string): void {
  if (typeof fn !== 'function') throw new TypeError(`${where}: expected a function to call, not ${typeof fn}`);
}

/** @throws TypeError, RangeError */
export function checkCall(
  options: CallOptions<never> | undefined,
  where: string,
  keys: readonly string[] = CALL_KEYS,
): void {
  if (options === undefined) return;
  checkWait(options, where, keys);
  const { kwargs, callback, errorCallback } = options;
  if (kwargs !== undefined && (typeof kwargs !== 'object' || kwargs === null)) {
    throw new TypeError(`${where}: kwargs must be an object`);
  }
  checkCallback(callback, 'callback', where);
  checkCallback(errorCallback, 'errorCallback', where);
}

/** @throws TypeError, RangeError */
export function checkMap(options: MapOptions<never> | undefined, where: string, keys: readonly string[]): void {
  if (options === undefined) return;
  checkWait(options, where, keys);
  const { chunkSize, onProgress, progress, callback, errorCallback } = options;
  if (chunkSize !== undefined) checkCount(chunkSize, 1, 'chunkSize', where);
  if (progress !== undefined && typeof progress !== 'boolean') {
    throw new TypeError(`${where}: progress must be true or false`);
  }
  checkCallback(onProgress, 'onProgress', where);
  checkCallback(callback, 'callback', where);
  checkCallback(errorCallback, 'errorCallback', where);
}

/** @throws TypeError, RangeError */
export function checkIteration(options: IterationOptions | undefined, where: string): void {
  checkOptions(options, ITERATION_KEYS, where);
  const { chunkSize, bufferSize } = options ?? {};
  if (chunkSize !== undefined) checkCount(chunkSize, 1, 'chunkSize', where);
  if (bufferSize !== undefined) checkCount(bufferSize, 1, 'bufferSize', where);
}

/** @throws TypeError */
export function checkIterable(value: unknown, name: string, where: string): void {
  const isIterable = value !== null && value !== undefined && Symbol.iterator in Object(value);
  if (!isIterable) throw new TypeError(`${where}: ${name} must be iterable, such as an array`);
}

function checkCallback(value: unknown, name: string, where: string): void {
  if (value !== undefined && typeof value !== 'function') {
    throw new TypeError(`${where}: ${name} must be a function, not ${typeof value}`);
  }
}

/** @throws TypeError, RangeError */
export function checkCount(value: unknown, least: number, name: string, where: string): void {
  if (typeof value !== 'number') throw new TypeError(`${where}: ${name} must be a number, not ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${where}: ${name} must be a whole number of at least ${least}, not ${value}`);
  }
}
