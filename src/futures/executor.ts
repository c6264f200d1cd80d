import { boundMethodOf } from '../process/bound-method.ts';
import { CALL } from '../pool/messages.ts';
import { checkFunction } from '../pool/pool-options.ts';
import type { PoolStats } from '../pool/pool-stats.ts';
import type { PublishedFunction } from '../pool/published-functions.ts';
import { Scheduler } from '../pool/scheduler.ts';
import type { AnyFunction } from '../reduction/reference.ts';
import { StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkExecutorOptions, checkMapArguments, checkShutdown, isAsyncIterable } from './executor-options.ts';
import type { ExecutorMapOptions, ExecutorOptions, MapArguments, ShutdownOptions } from './executor-options.ts';
import type { Future } from './future.ts';
import { MapCalls } from './map-calls.ts';
import type { ChunkResults } from './map-calls.ts';
import { BlockingMapResults, MapResults } from './map-results.ts';
import { SubmittedCall } from './submitted-call.ts';
import { zip } from './zip.ts';

/** An input for each argument. */
type Inputs<A extends readonly unknown[]> = { readonly [K in keyof A]: Iterable<A[K]> | AsyncIterable<A[K]> };
type SyncInputs<A extends readonly unknown[]> = { readonly [K in keyof A]: Iterable<A[K]> };

// Chunks of an asynchronous input that are under way or ready, for each worker.
const CHUNKS_AHEAD = 4;

/**
 * What executors have in common: `ProcessPoolExecutor` and `ThreadPoolExecutor` differ by where their workers run.
 * Python: `concurrent.futures.Executor`.
 */
export abstract class Executor implements AsyncDisposable {
  readonly #scheduler: Scheduler;
  readonly #calls = new Set<SubmittedCall<unknown>>();
  #isShutDown = false;

  /**
   * Starts no worker yet.
   * @param options how many workers at most (default: `cpuCount()`), or more options
   * @throws TypeError, RangeError; SerializationError when the initializer cannot travel; ResourceError.
   */
  constructor(options?: number | ExecutorOptions) {
    const settings = checkExecutorOptions(options, new.target.name);
    this.#scheduler = new Scheduler({ ...settings, startMethod: boundMethodOf(new.target) });
  }

  /**
   * Has a function called in a worker, as soon as one is free.
   * Python: named arguments are an object, as everywhere in JavaScript.
   *
   * @throws TypeError; SerializationError when the function or an argument cannot travel; StateError after a shutdown;
   * BrokenPoolError when no worker can start.
   */
  submit<A extends readonly unknown[], R>(fn: (...args: A) => R, ...args: A): Future<Awaited<R>> {
    checkFunction(fn, 'submit()');
    this.#expectOpen('submit()');
    const used = this.#scheduler.use(fn as AnyFunction, 'submit()');
    return this.#submit<Awaited<R>>(used, CALL.one, args, 'args');
  }

  /** @param used its use is given back when the call has ended, or cannot be submitted */
  #submit<R>(used: PublishedFunction, call: number, payload: unknown, what: string): Future<R> {
    const submitted = new SubmittedCall<R>(this.#scheduler, (ended) => this.#calls.delete(ended));
    this.#calls.add(submitted);
    try {
      submitted.task = this.#scheduler.submit(used, call, payload, what, submitted);
    } catch (error) {
      this.#calls.delete(submitted);
      this.#scheduler.done(used);
      throw error;
    }
    return submitted.future;
  }

  // ---- map ----

