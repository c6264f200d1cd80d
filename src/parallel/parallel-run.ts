import { TimeoutError } from '../support/errors.ts';
import { within } from '../support/within.ts';
import type { BackendTask, ParallelBackend } from './backends.ts';
import { BatchSizes } from './batch-sizes.ts';
import { checkCall } from './delayed.ts';
import type { DelayedCall } from './delayed.ts';
import type { ParallelSettings } from './parallel-options.ts';
import { Report } from './report.ts';

type Calls = Iterable<DelayedCall<unknown>> | AsyncIterable<DelayedCall<unknown>>;

interface Batch {
  readonly calls: number;
  readonly task: BackendTask;
  outcome: { readonly values: readonly unknown[] } | { readonly error: unknown } | undefined;
}

/** Batches that are under way or ready, for each worker. */
const BATCHES_AHEAD = 2;

/** One run of a `Parallel`: it reads no more calls than are soon done and asked for. */
export class ParallelRun {
  readonly #backend: ParallelBackend;
  readonly #settings: ParallelSettings;
  readonly #giveUp: () => void;
  readonly #source: Iterator<DelayedCall<unknown>> | AsyncIterator<DelayedCall<unknown>>;
  readonly #sizes: BatchSizes;
  readonly #batches = new Set<Batch>();
  #tellChange = (): void => {};
  #reading: 'no' | 'now' | 'exhausted' | 'failed' = 'no';
  #failure: unknown;
  #hasEnded = false;

  /** @param giveUp terminates the backend: a call takes too long */
  constructor(backend: ParallelBackend, settings: ParallelSettings, calls: Calls, giveUp: () => void) {
    this.#backend = backend;
    this.#settings = settings;
    this.#giveUp = giveUp;
    this.#sizes = new BatchSizes(settings.batchSize);
    this.#source =
      Symbol.asyncIterator in Object(calls)
        ? (calls as AsyncIterable<DelayedCall<unknown>>)[Symbol.asyncIterator]()
        : (calls as Iterable<DelayedCall<unknown>>)[Symbol.iterator]();
  }

  /** The results of batch after batch, until the first error. */
  async *results(): AsyncGenerator<readonly unknown[], void> {
    const report = new Report(this.#settings);
    try {
      for (;;) {
        void this.#read();
        const batch = this.#next();
        if (batch?.outcome === undefined) {
          if (this.#batches.size === 0 && this.#reading === 'failed') throw this.#failure;
          if (this.#batches.size === 0 && this.#reading === 'exhausted') return report.end();
          await this.#change();
          continue;
        }
        this.#batches.delete(batch);
        if ('error' in batch.outcome) throw batch.outcome.error;
        report.done(batch.calls);
        yield batch.outcome.values;
      }
    } finally {
      this.#end();
    }
  }

  /** The batch whose results come next, if they are there. */
  #next(): Batch | undefined {
    for (const batch of this.#batches) {
      if (batch.outcome !== undefined) return batch;
      if (this.#settings.returnAs !== 'generator_unordered') return undefined;
    }
    return undefined;
  }

  /** Nobody wants the rest. What the input throws when it is told, nobody can be told. */
  #end(): void {
    this.#hasEnded = true;
    for (const { task } of this.#batches) task.cancel();
    if (this.#reading !== 'no' && this.#reading !== 'now') return;
    try {
      void Promise.resolve(this.#source.return?.()).catch(() => {});
    } catch {
      // As above.
    }
  }

  /** Reads and submits what there is room for. */
  async #read(): Promise<void> {
    if (this.#reading !== 'no') return;
    this.#reading = 'now';
    try {
      while (this.#hasRoom() && (await this.#readBatch()));
      if (this.#reading === 'now') this.#reading = 'no';
    } catch (error) {
      this.#failure = error;
      this.#reading = 'failed';
    }
    this.#tellChange();
  }

  #hasRoom(): boolean {
    return !this.#hasEnded && this.#batches.size < BATCHES_AHEAD * this.#settings.nJobs;
  }

  /** False when there are no more calls. */
  async #readBatch(): Promise<boolean> {
    const calls: DelayedCall<unknown>[] = [];
    const size = this.#sizes.next;
    try {
      while (calls.length < size && this.#reading === 'now') {
        const next: IteratorResult<unknown> = await this.#source.next();
        if (next.done === true) this.#reading = 'exhausted';
        else calls.push(checkCall(next.value));
      }
    } finally {
      // What was read before an error counts, and then that.
      if (calls.length > 0 && !this.#hasEnded) this.#submit(calls);
    }
    return this.#reading === 'now';
  }

  #submit(calls: readonly DelayedCall<unknown>[]): void {
    const batch: Batch = { calls: calls.length, task: this.#backend.submit(calls), outcome: undefined };
    this.#batches.add(batch);
    void this.#settle(batch);
  }

  async #settle(batch: Batch): Promise<void> {
    try {
      const { values, took } = await batch.task.result;
      this.#sizes.measured(batch.calls, took);
      batch.outcome = { values };
    } catch (error) {
      batch.outcome = { error };
    }
    this.#tellChange();
  }

  async #change(): Promise<void> {
    const { timeout } = this.#settings;
    let hasChanged = false;
    const change = new Promise<void>((resolve) => {
      this.#tellChange = () => {
        hasChanged = true;
        resolve();
      };
    });
    await within(change, timeout, undefined);
    if (hasChanged) return;
    this.#giveUp();
    throw new TimeoutError(`Parallel.run(): no result within ${timeout} ms; the workers were terminated`);
  }
}
