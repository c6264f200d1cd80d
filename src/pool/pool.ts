import { inspect } from 'node:util';

import { boundMethodOf } from '../process/bound-method.ts';
import type { CallArguments } from '../process/process-options.ts';
import type { AnyFunction } from '../reduction/reference.ts';
import { TimeoutError } from '../support/errors.ts';
import { guarded } from '../support/guarded.ts';
import { AsyncResult } from './async-result.ts';
import type { Settler } from './async-result.ts';
import { MapJob } from './map-job.ts';
import { CALL } from './messages.ts';
import {
  checkCall,
  checkFunction,
  checkIterable,
  checkIteration,
  checkMap,
  checkPoolOptions,
  MAP_ASYNC_KEYS,
  MAP_KEYS,
  TASK_KEYS,
} from './pool-options.ts';
import type { CallOptions, IterationOptions, MapOptions, PoolOptions, Progress, TaskOptions } from './pool-options.ts';
import type { PoolStats } from './pool-stats.ts';
import { progressBar } from './progress-bar.ts';
import { BlockingResultIterator, ResultIterator } from './result-iterator.ts';
import { ResultStream } from './result-stream.ts';
import { Scheduler } from './scheduler.ts';
import { stopEarly } from './stop-early.ts';

/** What a pool can call. */
type TaskFunction = (...args: never[]) => unknown;

type MapResult<R> = Omit<MapOptions<R>, 'callback' | 'errorCallback'>;

/**
 * Worker processes that take tasks from one queue in shared memory: any function, called with arguments or for each item.
 *
 * A worker that dies takes only the task with it that it was running: that is rejected with WorkerDiedError (or tried again, with
 * `onWorkerDeath: 'retry'`), and the worker is replaced. Errors keep class, message and properties, and have a `RemoteError`
 * with the stack of the worker at the end of their chain of causes. Leaving the scope of `await using` terminates the pool.
 * Python: `multiprocessing.Pool`; times are ms, and what waits comes as a promise and, with `Sync`, as a blocking call.
 *
 * @example
 * await using pool = new Pool(4);
 * console.log(await pool.map((x: number) => x * x, [1, 2, 3]));
 */
export class Pool implements AsyncDisposable {
  readonly #scheduler: Scheduler;

  /**
   * Starts the workers.
   * @param options how many workers (default: `cpuCount()`), or more options
   * @throws TypeError, RangeError; SerializationError when the initializer cannot travel; ResourceError.
   */
  constructor(options?: number | PoolOptions) {
    this.#scheduler = new Scheduler({ ...checkPoolOptions(options), startMethod: boundMethodOf(new.target) });
  }

  // ---- one call ----

  /**
   * Calls a function in a worker.
   * @param kwargs named arguments: an object that the function gets as its last argument
   * @throws what the function throws; SerializationError when the function, an argument or the result cannot travel;
   * WorkerDiedError; TimeoutError; StateError when the pool is closed; BrokenPoolError.
   */
  async apply<F extends TaskFunction>(
    fn: F,
    args?: CallArguments<Parameters<F>>,
    kwargs?: object,
    options?: TaskOptions,
  ): Promise<Awaited<ReturnType<F>>> {
    checkCall(options, 'apply()', TASK_KEYS);
    return this.#call<ReturnType<F>>(fn, args, kwargs, options, 'apply()');
  }

  /** `apply` that blocks the thread. */
  applySync<F extends TaskFunction>(
    fn: F,
    args?: CallArguments<Parameters<F>>,
    kwargs?: object,
  ): Awaited<ReturnType<F>> {
    return this.#call<ReturnType<F>>(fn, args, kwargs, undefined, 'applySync()').getSync();
  }

  /**
   * Calls a function in a worker, and returns at once.
   * @param options `callback` and `errorCallback` are called when there is a result
   */
  applyAsync<F extends TaskFunction>(
    fn: F,
    args?: CallArguments<Parameters<F>>,
    options?: CallOptions<Awaited<ReturnType<F>>>,
  ): AsyncResult<Awaited<ReturnType<F>>> {
    checkCall(options, 'applyAsync()');
    return this.#call<ReturnType<F>>(fn, args, options?.kwargs, options, 'applyAsync()');
  }

