import { ClosedError } from '../support/errors.ts';
import type { ParallelBackend } from './backends.ts';
import type { DelayedCall } from './delayed.ts';
import { checkParallelOptions } from './parallel-options.ts';
import type { ParallelOptions, ParallelSettings, ReturnAs } from './parallel-options.ts';
import { ParallelRun } from './parallel-run.ts';

/** What a run gives. */
export type RunResult<As extends ReturnAs, R> = As extends 'list' ? Promise<R[]> : AsyncGenerator<R, void>;

/**
 * Does calls that are noted with `delayed` in parallel. The first error ends a run: what has not begun is cancelled. Workers start with
 * the first run and stay for the next; leaving the scope of `await using` ends them, and so does the end of the program.
 *
 * Python: `joblib.Parallel`; an instance cannot be called, so it has `run`. All processors are used unless `nJobs` says
 * otherwise. Large typed arrays in shared memory travel by reference, so that there is no memory mapping to be set.
 *
 * @example
 * await using parallel = new Parallel({ nJobs: 2 });
 * const roots = await parallel.run([1, 4, 9].map((x) => delayed(root)(x)));
 */
export class Parallel<As extends ReturnAs = 'list'> implements AsyncDisposable {
  readonly #settings: ParallelSettings;
  #backend: ParallelBackend | undefined;
  #isClosed = false;

  /** @throws TypeError, RangeError that names the option. */
  constructor(options?: ParallelOptions<As>) {
    this.#settings = checkParallelOptions(options);
  }

  /**
   * Does the calls; the input may be lazy, asynchronous or endless, and is read only as far as results are soon asked for.
   * @throws TypeError when there is something else than calls; ClosedError; what a call throws; WorkerDiedError; TimeoutError
   */
  run<R>(calls: Iterable<DelayedCall<R>> | AsyncIterable<DelayedCall<R>>): RunResult<As, R> {
    const { returnAs } = this.#settings;
    const isIterable = Symbol.iterator in Object(calls) || Symbol.asyncIterator in Object(calls);
    if (!isIterable) throw new TypeError('Parallel.run(): the calls must be iterable, such as an array');
    if (this.#isClosed) throw new ClosedError('Parallel.run(): it is closed');
    const results = this.#results<R>(calls);
    return (returnAs === 'list' ? listOf(results) : results) as RunResult<As, R>;
  }

  async *#results<R>(
    calls: Iterable<DelayedCall<unknown>> | AsyncIterable<DelayedCall<unknown>>,
  ): AsyncGenerator<R, void> {
    const backend = (this.#backend ??= this.#settings.makeBackend({ nJobs: this.#settings.nJobs }));
    const giveUp = (): void => {
      backend.terminate();
      // The next run has other workers.
      if (this.#backend === backend) this.#backend = undefined;
    };
    for await (const values of new ParallelRun(backend, this.#settings, calls, giveUp).results()) yield* values as R[];
  }

  /** Waits for what is under way, and ends the workers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#backend?.close();
  }

  /** close. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

async function listOf<R>(results: AsyncIterable<R>): Promise<R[]> {
  const list: R[] = [];
  for await (const value of results) list.push(value);
  return list;
}