  /**
   * Calls a function for each item, or with one item of each of several inputs until the shortest ends, and gives the results in
   * their order. The first error ends the iteration: calls that have not begun are cancelled, as they are when the iteration is
   * left early. The options come last: they are told from an input by not being iterable.
   *
   * Python: an input that fails does so in its place among the results; an asynchronous input is read only as far as its
   * results are soon asked for.
   *
   * @throws TypeError, RangeError; SerializationError; StateError after a shutdown; BrokenPoolError. Its `next()` what the function
   * throws, WorkerDiedError, CancelledError, and TimeoutError when not all is done `timeout` ms after this call.
   * @example
   * for await (const value of executor.map(power, bases, exponents, { chunkSize: 100 })) console.log(value);
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: ExecutorMapOptions,
  ): AsyncIterableIterator<Awaited<R>, undefined>;
  map<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...rest: readonly [...Inputs<A>] | readonly [...Inputs<A>, ExecutorMapOptions]
  ): AsyncIterableIterator<Awaited<R>, undefined>;
  map<R>(fn: AnyFunction, ...rest: readonly unknown[]): AsyncIterableIterator<R, undefined> {
    const given = checkMapArguments(fn, rest, 'map()');
    return new MapResults<R>(this.#map<R>(fn, given, 'map()'), given.options.timeout ?? Infinity);
  }

  /** `map` that blocks the thread; its input cannot be asynchronous. */
  mapSync<T, R>(
    fn: (item: T) => R,
    items: Iterable<T>,
    options?: ExecutorMapOptions,
  ): IterableIterator<Awaited<R>, undefined>;
  mapSync<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...rest: readonly [...SyncInputs<A>] | readonly [...SyncInputs<A>, ExecutorMapOptions]
  ): IterableIterator<Awaited<R>, undefined>;
  mapSync<R>(fn: AnyFunction, ...rest: readonly unknown[]): IterableIterator<R, undefined> {
    const given = checkMapArguments(fn, rest, 'mapSync()');
    if (given.inputs.some(isAsyncOnly)) throw new TypeError('mapSync(): an input is asynchronous: use map()');
    return new BlockingMapResults<R>(this.#map<R>(fn, given, 'mapSync()'), given.options.timeout ?? Infinity);
  }

  #map<R>(fn: AnyFunction, { inputs, options }: MapArguments, where: string): MapCalls<R> {
    this.#expectOpen(where);
    const scheduler = this.#scheduler;
    const used = scheduler.use(fn, where);
    const { chunkSize = 1 } = options;
    const ahead = inputs.some(isAsyncIterable) ? chunkSize * scheduler.processes * CHUNKS_AHEAD : Infinity;
    const call = inputs.length === 1 ? CALL.each : CALL.each | CALL.star;
    return new MapCalls<R>(inputs.length === 1 ? (inputs[0] as Iterable<unknown>) : zip(inputs), {
      chunkSize,
      bufferSize: options.bufferSize ?? ahead,
      submit: (items) => {
        this.#expectOpen(where);
        scheduler.expectOpen(where);
        used.uses += 1;
        return this.#submit<ChunkResults<R>>(used, call, items, 'the items');
      },
      onLast: () => scheduler.done(used),
    });
  }

  // ---- the end ----

  /**
   * No new calls: the workers end when all that were submitted have ended.
   * @throws TypeError
   */
  async shutdown(options?: ShutdownOptions): Promise<void> {
    const { wait, cancelFutures } = checkShutdown(options, 'shutdown()');
    this.#close(cancelFutures);
    const ended = this.#scheduler.join();
    if (wait) await ended;
  }

  /** `shutdown` that blocks the thread. */
  shutdownSync(options?: ShutdownOptions): void {
    const { wait, cancelFutures } = checkShutdown(options, 'shutdownSync()');
    this.#close(cancelFutures);
    if (wait) this.#scheduler.joinSync();
    else void this.#scheduler.join();
  }

  /**
   * Ends the workers at once with SIGTERM, which is a shutdown: calls that have not begun are cancelled, those that have are
   * rejected with ClosedError.
   */
  terminateWorkers(): void {
    this.#isShutDown = true;
    this.#cancelAll();
    this.#scheduler.terminate();
    void this.#scheduler.join();
  }

  /** `terminateWorkers` with SIGKILL. */
  killWorkers(): void {
    this.terminateWorkers();
    this.#scheduler.kill();
  }

  /** shutdown. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  #close(cancelFutures: boolean): void {
    this.#isShutDown = true;
    if (cancelFutures) this.#cancelAll();
    this.#scheduler.close();
  }

  /** The last first: the workers take the first meanwhile. */
  #cancelAll(): void {
    for (const { future } of [...this.#calls].reverse()) future.cancel();
  }

  #expectOpen(where: string): void {
    if (this.#isShutDown) throw new StateError(`${where}: the executor was shut down and takes no new calls`);
  }

  /** What its workers do now, and have done. */
  get stats(): PoolStats {
    return this.#scheduler.stats();
  }

  static {
    printAs(this, (executor) => {
      const { workers, queued, running } = executor.stats;
      const { state } = executor.#scheduler;
      return `${executor.constructor.name} { ${state}, workers: ${workers.length}, queued: ${queued}, running: ${running} }`;
    });
  }
}

function isAsyncOnly(input: unknown): boolean {
  return isAsyncIterable(input) && !(Symbol.iterator in input);
}
