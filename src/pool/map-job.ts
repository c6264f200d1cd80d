import { asNumbers, CALL } from './messages.ts';
import type { Settler } from './async-result.ts';
import { ChunkSizes } from './chunk-sizes.ts';
import type { Progress } from './pool-options.ts';
import type { PublishedFunction } from './published-functions.ts';
import type { TaskSource } from './dispatcher.ts';
import type { Scheduler } from './scheduler.ts';
import type { Task } from './task.ts';

export interface MapJobOptions {
  readonly chunkSize: number | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** A map: its items in chunks, and the results in the order of the items. */
export class MapJob<R> implements TaskSource {
  readonly #scheduler: Scheduler;
  readonly #fn: PublishedFunction;
  readonly #call: number;
  /** The items; the results take their places. */
  #values: unknown[];
  /** Whether that is still the caller's own array. */
  #isBorrowed: boolean;
  readonly #total: number;
  readonly #sizes: ChunkSizes;
  readonly #onProgress: MapJobOptions['onProgress'];
  readonly #settler: Settler<R[]>;
  readonly #underWay = new Set<Task>();
  #next = 0;
  #done = 0;
  #hasEnded = false;

  /** @param areBorrowed the items are the caller's, and may change as soon as `start` has returned */
  constructor(
    scheduler: Scheduler,
    fn: PublishedFunction,
    call: number,
    items: unknown[],
    areBorrowed: boolean,
    { chunkSize, onProgress }: MapJobOptions,
    settler: Settler<R[]>,
  ) {
    this.#scheduler = scheduler;
    this.#fn = fn;
    this.#call = call;
    this.#values = items;
    this.#isBorrowed = areBorrowed;
    this.#total = items.length;
    this.#sizes = new ChunkSizes(items.length, scheduler.processes, chunkSize, fn.itemUs);
    this.#onProgress = onProgress;
    this.#settler = settler;
  }

  start(): void {
    if (this.#total > 0) this.#scheduler.addSource(this);
    this.#own();
    if (this.#total === 0) this.#finish();
  }

  /** Where all items are under way already, only room for the results is needed: to copy large arrays takes long. */
  #own(): void {
    if (!this.#isBorrowed) return;
    this.#isBorrowed = false;
    // oxlint-disable-next-line unicorn/no-new-array -- Array.from() writes every element.
    this.#values = this.#next === this.#total ? new Array<unknown>(this.#total) : this.#values.slice(0, this.#total);
  }

  next(): Task | undefined {
    const left = this.#total - this.#next;
    if (left === 0 || this.#hasEnded || this.#underWay.size >= this.#sizes.ahead * this.#scheduler.processes)
      return undefined;
    const start = this.#next;
    const count = this.#sizes.next(left);
    this.#next += count;
    const numbers = (this.#call & CALL.star) === 0 ? asNumbers(this.#values, start, start + count) : undefined;
    try {
      this.#fn.uses += 1;
      const task: Task = this.#scheduler.make(
        this.#fn,
        this.#call,
        numbers ?? this.#values.slice(start, start + count),
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
    this.#own();
    const results = this.#values;
    for (let i = 0; i < count; i++) results[start + i] = values[i];
    this.#sizes.measured(count, microseconds);
    this.#fn.itemUs = this.#sizes.itemUs;
    this.#done += count;
    this.#onProgress?.({ done: this.#done, total: this.#total });
    if (this.#done === this.#total) this.#finish();
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#end();
    this.#settler.resolve(this.#values as R[]);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#scheduler.done(this.#fn);
    this.#scheduler.removeSource(this);
  }
}
