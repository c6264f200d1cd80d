import { modulesAreLoaded, resolveModules } from '../reduction/module-table.ts';
import { decodeThrown } from '../reduction/remote-error.ts';
import type { AnyFunction } from '../reduction/reference.ts';
import { deadlineAfter, leftUntil, monotonicNow } from '../support/deadline.ts';
import { BrokenPoolError, ClosedError, StateError, WorkerDiedError } from '../support/errors.ts';
import { Lane } from '../synchronize/lane.ts';
import { Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { kept, pack, unpack } from '../transport/parcels.ts';
import { newHead } from '../transport/records.ts';
import type { Incoming, Outgoing } from '../transport/records.ts';
import { ENDED } from '../transport/stream-state.ts';
import { CALL, STATUS } from './messages.ts';
import type { ThrownBytes } from './messages.ts';
import { PoolChannel, TASKS_MOST } from './pool-channel.ts';
import type { PoolSettings } from './pool-options.ts';
import { TaskCounts } from './pool-stats.ts';
import type { PoolStats } from './pool-stats.ts';
import { PublishedFunctions } from './published-functions.ts';
import type { PublishedFunction } from './published-functions.ts';
import { needsImport, Task } from './task.ts';
import type { TaskEnd } from './task.ts';
import { TaskQueue } from './task-queue.ts';
import { Workers } from './workers.ts';
import type { PoolWorker } from './workers.ts';

/** Makes tasks as there is room for them, such as the chunks of a map. */
export interface TaskSource {
  /** Undefined when there is none now. Failing to make one is the source's own affair: it does not throw. */
  next(): Task | undefined;
  /** No task of it will be run any more. */
  abandon(reason: unknown): void;
}

type State = 'open' | 'closed' | 'terminated' | 'broken';

// Results that are taken in one go, before what waits for them may go on.
const BATCH = 256;
// How often a blocked thread looks whether a worker has died.
const LOOK_MS = 50;
/** Workers that die before they are ready, one after the other, until the pool is broken. */
const FAILED_STARTS_MOST = 3;
/** After it, a worker that does not end on SIGTERM is killed. */
const GRACE_MS = 2000;

/**
 * Hands tasks to the workers of a pool and their results to who waits for them.
 *
 * Workers take the tasks themselves, from one stream for all, and put results into another; what is known here is which
 * tasks are under way (pool-channel.ts has the protocol, and what happens when a worker dies).
 */
export class Scheduler {
  readonly #channel: PoolChannel;
  readonly #settings: PoolSettings;
  readonly #functions: PublishedFunctions;
  readonly #workers: Workers;
  readonly #lane: Lane;
  readonly #counts = new TaskCounts();
  readonly #waiting = new TaskQueue<Task>();
  readonly #sources = new Set<TaskSource>();
  /** By number: sent, and without a result. */
  readonly #underWay = new Map<number, Task>();
  /** Results that wait for an import. */
  readonly #late = new Set<Promise<void>>();
  readonly #head = newHead();
  #state: State = 'open';
  #broken: BrokenPoolError | undefined;
  #isPumping = false;
  #blocked = 0;
  #failedStarts = 0;
  #areStopsSent = false;
  /** Calls of ours under way that use the channel, and call what may end the pool. */
  #uses = 0;
  #isReleaseDue = false;
  #isReleased = false;
  readonly #allEnded = new Set<() => void>();

  /** @throws SerializationError when the initializer cannot travel; ResourceError. Nothing is left behind then. */
  constructor(settings: PoolSettings) {
    const { initializer, initArgs, processes, name, maxTasks } = settings;
    this.#settings = settings;
    this.#channel = PoolChannel.create(processes);
    this.#lane = new Lane(this.#channel.arena);
    this.#functions = new PublishedFunctions(this.#channel);
    try {
      const published =
        initializer === undefined
          ? undefined
          : this.#functions.publishValue([initializer, initArgs], '[initializer, initArgs]');
      this.#workers = new Workers(
        this.#channel,
        { name, processes, initializer: published, maxTasks },
        this.#onWorkerEnd,
      );
    } catch (error) {
      this.#channel.release();
      throw error;
    }
    try {
      this.#workers.startAll();
    } catch (error) {
      this.#state = 'terminated';
      this.#workers.killAll();
      // The hand of each is looked into when it has ended.
      if (this.#workers.living.length === 0) this.#release();
      else this.#allEnded.add(() => this.#release());
      throw error;
    }
  }

  get processes(): number {
    return this.#settings.processes;
  }

  get state(): State {
    return this.#state;
  }

  // ---- tasks ----

  /** @throws SerializationError when the function cannot travel; StateError or BrokenPoolError when nothing is accepted. */
  use(fn: AnyFunction, where: string): PublishedFunction {
    this.#expectOpen(where);
    return this.#functions.use(fn);
  }

  /** To be called once for each `use`. */
  done(fn: PublishedFunction): void {
    this.#functions.done(fn);
  }

  /**
   * Submits a task: its payload travels as it is now.
   * @param fn used for it: what the task ends gives it back
   * @throws SerializationError when the payload cannot travel; ClosedError, BrokenPoolError when there are no workers any more.
   */
  submit(fn: PublishedFunction, call: number, payload: unknown, what: string, end: TaskEnd): Task {
    if (this.#state === 'terminated' || this.#state === 'broken') throw this.#endReason();
    const task = this.make(fn, call, payload, what, end);
    if (this.#waiting.length > 0 || this.#underWay.size >= TASKS_MOST || !this.#send(task))
      this.#waiting.push(keep(task));
    return task;
  }

  /** A task for a source to return. @throws SerializationError */
  make(fn: PublishedFunction, call: number, payload: unknown, what: string, end: TaskEnd): Task {
    this.#head[1] = call;
    const message = pack(this.#channel.arena, payload, what, this.#head);
    const task = new Task(fn, call, message, end);
    if (this.#settings.maxRetries > 0) keep(task);
    return task;
  }

  addSource(source: TaskSource): void {
    this.#sources.add(source);
    this.#fill();
  }

  removeSource(source: TaskSource): void {
    this.#sources.delete(source);
    this.#stopWhenDone();
  }

  /** There may be a task where there was none. */
  refill(): void {
    this.#fill();
  }

  /**
   * Ends a task before its time. No worker begins it any more; one that has begun it is stopped.
   * @param stops false: it may go on, and nobody will hear of it
   */
  cancel(task: Task, reason: unknown, stops = true): void {
    if (task.isSettled) return;
    task.fail(reason);
    const { number } = task;
    if (number === undefined || !this.#underWay.has(number)) return;
    this.#channel.cancel(number);
    if (stops && this.#channel.isTaken(number)) this.#workers.stop(number);
  }

  #send(task: Task): boolean {
    const message = task.message as Outgoing;
    if (!this.#functions.place(task.fn)) return false;
    const head = message.head as NonNullable<Outgoing['head']>;
    head[0] = task.fn.number as number;
    head[1] = task.call;
    const number = this.#channel.tasks.sent;
    try {
      waitSync(() => notEnded(this.#channel.tasks.write(message)), undefined);
    } catch (error) {
      // No memory: there may be some when others have ended.
      if (this.#underWay.size > 0) return false;
      this.#finish(task);
      task.fail(error);
      return true;
    }
    task.number = number;
    this.#underWay.set(number, task);
    if (this.#settings.maxRetries === 0) {
      message.parcel?.release();
      task.message = undefined;
    }
    this.#pump();
    return true;
  }

  #fill(): void {
    while (this.#underWay.size < TASKS_MOST) {
      const task = this.#nextTask();
      if (task === undefined) break;
      if (task.isSettled) this.#finish(task);
      else if (!this.#send(task)) {
        this.#waiting.unshift(keep(task));
        break;
      }
    }
    this.#stopWhenDone();
  }

  /** Sources come first: they have few tasks under way at a time. */
  #nextTask(): Task | undefined {
    for (const source of this.#sources) {
      const task = source.next();
      if (task !== undefined) return task;
    }
    return this.#waiting.shift();
  }

  #finish(task: Task): void {
    this.#functions.done(task.fn);
    task.message?.parcel?.release();
    task.message = undefined;
  }

  // ---- results ----

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    void this.#pumpResults();
  }

  async #pumpResults(): Promise<void> {
    while (this.#underWay.size > 0) {
      await waitAsync(this.#drain, undefined, this.#lane);
      this.#fill();
    }
    this.#isPumping = false;
  }

  /** Takes the results that are there; a Wait when there is none, and something to wait for. */
  readonly #drain = (): number | Wait => {
    const wait = this.#receiveMost(BATCH);
    return wait === undefined || this.#underWay.size === 0 ? 0 : wait;
  };

  /** Undefined when at least one result was there. */
  #receiveMost(most: number): Wait | undefined {
    this.#uses += 1;
    try {
      for (let count = 0; count < most; count++) {
        const message = notEnded(this.#channel.results.read());
        if (!(message instanceof Wait)) this.#receive(message);
        else return count === 0 ? message : undefined;
      }
      return undefined;
    } finally {
      this.#endUse();
    }
  }

  #receiveAll(): void {
    while (this.#receiveMost(BATCH) === undefined);
  }

  #receive(message: Incoming): void {
    const [number = 0, status = 0, startedUs = 0, tookUs = 0] = message.head;
    if (status === STATUS.ready || status === STATUS.notReady) return this.#onStart(number, status, message);
    const task = this.#underWay.get(number);
    if (task === undefined || status === STATUS.skipped) message.parcel?.release();
    if (task === undefined) return;
    this.#underWay.delete(number);
    this.#finish(task);
    if (status === STATUS.skipped) return;
    const waitedUs = (startedUs - this.#submittedUs(task)) | 0;
    this.#counts.ended(status === STATUS.thrown, waitedUs, tookUs >>> 0);
    const late = task.receive(message);
    if (late === undefined) return;
    if (this.#blocked > 0) return this.cancel(task, needsImport(task));
    void this.#awaitLate(late);
  }

  async #awaitLate(late: Promise<void>): Promise<void> {
    this.#late.add(late);
    await late;
    this.#late.delete(late);
    this.#stopWhenDone();
  }

  /** On the clock that all processes have, modulo 2^32. */
  #submittedUs(task: Task): number {
    return ((task.submittedAt + CLOCK_OFFSET) * 1000) % 2 ** 32;
  }

  #onStart(hand: number, status: number, message: Incoming): void {
    const value = status === STATUS.notReady ? (unpack(message) as ThrownBytes) : message.parcel?.release();
    if (value !== undefined) return void this.#breakBy(value);
    const worker = this.#workers.at(hand);
    if (worker !== undefined) worker.isReady = true;
    this.#failedStarts = 0;
  }

  async #breakBy([bytes, modules]: ThrownBytes): Promise<void> {
    if (!modulesAreLoaded(modules) && this.#blocked === 0) await resolveModules(modules).catch(() => {});
    const cause = decodeThrown(bytes, { code: true });
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    this.#break(new BrokenPoolError(`The initializer of the pool has failed: ${reason}`, { cause }));
  }

  /** Blocks the thread until the condition holds; false when the time was over first. */
  readonly block = (isDone: () => boolean, timeout: number): boolean => {
    const deadline = deadlineAfter(timeout);
    let looked = performance.now();
    this.#blocked += 1;
    try {
      for (;;) {
        this.#fill();
        if (isDone()) return true;
        const left = leftUntil(deadline);
        if (left === 0) return false;
        waitSync(() => this.#receiveMost(BATCH) ?? true, { timeout: Math.min(LOOK_MS, left) });
        if (performance.now() - looked < LOOK_MS) continue;
        this.#workers.noticeEnds();
        looked = performance.now();
      }
    } finally {
      this.#blocked -= 1;
      if (this.#underWay.size === 0) this.#endPump();
    }
  };

  /** What the event loop waits for has come in another way. */
  #endPump(): void {
    if (this.#isPumping) this.#channel.arena.endWaits?.();
  }

  // ---- deaths ----

  readonly #onWorkerEnd = (worker: PoolWorker): void => {
    this.#uses += 1;
    this.#receiveAll();
    const number = worker.stoppedFor ?? this.#channel.inHand(worker.hand);
    this.#channel.emptyHand(worker.hand);
    const task = number === undefined ? undefined : this.#underWay.get(number);
    if (number !== undefined && task !== undefined) this.#leave(number, task, worker);
    this.#replace(worker);
    this.#fill();
    if (this.#underWay.size === 0) this.#endPump();
    if (this.#workers.living.length === 0) for (const resolve of this.#allEnded) resolve();
    this.#endUse();
  };

  /** A dead worker had this task in hand: it is lost, if it had been taken, and nobody else has it. */
  #leave(number: number, task: Task, worker: PoolWorker): void {
    if (!this.#channel.isTaken(number) || this.#workers.hasHolder(number)) return;
    // Who took it may have sent its result and emptied the hand since the results were read.
    this.#receiveAll();
    if (this.#underWay.get(number) !== task) return;
    this.#underWay.delete(number);
    task.number = undefined;
    task.deaths += 1;
    if (!task.isSettled && task.deaths <= this.#settings.maxRetries) return this.#waiting.unshift(task);
    this.#finish(task);
    if (task.isSettled) return;
    this.#counts.failed += 1;
    task.fail(diedOf(task, worker));
  }

  #replace(worker: PoolWorker): void {
    if (this.#areStopsSent || this.#state === 'terminated' || this.#state === 'broken') return;
    if (!worker.isReady && ++this.#failedStarts >= FAILED_STARTS_MOST) {
      return this.#break(
        new BrokenPoolError(
          `${this.#failedStarts} workers of the pool have ended one after the other before their first task, ` +
            `the last with ${endOf(worker)}: see what they have written to stderr`,
        ),
      );
    }
    try {
      this.#workers.start(worker.hand);
    } catch (cause) {
      this.#break(new BrokenPoolError('A worker of the pool could not be replaced', { cause }));
    }
  }

  #break(error: BrokenPoolError): void {
    if (this.#state === 'broken' || this.#state === 'terminated') return;
    this.#state = 'broken';
    this.#broken = error;
    this.#failAll(error);
    this.#endWorkers();
  }

  #failAll(reason: unknown): void {
    const sources = [...this.#sources];
    this.#sources.clear();
    for (const source of sources) source.abandon(reason);
    for (const task of this.#waiting.clear()) {
      this.#finish(task);
      task.fail(reason);
    }
    const underWay = [...this.#underWay.values()];
    this.#underWay.clear();
    for (const task of underWay) {
      this.#finish(task);
      task.fail(reason);
    }
    this.#endPump();
  }

  // ---- the end ----

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    this.#fill();
  }

  terminate(): void {
    if (this.#state === 'terminated') return;
    const wasBroken = this.#state === 'broken';
    this.#state = 'terminated';
    if (!wasBroken) this.#failAll(this.#endReason());
    this.#endWorkers();
  }

  #endReason(): Error {
    return this.#broken ?? new ClosedError('The pool has been terminated: this task was not finished');
  }

  #endWorkers(): void {
    this.#workers.terminate();
    setTimeout(() => this.#workers.killAll(), GRACE_MS).unref();
  }

  /** Every worker takes one stop, after all tasks. */
  #stopWhenDone(): void {
    if (this.#state !== 'closed' || this.#areStopsSent) return;
    const isDone = this.#sources.size + this.#waiting.length + this.#underWay.size + this.#late.size === 0;
    if (!isDone) return;
    this.#areStopsSent = true;
    for (const _ of this.#workers.living) {
      const head = newHead();
      head[1] = CALL.stop;
      const message = pack(this.#channel.arena, undefined, 'stop', head);
      waitSync(() => notEnded(this.#channel.tasks.write(message)), undefined);
    }
  }

  /** Ends when all workers have. @throws StateError while the pool is open. */
  async join(): Promise<void> {
    this.#expectClosing('join()');
    if (this.#workers.living.length > 0) {
      await new Promise<void>((resolve) => {
        // It holds the event loop, which the workers by themselves do not.
        const holding = setInterval(() => {}, 2 ** 30);
        this.#allEnded.add(() => {
          clearInterval(holding);
          resolve();
        });
      });
    }
    this.#release();
  }

  joinSync(): void {
    this.#expectClosing('joinSync()');
    const graceEnd = performance.now() + GRACE_MS;
    const mayTakeLong = this.#state === 'closed';
    this.block(() => {
      this.#workers.noticeEnds();
      if (!mayTakeLong && performance.now() > graceEnd) this.#workers.killAll();
      return this.#workers.living.length === 0;
    }, Infinity);
    this.#release();
  }

  /** Joined in a callback, the pool has calls of its own under way that go on using what it shares. */
  #release(): void {
    this.#isReleaseDue = true;
    if (this.#uses === 0) this.#releaseNow();
  }

  #endUse(): void {
    this.#uses -= 1;
    if (this.#uses === 0 && this.#isReleaseDue) this.#releaseNow();
  }

  #releaseNow(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#channel.release();
  }

  #expectOpen(where: string): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#state !== 'open') throw new StateError(`${where}: the pool is ${this.#state} and takes no new tasks`);
  }

  #expectClosing(where: string): void {
    if (this.#state === 'open') throw new StateError(`${where} before close() or terminate(): close the pool first`);
  }

  // ---- for people ----

  stats(): PoolStats {
    const workers = this.#workers.living.map(({ process: child, hand, isReady }) => ({
      name: child.name,
      pid: child.pid,
      state: isReady
        ? this.#channel.inHand(hand) === undefined
          ? ('idle' as const)
          : ('busy' as const)
        : ('starting' as const),
    }));
    const running = workers.filter(({ state }) => state === 'busy').length;
    const queued = Math.max(0, this.#waiting.length + this.#underWay.size - running);
    const { completed, failed, runTime, waitTime } = this.#counts;
    return { workers, queued, running, completed, failed, runTime, waitTime };
  }
}

const CLOCK_OFFSET = monotonicNow() - performance.now();

/** Its message may be in a buffer that is used again at once: it is kept for later. */
function keep(task: Task): Task {
  task.message = kept(task.message as Outgoing);
  return task;
}

function notEnded<R>(result: R | typeof ENDED): R {
  if (result === ENDED) throw new ClosedError('The pool has ended');
  return result;
}

function diedOf(task: Task, worker: PoolWorker): WorkerDiedError {
  const { pid, exitCode, name } = worker.process;
  const often = task.deaths > 1 ? `, as ${task.deaths - 1} before it` : '';
  return new WorkerDiedError(
    `${name} (pid ${pid}) ended with ${endOf(worker)} while it ran '${task.fn.name}'${often}`,
    {
      pid,
      exitCode,
      task: task.fn.name,
    },
  );
}

function endOf({ process: { exitCode } }: PoolWorker): string {
  return exitCode !== null && exitCode < 0 ? `signal ${-exitCode}` : `exit code ${exitCode}`;
}
