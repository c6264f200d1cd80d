import { modulesAreLoaded, resolveModules } from '../reduction/module-table.ts';
import { decodeThrown } from '../reduction/remote-error.ts';
import { guarded } from '../support/guarded.ts';
import { chunksAhead } from './chunk-sizes.ts';
import { Input } from './input.ts';
import { CALL } from './messages.ts';
import type { OutcomeMessage } from './messages.ts';
import type { PublishedFunction } from './published-functions.ts';
import type { TaskSource } from './dispatcher.ts';
import type { Scheduler } from './scheduler.ts';
import type { Task } from './task.ts';

/** A value, or what was thrown in its place. */
export type Outcome<R> = { readonly value: R } | { readonly error: unknown };

export interface ResultStreamOptions {
  readonly ordered: boolean;
  readonly chunkSize: number;
  /** Items that are taken from the input and whose outcomes are not asked for yet, at most. By default as pays. */
  readonly bufferSize: number | undefined;
}

interface Chunk<R> {
  readonly size: number;
  task: Task | undefined;
  outcomes: Outcome<R>[] | undefined;
}

/** Chunks that are under way or ready, for each worker. */
const CHUNKS_LEAST = 4;
const ITEM_CALL = CALL.each | CALL.outcomes;

/**
 * The outcomes of an `imap`: it takes from its input no more than is to be asked for soon. Once the pool is closed, it goes on as
 * long as the workers keep up with it: the pool ends only when all of its input has been done.
 */
export class ResultStream<R> implements TaskSource {
  readonly #scheduler: Scheduler;
  readonly #fn: PublishedFunction;
  readonly #options: ResultStreamOptions;
  readonly #source: Input;
  readonly #chunks = new Set<Chunk<R>>();
  readonly #ready: Outcome<R>[] = [];
  /** Told when there is an outcome, or the end. */
  onChange: () => void = () => {};
  #chunksAhead = CHUNKS_LEAST;
  #buffered = 0;
  /** Of those, the ones that have no outcome yet. */
  #underWay = 0;
  #items: unknown[] = [];
  #isExhausted = false;
  #failure: { readonly error: unknown } | undefined;
  #hasEnded = false;

