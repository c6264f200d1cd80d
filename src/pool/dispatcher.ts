import type { AnyFunction } from '../reduction/reference.ts';
import { ClosedError } from '../support/errors.ts';
import { waitSync } from '../synchronize/waitable.ts';
import { kept, pack } from '../transport/parcels.ts';
import { newHead } from '../transport/records.ts';
import type { Outgoing } from '../transport/records.ts';
import { ENDED } from '../transport/stream-state.ts';
import { CALL } from './messages.ts';
import { TASKS_MOST } from './pool-channel.ts';
import type { PoolChannel } from './pool-channel.ts';
import { PublishedFunctions } from './published-functions.ts';
import type { PublishedFunction } from './published-functions.ts';
import { Task } from './task.ts';
import type { TaskEnd } from './task.ts';
import { TaskQueue } from './task-queue.ts';

/** Makes tasks as there is room for them, such as the chunks of a map. */
export interface TaskSource {
  /** Undefined when there is none now. Failing to make one is the source's own affair: it does not throw. */
  next(): Task | undefined;
  /** No task of it will be run any more. */
  abandon(reason: unknown): void;
}

/**
 * The tasks of a pool until their results are there:
 *
 *     made --no room--> waiting --room--> under way --result--> gone
 *         \--------------room----------/      \--its worker dies, retries are left--> waiting
 *
 * Few are under way at a time, so that what is cancelled early is never sent, and chunks can be cut by what others took.
 */
export class Dispatcher {
  readonly #channel: PoolChannel;
  readonly #maxRetries: number;
  readonly #onSent: () => void;
  readonly #functions: PublishedFunctions;
  readonly #waiting = new TaskQueue<Task>();
  readonly #sources = new Set<TaskSource>();
  /** By number: sent, and without a result. */
  readonly #underWay = new Map<number, Task>();
  readonly #head = newHead();

  /** @param onSent called after each task that was sent */
  constructor(channel: PoolChannel, maxRetries: number, onSent: () => void) {
    this.#channel = channel;
    this.#maxRetries = maxRetries;
    this.#onSent = onSent;
    this.#functions = new PublishedFunctions(channel);
  }

  get functions(): PublishedFunctions {
    return this.#functions;
  }

  get isIdle(): boolean {
    return this.#sources.size + this.#waiting.length + this.#underWay.size === 0;
  }

  /** Tasks that are sent, and have no result. */
  get underWay(): number {
    return this.#underWay.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A task that is under way. */
  at(number: number): Task | undefined {
    return this.#underWay.get(number);
  }

  // ---- coming ----

  /**
   * A task for `add`, or for a source to return. Its payload travels as it is now.
   * @param fn used for it: the end of the task gives that use back
   * @throws SerializationError when the payload cannot travel.
   */
  make(fn: PublishedFunction, call: number, payload: unknown, what: string, end: TaskEnd): Task {
    const task = new Task(fn, call, pack(this.#channel.arena, payload, what, this.#head), end);
    if (this.#maxRetries > 0) keep(task);
    return task;
  }

  /** Sends a task that has just been made, if there is room; else it waits. */
  add(task: Task): void {
    const hasRoom = this.#waiting.length === 0 && this.#underWay.size < TASKS_MOST;
    if (!hasRoom || !this.#send(task)) this.#waiting.push(keep(task));
  }

  addSource(source: TaskSource): void {
    this.#sources.add(source);
    this.fill();
  }

  removeSource(source: TaskSource): void {
    this.#sources.delete(source);
  }

  /** Sends what there is room for. */
  fill(): void {
    while (this.#underWay.size < TASKS_MOST) {
      const task = this.#nextTask();
      if (task === undefined) return;
      if (task.isSettled) this.#finish(task);
      else if (!this.#send(task)) return this.#waiting.unshift(keep(task));
    }
  }

  /** Sources come first: they have few tasks under way at a time. */
  #nextTask(): Task | undefined {
    for (const source of this.#sources) {
      const task = source.next();
      if (task !== undefined) return task;
    }
    return this.#waiting.shift();
  }

  #send(task: Task): boolean {
    const message = task.message as Outgoing;
    if (!this.#functions.place(task.fn)) return false;
    const head = message.head as NonNullable<Outgoing['head']>;
    head[0] = task.fn.number as number;
    head[1] = task.call;
    const number = this.#channel.tasks.sent;
    try {
      this.#write(message);
    } catch (error) {
      // No memory: there may be some when others have ended.
      if (this.#underWay.size > 0) return false;
      this.#finish(task);
      task.fail(error);
      return true;
    }
    task.number = number;
    this.#underWay.set(number, task);
    if (this.#maxRetries === 0) giveUp(task);
    this.#onSent();
    return true;
  }

  /** Tells one worker to end, after all tasks. */
  sendStop(): void {
    const head = newHead();
    head[1] = CALL.stop;
    this.#write(pack(this.#channel.arena, undefined, 'stop', head));
  }

  #write(message: Outgoing): void {
    waitSync(() => {
      const result = this.#channel.tasks.write(message);
      if (result === ENDED) throw new ClosedError('The pool has ended');
      return result;
    }, undefined);
  }

  // ---- going ----

  /** The result of a task has come. */
  take(number: number): Task | undefined {
    const task = this.#underWay.get(number);
    if (task === undefined) return undefined;
    this.#underWay.delete(number);
    this.#finish(task);
    return task;
  }

  /** The worker that was running a task has died: true when the task is tried again. */
  retry(task: Task): boolean {
    this.#underWay.delete(task.number as number);
    task.number = undefined;
    task.deaths += 1;
    const again = !task.isSettled && task.deaths <= this.#maxRetries;
    if (again) this.#waiting.unshift(task);
    else this.#finish(task);
    return again;
  }

  /**
   * Ends a task before its time: no worker begins it any more.
   * @returns its number, if it is under way
   */
  cancel(task: Task, reason: unknown): number | undefined {
    if (task.isSettled) return undefined;
    task.fail(reason);
    const { number } = task;
    if (number === undefined || !this.#underWay.has(number)) return undefined;
    this.#channel.cancel(number);
    return number;
  }

  /** Takes back a task that no worker has taken: true when it is certain that none will begin it. */
  withdraw(task: Task, reason: unknown): boolean {
    if (task.isSettled || this.hasBegun(task)) return false;
    const { number } = task;
    if (number !== undefined && !this.#channel.cancelUntaken(number)) return false;
    task.fail(reason);
    return true;
  }

  /** Whether a worker has this task in hand. */
  hasBegun({ number, isSettled }: Task): boolean {
    return !isSettled && number !== undefined && this.#channel.isTaken(number);
  }

  /** Ends all. */
  failAll(reason: unknown): void {
    const sources = [...this.#sources];
    this.#sources.clear();
    for (const source of sources) source.abandon(reason);
    const tasks = [...this.#waiting.clear(), ...this.#underWay.values()];
    this.#underWay.clear();
    for (const task of tasks) {
      this.#finish(task);
      task.fail(reason);
    }
  }

  /** The use of a function that a source has had for itself ends. */
  done(fn: PublishedFunction): void {
    this.#functions.done(fn);
  }

  use(fn: AnyFunction): PublishedFunction {
    return this.#functions.use(fn);
  }

  #finish(task: Task): void {
    this.#functions.done(task.fn);
    giveUp(task);
  }
}

/** Its message may be in a buffer that is used again at once: it is kept for later. */
function keep(task: Task): Task {
  task.message = kept(task.message as Outgoing);
  return task;
}

function giveUp(task: Task): void {
  task.message?.parcel?.release();
  task.message = undefined;
}