  #call<R>(
    fn: AnyFunction,
    args: Iterable<unknown> = [],
    kwargs: object | undefined,
    options: CallOptions<Awaited<R>> | undefined,
    where: string,
  ): AsyncResult<Awaited<R>> {
    checkFunction(fn, where);
    checkIterable(args, 'args', where);
    const payload = kwargs === undefined ? (Array.isArray(args) ? args : Array.from(args)) : [...args, kwargs];
    const scheduler = this.#scheduler;
    return this.#result(options, (settler) => {
      const used = scheduler.use(fn, where);
      try {
        const { resolve, reject: failed } = settler;
        const end = { done: resolve as (value: unknown) => void, failed };
        const task = scheduler.submit(used, CALL.one, payload, 'args', end);
        return (reason) => scheduler.cancel(task, reason);
      } catch (error) {
        scheduler.done(used);
        throw error;
      }
    });
  }

  // ---- many calls ----

  /**
   * Calls a function for each item. The results are in the order of the items; the first error rejects the whole.
   * @param options `chunkSize`: items that a worker gets at once; by default as many as take some ms, as measured
   * @throws as `apply`
   */
  async map<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: MapResult<R>): Promise<Awaited<R>[]> {
    checkMap(options as MapOptions<never>, 'map()', MAP_KEYS);
    return this.#map(fn, items, CALL.each, options as MapOptions, 'map()') as AsyncResult<Awaited<R>[]>;
  }

  /** `map` that blocks the thread. */
  mapSync<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: MapResult<R>): Awaited<R>[] {
    checkMap(options as MapOptions<never>, 'mapSync()', MAP_KEYS);
    return this.#map(fn, items, CALL.each, options as MapOptions, 'mapSync()').getSync() as Awaited<R>[];
  }

  /** `map` that returns at once. */
  mapAsync<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: MapOptions<Awaited<R>>): AsyncResult<Awaited<R>[]> {
    checkMap(options, 'mapAsync()', MAP_ASYNC_KEYS);
    return this.#map(fn, items, CALL.each, options as MapOptions, 'mapAsync()') as AsyncResult<Awaited<R>[]>;
  }

  /** `map` for a function of several arguments: each item has them. */
  async starmap<P extends readonly unknown[], R>(
    fn: (...args: P) => R,
    items: Iterable<Readonly<P>>,
    options?: MapResult<R>,
  ): Promise<Awaited<R>[]> {
    checkMap(options as MapOptions<never>, 'starmap()', MAP_KEYS);
    return this.#map(fn, items, STAR, options as MapOptions, 'starmap()') as AsyncResult<Awaited<R>[]>;
  }

  /** `starmap` that blocks the thread. */
  starmapSync<P extends readonly unknown[], R>(
    fn: (...args: P) => R,
    items: Iterable<Readonly<P>>,
    options?: MapResult<R>,
  ): Awaited<R>[] {
    checkMap(options as MapOptions<never>, 'starmapSync()', MAP_KEYS);
    return this.#map(fn, items, STAR, options as MapOptions, 'starmapSync()').getSync() as Awaited<R>[];
  }

  /** `starmap` that returns at once. */
  starmapAsync<P extends readonly unknown[], R>(
    fn: (...args: P) => R,
    items: Iterable<Readonly<P>>,
    options?: MapOptions<Awaited<R>>,
  ): AsyncResult<Awaited<R>[]> {
    checkMap(options, 'starmapAsync()', MAP_ASYNC_KEYS);
    return this.#map(fn, items, STAR, options as MapOptions, 'starmapAsync()') as AsyncResult<Awaited<R>[]>;
  }

  #map(
    fn: (...args: never[]) => unknown,
    items: Iterable<unknown>,
    call: number,
    options: MapOptions | undefined,
    where: string,
  ): AsyncResult<unknown[]> {
    checkFunction(fn, where);
    checkIterable(items, 'the items', where);
    const isArray = isOrdinaryArray(items);
    const all = isArray ? (items as unknown[]) : Array.from(items);
    const scheduler = this.#scheduler;
    return this.#result(options as CallOptions<unknown[]>, (settler) => {
      const used = scheduler.use(fn as AnyFunction, where);
      const onProgress = progressOf(options, all.length);
      const job = new MapJob(
        scheduler,
        used,
        call,
        all,
        isArray,
        { chunkSize: options?.chunkSize, onProgress },
        settler,
      );
      job.start();
      return (reason) => job.abandon(reason, true);
    });
  }

  // ---- iteration ----

  /**
   * Calls a function for each item of an input that may be lazy, asynchronous or endless, and gives the results in its order. It
   * takes no more items than are soon asked for. An item that fails rejects its own `next()`; the others go on.
   */
  imap<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: IterationOptions,
  ): AsyncIterableIterator<Awaited<R>, undefined> {
    return new ResultIterator<Awaited<R>>(this.#stream(fn, items, true, options, 'imap()'));
  }

  /** `imap` that gives each result as soon as it is there. */
  imapUnordered<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: IterationOptions,
  ): AsyncIterableIterator<Awaited<R>, undefined> {
    return new ResultIterator<Awaited<R>>(this.#stream(fn, items, false, options, 'imapUnordered()'));
  }

  /** `imap` that blocks the thread; its input cannot be asynchronous. */
  imapSync<T, R>(
    fn: (item: T) => R,
    items: Iterable<T>,
    options?: IterationOptions,
  ): IterableIterator<Awaited<R>, undefined> {
    checkIterable(items, 'the items', 'imapSync()');
    const stream = this.#stream<Awaited<R>>(fn, items, true, options, 'imapSync()');
    return new BlockingResultIterator(stream, this.#scheduler.block);
  }

  /** `imapUnordered` that blocks the thread; its input cannot be asynchronous. */
  imapUnorderedSync<T, R>(
    fn: (item: T) => R,
    items: Iterable<T>,
    options?: IterationOptions,
  ): IterableIterator<Awaited<R>, undefined> {
    checkIterable(items, 'the items', 'imapUnorderedSync()');
    const stream = this.#stream<Awaited<R>>(fn, items, false, options, 'imapUnorderedSync()');
    return new BlockingResultIterator(stream, this.#scheduler.block);
  }

  #stream<R>(
    fn: (...args: never[]) => unknown,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    ordered: boolean,
    options: IterationOptions | undefined,
    where: string,
  ): ResultStream<R> {
    checkFunction(fn, where);
    if (!(Symbol.asyncIterator in Object(items))) checkIterable(items, 'the items', where);
    checkIteration(options, where);
    const scheduler = this.#scheduler;
    const { chunkSize = 1, bufferSize } = options ?? {};
    const used = scheduler.use(fn as AnyFunction, where);
    try {
      return new ResultStream<R>(scheduler, used, items, { ordered, chunkSize, bufferSize });
    } catch (error) {
      // The input gives no iterator.
      scheduler.done(used);
      throw error;
    }
  }

  // ---- the end ----

  /** No new tasks: the workers end when all have been done. */
  close(): void {
    this.#scheduler.close();
  }

  /** Ends the workers at once. Tasks that are not done are rejected with ClosedError. */
  terminate(): void {
    this.#scheduler.terminate();
  }

  /**
   * Waits until the workers have ended.
   * @throws StateError before `close` or `terminate`.
   */
  async join(): Promise<void> {
    await this.#scheduler.join();
  }

  /** `join` that blocks the thread. */
  joinSync(): void {
    this.#scheduler.joinSync();
  }

  /** terminate, join. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.terminate();
    await this.join();
  }

  /** What the pool does now, and has done. */
  get stats(): PoolStats {
    return this.#scheduler.stats();
  }

  #result<R>(
    options: CallOptions<R> | undefined,
    start: (settler: Settler<R>) => (reason: unknown) => void,
  ): AsyncResult<R> {
    return new AsyncResult<R>(this.#scheduler.block, (settler) => {
      if (options === undefined) return void start(settler);
      const { timeout, signal, callback, errorCallback } = options;
      signal?.throwIfAborted();
      const tooLate = (): TimeoutError =>
        new TimeoutError(`The task has not ended within ${timeout} ms, and was stopped`);
      let cancel = (_reason: unknown): void => {};
      const stop = stopEarly(timeout, signal, tooLate, (reason) => cancel(reason));
      try {
        cancel = start({
          resolve: (value) => {
            stop();
            settler.resolve(value);
            if (callback !== undefined) guarded(callback)(value);
          },
          reject: (error) => {
            stop();
            settler.reject(error);
            if (errorCallback !== undefined) guarded(errorCallback)(error);
          },
        });
      } catch (error) {
        stop();
        throw error;
      }
    });
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Pool): string {
        const { workers, queued, running } = this.stats;
        return `Pool { ${this.#scheduler.state}, workers: ${workers.length}, queued: ${queued}, running: ${running} }`;
      },
    });
  }
}

const STAR = CALL.each | CALL.star;

function progressOf(options: MapOptions | undefined, total: number): ((progress: Progress) => void) | undefined {
  const { onProgress, progress } = options ?? {};
  if (progress !== true) return onProgress && guarded(onProgress);
  const show = guarded(progressBar(total));
  const tell = guarded(onProgress ?? (() => {}));
  return (now) => {
    show(now);
    tell(now);
  };
}

/** Whether its elements are what it gives when it is iterated over. */
function isOrdinaryArray(items: Iterable<unknown>): boolean {
  return Array.isArray(items) && items[Symbol.iterator] === Array.prototype[Symbol.iterator];
}
