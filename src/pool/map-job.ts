import { asNumbers, CALL } from './messages.ts';
import type { Settler } from './async-result.ts';
import { ChunkSizes } from './chunk-sizes.ts';
import type { Progress } from './pool-options.ts';
import type { PublishedFunction } from './published-functions.ts';
import type { TaskSource } from './dispatcher.ts';
import type { Scheduler } from './scheduler.ts';
import type { Task } from './task.ts';

// Each worker has one chunk in hand and one to take next.
const CHUNKS_AHEAD = 2;

export interface MapJobOptions {
  readonly chunkSize: number | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** A map: its items in chunks, and the results in the order of the items. */
export class MapJob<R> implements TaskSource {
  readonly #scheduler: Scheduler;
  readonly #fn: PublishedFunction;
  readonly #call: number;
  readonly #items: readonly unknown[];
  readonly #sizes: ChunkSizes;
  readonly #onProgress: MapJobOptions['onProgress'];
  readonly #settler: Settler<R[]>;
  readonly #results: R[];
  readonly #underWay = new Set<Task>();
  #next = 0;
  #done = 0;
  #hasEnded = false;

  constructor(
    scheduler: Scheduler,
    fn: PublishedFunction,
    call: number,
    items: readonly unknown[],
    { chunkSize, onProgress }: MapJobOptions,
    settler: Settler<R[]>,
  ) {
    this.#scheduler = scheduler;
    this.#fn = fn;
    this.#call = call;
    this.#items = items;
    this.#sizes = new ChunkSizes(items.length, scheduler.processes, chunkSize);
    this.#onProgress = onProgress;
    this.#settler = settler;
    // oxlint-disable-next-line unicorn/no-new-array -- Array.from() writes every element.
    this.#results = new Array<R>(items.length);
  }

  start(): void {
    if (this.#items.length === 0) return this.#finish();
    this.#scheduler.addSource(this);
  }

  next(): Task | undefined {
    const left = this.#items.length - this.#next;
    if (left === 0 || this.#hasEnded || this.#underWay.size >= CHUNKS_AHEAD * this.#scheduler.processes)
      return undefined;
    const start = this.#next;
    const count = this.#sizes.next(left);
    this.#next += count;
    const items = this.#items.slice(start, start + count);
    const numbers = (this.#call & CALL.star) === 0 ? asNumbers(items) : undefined;
    try {
      this.#fn.uses += 1;
      const task: Task = this.#scheduler.make(
        this.#fn,
        this.#call,
        numbers ?? items,
        `items ${start} to ${start + count - 1}`,
        {
          done: (value, microseconds) => {
            this.#underWay.delete(task);
            this.#receive(start, value as ArrayLike<R>, count, microseconds);
          },
          failed: (error) => {
            this.#underWay.delete(task);
            this.abandon(error);
          },
        },
      );
      this.#underWay.add(task);
      return task;
    } catch (error) {
      this.#scheduler.done(this.#fn);
      this.abandon(error);
      return undefined;
    }
  }

  /** Ends it, with all of its tasks. @param stops whether those that run are stopped, with their workers */
  abandon(error: unknown, stops = false): void {
    if (this.#hasEnded) return;
    this.#end();
    for (const task of this.#underWay) this.#scheduler.cancel(task, error, stops);
    this.#settler.reject(error);
  }

  #receive(start: number, values: ArrayLike<R>, count: number, microseconds: number): void {
    if (this.#hasEnded) return;
    const results = this.#results;
    for (let i = 0; i < count; i++) results[start + i] = values[i] as R;
    this.#sizes.measured(count, microseconds);
    this.#done += count;
    this.#onProgress?.({ done: this.#done, total: this.#items.length });
    if (this.#done === this.#items.length) this.#finish();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#settler.resolve(this.#results);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#scheduler.done(this.#fn);
    this.#scheduler.removeSource(this);
  }
}
