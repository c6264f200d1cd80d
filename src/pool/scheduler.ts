import { modulesAreLoaded, resolveModules } from '../reduction/module-table.ts';
import type { AnyFunction } from '../reduction/reference.ts';
import { decodeThrown } from '../reduction/remote-error.ts';
import { monotonicNow } from '../support/deadline.ts';
import { BrokenPoolError, CancelledError, ClosedError, StateError } from '../support/errors.ts';
import { unpack } from '../transport/parcels.ts';
import type { Incoming } from '../transport/records.ts';
import type { Blocker } from './async-result.ts';
import { Dispatcher } from './dispatcher.ts';
import type { TaskSource } from './dispatcher.ts';
import { STATUS } from './messages.ts';
import type { ThrownBytes } from './messages.ts';
import { PoolChannel } from './pool-channel.ts';
import type { PoolSettings } from './pool-options.ts';
import { TaskCounts } from './pool-stats.ts';
import type { PoolStats } from './pool-stats.ts';
import type { PublishedFunction } from './published-functions.ts';
import { ResultPump } from './result-pump.ts';
import { needsImport } from './task.ts';
import type { Task, TaskEnd } from './task.ts';
import { diedOf, WorkerEnds } from './worker-ends.ts';
import { Workers } from './workers.ts';
import type { PoolWorker } from './workers.ts';

type State = 'open' | 'closed' | 'terminated' | 'broken';

/** After it, a worker that does not end on SIGTERM is killed. */
const GRACE_MS = 2000;

/**
 * Hands tasks to the workers of a pool, their results to who waits for them, and knows what becomes of the tasks of the dead.
 *
 * Workers take tasks themselves, from one stream for all, and put results into another (pool-channel.ts has the protocol).
 *
 *     open --close--> closed --all done: a stop for each worker--> its workers end
 *       \--terminate--> terminated: all fail, its workers are ended
 *       \--workers cannot start--> broken: the same
 */
export class Scheduler {
  readonly #channel: PoolChannel;
  readonly #settings: PoolSettings;
  readonly #dispatcher: Dispatcher;
  readonly #pump: ResultPump;
  readonly #workers: Workers;
  readonly #counts = new TaskCounts();
  /** Results that wait for an import. */
  readonly #late = new Set<Promise<void>>();
  readonly #onAllEnded = new Set<() => void>();
  #state: State = 'open';
  /** Why no task will be done any more. */
  #endReason: Error | undefined;
  readonly #ends: WorkerEnds;
  /** When workers are started in place of some that have died without a task. */
  #restartAt = Infinity;
  #areStopsSent = false;
  #isReleased = false;

