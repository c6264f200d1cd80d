import type { Executor } from '../futures/executor.ts';
import type { ExecutorOptions } from '../futures/executor-options.ts';
import { ProcessPoolExecutor } from '../futures/process-pool-executor.ts';
import { ThreadPoolExecutor } from '../futures/thread-pool-executor.ts';
import { ClosedError } from '../support/errors.ts';
import { performBatch, runsOf } from './batch.ts';
import type { BatchResult } from './batch.ts';
import type { DelayedCall } from './delayed.ts';

/** A batch that a backend does. */
export interface BackendTask {
  /** Rejected with what one of its calls has thrown. */
  readonly result: PromiseLike<BatchResult>;
  /** Takes it back, if it has not begun. */
  cancel(): void;
}

/** Who does the calls of a `Parallel`. */
export interface ParallelBackend {
  /** Does calls one after the other, at once or later. */
  submit(calls: readonly DelayedCall<unknown>[]): BackendTask;
  /** Ends when everything has been done. */
  close(): Promise<void>;
  /** Ends at once: what is not done is rejected. */
  terminate(): void;
}

/** Makes a backend that does so many batches at once. */
export type BackendFactory = (options: { readonly nJobs: number }) => ParallelBackend;

const backends = new Map<string, BackendFactory>([
  ['processes', ({ nJobs }) => new ExecutorBackend(new ProcessPoolExecutor(workersOf(nJobs)))],
  ['threads', ({ nJobs }) => new ExecutorBackend(new ThreadPoolExecutor(workersOf(nJobs)))],
  ['sequential', () => new SequentialBackend()],
]);

/**
 * Gives a name to a backend, for the option `backend` of `Parallel`; `'processes'`, `'threads'` and `'sequential'` are there already.
 * Python: `joblib.register_parallel_backend`.
 * @throws TypeError when the name has one already.
 */
export function registerBackend(name: string, factory: BackendFactory): void {
  if (typeof name !== 'string' || name === '') throw new TypeError('registerBackend(): the name must be a text');
  if (typeof factory !== 'function') throw new TypeError('registerBackend(): expected a function that makes a backend');
  if (backends.has(name)) throw new TypeError(`registerBackend(): there is a backend '${name}' already`);
  backends.set(name, factory);
}

function workersOf(nJobs: number): ExecutorOptions {
  return { maxWorkers: nJobs, name: 'Parallel' };
}

/** @throws TypeError that names those there are. */
export function backendNamed(name: string): BackendFactory {
  const factory = backends.get(name);
  if (factory !== undefined) return factory;
  throw new TypeError(`new Parallel(): there is no backend '${name}', but ${[...backends.keys()].join(', ')}`);
}

class ExecutorBackend implements ParallelBackend {
  readonly #executor: Executor;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  submit(calls: readonly DelayedCall<unknown>[]): BackendTask {
    const future = this.#executor.submit(performBatch, runsOf(calls));
    return { result: future, cancel: () => void future.cancel() };
  }

  async close(): Promise<void> {
    await this.#executor.shutdown();
  }

  terminate(): void {
    this.#executor.terminateWorkers();
  }
}

/** In this process, one call after the other. */
class SequentialBackend implements ParallelBackend {
  #last: Promise<unknown> = Promise.resolve();
  #hasEnded = false;

  submit(calls: readonly DelayedCall<unknown>[]): BackendTask {
    let isCancelled = false;
    const result = this.#last.then(async () => {
      if (isCancelled || this.#hasEnded) throw new ClosedError('The backend was terminated: this call was not done');
      return performBatch(runsOf(calls));
    });
    this.#last = result.catch(() => {});
    return { result, cancel: () => void (isCancelled = true) };
  }

  async close(): Promise<void> {
    await this.#last;
  }

  terminate(): void {
    this.#hasEnded = true;
  }
}