  /** @param fn used for it */
  constructor(
    scheduler: Scheduler,
    fn: PublishedFunction,
    input: Iterable<unknown> | AsyncIterable<unknown>,
    options: ResultStreamOptions,
  ) {
    this.#scheduler = scheduler;
    this.#fn = fn;
    this.#options = options;
    this.#source = new Input(input, {
      hasRoom: () => this.#hasRoom(),
      add: (next) => this.#add(next),
      fail: (error) => this.#fail(error),
    });
    scheduler.addSource(this);
    this.#source.read();
  }

  /** Its tasks are submitted as its results are taken: there is none to be asked for. */
  next(): undefined {
    if (this.#scheduler.state === 'closed') this.#source.read();
    return undefined;
  }

  /** The pool has ended: what is under way fails by itself, and nothing more is taken from the input. */
  abandon(error: unknown): void {
    if (this.#isExhausted || this.#hasEnded) return;
    // A generator that has itself ended the pool is running, and ends when it is not asked any more.
    const tell = guarded((source: Input) => void source.close());
    if (!this.#source.isRunning) tell(this.#source);
    this.#fail(error);
  }

  /** The next outcome, if it is there. */
  take(): Outcome<R> | undefined {
    const outcome = this.#ready.shift();
    if (outcome === undefined) return undefined;
    this.#buffered -= 1;
    this.#source.read();
    return outcome;
  }

  get hasOutcome(): boolean {
    return this.#ready.length > 0;
  }

  /** Whether all outcomes have been taken, and no more will come. */
  get isOver(): boolean {
    const isEmpty = this.#chunks.size === 0 && this.#ready.length === 0;
    return this.#hasEnded || (this.#isExhausted && isEmpty && this.#failure === undefined);
  }

  /** Nobody wants the rest: the input is told, and what no worker has begun is not begun. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#ready.length = 0;
    for (const { task } of this.#chunks) if (task !== undefined) this.#scheduler.cancel(task, undefined, false);
    this.#chunks.clear();
    if (!this.#isExhausted) void this.#source.close();
    this.#giveUp();
  }

  #hasRoom(): boolean {
    if (this.#isExhausted || this.#hasEnded) return false;
    const items = this.#scheduler.state === 'closed' ? this.#underWay : this.#buffered;
    const { bufferSize, chunkSize } = this.#options;
    return items < (bufferSize ?? chunkSize * this.#scheduler.processes * this.#chunksAhead);
  }

  #add(next: IteratorResult<unknown>): void {
    if (this.#hasEnded || this.#isExhausted) return;
    if (next.done === true) {
      this.#isExhausted = true;
      this.#submit();
      this.#giveUp();
      return this.onChange();
    }
    this.#buffered += 1;
    this.#underWay += 1;
    this.#items.push(next.value);
    // A part of a chunk waits for the rest, though there is no room now: each outcome that is taken makes some.
    const { chunkSize, bufferSize = chunkSize } = this.#options;
    if (this.#items.length >= Math.min(chunkSize, bufferSize)) this.#submit();
  }

  /** The input has failed: what was read before counts, and then that. */
  #fail(error: unknown): void {
    if (this.#isExhausted) return;
    this.#isExhausted = true;
    this.#failure = { error };
    this.#submit();
    this.#giveUp();
    this.#deliver();
  }

  #submit(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    const chunk: Chunk<R> = { size: items.length, task: undefined, outcomes: undefined };
    this.#chunks.add(chunk);
    const failed = (error: unknown): void =>
      this.#settle(
        chunk,
        items.map(() => ({ error })),
      );
    try {
      this.#fn.uses += 1;
      chunk.task = this.#scheduler.submit(this.#fn, ITEM_CALL, items, 'the items', {
        done: (value, microseconds, areOutcomes) => {
          this.#chunksAhead = chunksAhead(microseconds, CHUNKS_LEAST);
          if (areOutcomes) this.#accept(chunk, value as readonly OutcomeMessage[]);
          else
            this.#settle(
              chunk,
              Array.from(value as ArrayLike<R>, (each) => ({ value: each })),
            );
        },
        failed,
      });
    } catch (error) {
      this.#scheduler.done(this.#fn);
      failed(error);
    }
  }

  #accept(chunk: Chunk<R>, messages: readonly OutcomeMessage[]): void {
    const modules = messages.flatMap(([, thrown]) => thrown?.[1] ?? []);
    // A blocked thread imports nothing: what needs it arrives as a RemoteError then.
    if (this.#scheduler.isBlocking || modulesAreLoaded(modules)) {
      return this.#settle(chunk, messages.map(outcomeOf<R>));
    }
    void resolveModules(modules)
      .catch(() => {})
      .then(() => this.#settle(chunk, messages.map(outcomeOf<R>)));
  }

  #settle(chunk: Chunk<R>, outcomes: Outcome<R>[]): void {
    chunk.outcomes = outcomes;
    this.#underWay -= chunk.size;
    this.#deliver();
  }

  #deliver(): void {
    if (this.#hasEnded) return;
    for (const chunk of this.#chunks) {
      if (chunk.outcomes === undefined) {
        if (this.#options.ordered) break;
        continue;
      }
      this.#chunks.delete(chunk);
      this.#ready.push(...chunk.outcomes);
    }
    if (this.#failure !== undefined && this.#chunks.size === 0) {
      this.#ready.push(this.#failure);
      this.#failure = undefined;
    }
    this.onChange();
  }

  /** Its own use of the function; each task has one of its own. */
  #giveUp(): void {
    if (this.#hasGivenUp) return;
    this.#hasGivenUp = true;
    this.#scheduler.done(this.#fn);
    this.#scheduler.removeSource(this);
  }
  #hasGivenUp = false;
}

function outcomeOf<R>([value, thrown]: OutcomeMessage): Outcome<R> {
  return thrown === undefined ? { value: value as R } : { error: decodeThrown(thrown[0], { code: true }) };
}