  /** @throws SerializationError when the initializer cannot travel; ResourceError. Nothing is left behind then. */
  constructor(settings: PoolSettings) {
    const { initializer, initArgs, processes, name, maxTasks, maxRetries, startMethod } = settings;
    this.#settings = settings;
    this.#ends = new WorkerEnds(initializer !== undefined);
    this.#channel = PoolChannel.create(processes);
    this.#pump = new ResultPump(this.#channel, {
      receive: (message) => this.#receive(message),
      expectsResults: () => this.#dispatcher.underWay > 0,
      goOn: () => this.#goOn(),
      look: () => this.#look(),
    });
    this.#dispatcher = new Dispatcher(this.#channel, maxRetries, () => {
      this.#pump.start();
      if (settings.startsOnDemand) this.#startWorkers();
    });
    try {
      const published =
        initializer && this.#dispatcher.functions.publishValue([initializer, initArgs], '[initializer, initArgs]');
      const start = { name, processes, initializer: published, maxTasks, startMethod };
      this.#workers = new Workers(this.#channel, start, (worker) => this.#onWorkerEnd(worker));
    } catch (error) {
      this.#channel.release();
      throw error;
    }
    try {
      if (!settings.startsOnDemand) this.#workers.startUpTo(processes);
    } catch (error) {
      this.#state = 'terminated';
      this.#workers.killAll();
      // The hand of each is looked into when it has ended.
      this.#releaseWhenEnded();
      throw error;
    }
  }

  get processes(): number {
    return this.#settings.processes;
  }

  get state(): State {
    return this.#state;
  }

  get #hasEnded(): boolean {
    return this.#state === 'terminated' || this.#state === 'broken';
  }

  /** Blocks the thread until the condition holds, doing the pool's work meanwhile. */
  get block(): Blocker {
    return this.#pump.block;
  }

  /** Whether the thread is blocked by a call of `block`. */
  get isBlocking(): boolean {
    return this.#pump.isBlocking;
  }

  // ---- tasks ----

  /**
   * A function, for one task or for a source: `done` gives it back.
   * @throws SerializationError when it cannot travel; StateError or BrokenPoolError when no tasks are taken.
   */
  use(fn: AnyFunction, where: string): PublishedFunction {
    this.expectOpen(where);
    return this.#dispatcher.use(fn);
  }

  /** @throws StateError or BrokenPoolError when no tasks are taken. */
  expectOpen(where: string): void {
    if (this.#state === 'broken') throw this.#endReason as Error;
    if (this.#state !== 'open') throw new StateError(`${where}: the pool is ${this.#state} and takes no new tasks`);
  }

  done(fn: PublishedFunction): void {
    this.#dispatcher.done(fn);
  }

  /**
   * Makes a task and submits it: see Dispatcher.make.
   * @throws SerializationError; ClosedError or BrokenPoolError when there are no workers any more.
   */
  submit(fn: PublishedFunction, call: number, payload: unknown, what: string, end: TaskEnd): Task {
    const task = this.make(fn, call, payload, what, end);
    this.#dispatcher.add(task);
    return task;
  }

  /** @throws why no task will be done any more; as Dispatcher.make */
  make(fn: PublishedFunction, call: number, payload: unknown, what: string, end: TaskEnd): Task {
    if (this.#endReason !== undefined) throw this.#endReason;
    return this.#dispatcher.make(fn, call, payload, what, end);
  }

  addSource(source: TaskSource): void {
    this.#dispatcher.addSource(source);
  }

  removeSource(source: TaskSource): void {
    this.#dispatcher.removeSource(source);
    this.#stopWhenDone();
  }

  /**
   * Ends a task before its time. No worker begins it any more; one that has begun it is stopped.
   * @param stops false: it may go on, and nobody will hear of it
   */
  cancel(task: Task, reason: unknown, stops = true): void {
    const number = this.#dispatcher.cancel(task, reason);
    if (number !== undefined && stops && this.#channel.isTaken(number)) this.#workers.stop(number);
  }

  /** Takes back a task that no worker has begun, for whatever reason: true when it is certain that none will. */
  withdraw(task: Task, reason: unknown): boolean {
    return this.#dispatcher.withdraw(task, reason);
  }

  /** Whether a worker has this task in hand. */
  hasBegun(task: Task): boolean {
    return this.#dispatcher.hasBegun(task);
  }

  #goOn(): void {
    this.#dispatcher.fill();
    this.#stopWhenDone();
  }

  // ---- results ----

  #receive(message: Incoming): void {
    const [number = 0, status = 0, startedUs = 0, tookUs = 0] = message.head;
    if (status === STATUS.ready || status === STATUS.notReady) return this.#onStart(number, status, message);
    const task = this.#dispatcher.take(number);
    if (task === undefined || status === STATUS.skipped) {
      message.parcel?.release();
      return task?.fail(new CancelledError(`'${task.fn.name}' was cancelled in the moment when it was to begin`));
    }
    this.#ends.worked();
    const waitedUs = (startedUs - onCommonClock(task.submittedAt)) | 0;
    this.#counts.ended(status === STATUS.thrown, waitedUs, tookUs >>> 0);
    const late = task.receive(message);
    if (late === undefined) return;
    if (this.#pump.isBlocking) task.fail(needsImport(task));
    else void this.#awaitLate(late);
  }

  async #awaitLate(late: Promise<void>): Promise<void> {
    this.#late.add(late);
    await late;
    this.#late.delete(late);
    this.#stopWhenDone();
  }

  #onStart(hand: number, status: number, message: Incoming): void {
    if (status === STATUS.notReady) return void this.#breakBy(unpack(message) as ThrownBytes);
    message.parcel?.release();
    const worker = this.#workers.at(hand);
    if (worker !== undefined) worker.isReady = true;
    this.#ends.started();
  }

  async #breakBy([bytes, modules]: ThrownBytes): Promise<void> {
    if (!modulesAreLoaded(modules) && !this.#pump.isBlocking) await resolveModules(modules).catch(() => {});
    const cause = decodeThrown(bytes, { code: true });
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    this.#break(new BrokenPoolError(`The initializer of the pool has failed: ${reason}`, { cause }));
  }

  // ---- deaths ----

  #onWorkerEnd(worker: PoolWorker): void {
    this.#channel.enter();
    this.#pump.drain();
    const number = worker.stoppedFor ?? this.#channel.inHand(worker.hand);
    this.#channel.emptyHand(worker.hand);
    if (number !== undefined) this.#leave(number, worker);
    this.#replace(worker, number !== undefined);
    this.#goOn();
    this.#pump.check();
    this.#releaseWhenEnded();
    this.#channel.leave();
  }

  /** A dead worker had this task in hand: it is lost, if it had been taken, has no result, and nobody else has it. */
  #leave(number: number, worker: PoolWorker): void {
    const task = this.#dispatcher.at(number);
    if (task === undefined || !this.#channel.isTaken(number) || this.#workers.hasHolder(number)) return;
    // Who took it may have sent its result and emptied the hand since the results were read.
    this.#pump.drain();
    if (this.#dispatcher.at(number) !== task || this.#dispatcher.retry(task) || task.isSettled) return;
    this.#counts.failed += 1;
    task.fail(diedOf(task, worker));
  }

  #replace(worker: PoolWorker, hadTask: boolean): void {
    if (this.#areStopsSent || this.#hasEnded) return;
    let pause: number;
    try {
      pause = this.#ends.pauseAfter(worker, hadTask);
    } catch (error) {
      return this.#break(error as BrokenPoolError);
    }
    if (pause === 0 || this.#state !== 'open') return this.#startWorkers();
    this.#restartAt = performance.now() + pause;
    setTimeout(() => this.#restart(), pause).unref();
  }

  /** A blocked thread gets no timer. */
  #look(): void {
    this.#workers.noticeEnds();
    if (performance.now() >= this.#restartAt) this.#restart();
  }

  #restart(): void {
    this.#restartAt = Infinity;
    if (!this.#areStopsSent && !this.#hasEnded) this.#startWorkers();
  }

  #startWorkers(): void {
    const { startsOnDemand, processes } = this.#settings;
    try {
      this.#workers.startUpTo(startsOnDemand ? this.#dispatcher.underWay : processes);
    } catch (cause) {
      this.#break(new BrokenPoolError('A worker of the pool could not be started', { cause }));
    }
  }

  #break(error: BrokenPoolError): void {
    if (this.#hasEnded) return;
    this.#state = 'broken';
    this.#endAll(error);
  }

  // ---- the end ----

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closed';
    if (!this.#dispatcher.isIdle && this.#workers.living.length === 0) this.#startWorkers();
    this.#goOn();
  }

  /** Every worker takes one stop, after all tasks. */
  #stopWhenDone(): void {
    if (this.#state !== 'closed' || this.#areStopsSent || !this.#dispatcher.isIdle || this.#late.size > 0) return;
    this.#areStopsSent = true;
    for (const _ of this.#workers.living) this.#dispatcher.sendStop();
    this.#releaseWhenEnded();
  }

  terminate(): void {
    if (this.#hasEnded) return;
    this.#state = 'terminated';
    this.#endAll(new ClosedError('The pool has been terminated: this task was not finished'));
  }

  /** `terminate` that gives the workers no time to do anything. */
  kill(): void {
    this.terminate();
    this.#workers.killAll();
  }

  #endAll(reason: Error): void {
    this.#endReason = reason;
    this.#workers.terminate();
    setTimeout(() => this.#workers.killAll(), GRACE_MS).unref();
    this.#dispatcher.failAll(reason);
    this.#pump.check();
    this.#releaseWhenEnded();
  }

  /** Ends when all workers have. @throws StateError while the pool is open. */
  async join(): Promise<void> {
    this.#expectClosing('join()');
    if (this.#workers.living.length > 0) {
      // It holds the event loop, which daemonic processes do not.
      const holding = setInterval(() => {}, 2 ** 30);
      await new Promise<void>((resolve) => this.#onAllEnded.add(resolve));
      clearInterval(holding);
    }
  }

  joinSync(): void {
    this.#expectClosing('joinSync()');
    const killsAt = this.#state === 'closed' ? Infinity : performance.now() + GRACE_MS;
    this.block(() => {
      this.#workers.noticeEnds();
      if (performance.now() > killsAt) this.#workers.killAll();
      return this.#workers.living.length === 0;
    }, Infinity);
  }

  #expectClosing(where: string): void {
    if (this.#state === 'open') throw new StateError(`${where} before close() or terminate(): close the pool first`);
  }

  /** When all workers have ended, and none will start. Those who join are told. */
  #releaseWhenEnded(): void {
    if (this.#state === 'open' || this.#workers.living.length > 0 || this.#isReleased) return;
    this.#isReleased = true;
    this.#channel.release();
    for (const tell of this.#onAllEnded) tell();
  }

  // ---- for people ----

  stats(): PoolStats {
    // That a worker is ready is read with results, and while none are to come nobody reads.
    if (!this.#isReleased && this.#dispatcher.underWay === 0) this.#pump.drain();
    const workers = this.#workers.living.map(({ process: child, hand, isReady, stoppedFor }) => {
      // A worker whose result has come may not have emptied its hand yet; one that was stopped has not ended yet.
      const isBusy =
        stoppedFor !== undefined || this.#dispatcher.at(this.#channel.inHand(hand) ?? NO_TASK) !== undefined;
      return { name: child.name, pid: child.pid, state: isReady ? (isBusy ? 'busy' : 'idle') : 'starting' } as const;
    });
    const running = workers.filter(({ state }) => state === 'busy').length;
    const queued = Math.max(0, this.#dispatcher.waiting + this.#dispatcher.underWay - running);
    const { completed, failed, runTime, waitTime } = this.#counts;
    return { workers, queued, running, completed, failed, runTime, waitTime };
  }
}

const NO_TASK = -1;
const CLOCK_OFFSET = monotonicNow() - performance.now();

/** In microseconds, modulo 2^32, on the clock that all processes have. */
function onCommonClock(milliseconds: number): number {
  return ((milliseconds + CLOCK_OFFSET) * 1000) % 2 ** 32;
}
