import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';

import { killPoint } from '../native/kill-point.ts';
import { currentProcess } from '../process/current.ts';
import { rememberReference } from '../reduction/reference.ts';
import { encodeThrown } from '../reduction/remote-error.ts';
import { monotonicNow } from '../support/deadline.ts';
import { isAtRest } from '../synchronize/activity.ts';
import { Lane } from '../synchronize/lane.ts';
import { Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { isReady, LateMessage, pack, unpack } from '../transport/parcels.ts';
import { newHead } from '../transport/records.ts';
import type { Incoming } from '../transport/records.ts';
import { ENDED } from '../transport/stream-state.ts';
import { isThenable, perform, sentForm, SomeFailed, travelingOutcomes } from './calls.ts';
import type { Callable } from './calls.ts';
import { KnownFunctions } from './known-functions.ts';
import { CALL, STATUS } from './messages.ts';
import type { ThrownBytes } from './messages.ts';
import type { PoolChannel } from './pool-channel.ts';

export interface WorkerSettings {
  /** Which of the pool's hands is this worker's. */
  readonly hand: number;
  /** The number of the function that the initializer with its arguments is published as. */
  readonly initializer: number | undefined;
  /** It ends after so many tasks; 0 = never. */
  readonly maxTasks: number;
}

/** A task that was taken. */
interface Taken {
  readonly number: number;
  readonly fn: number;
  readonly call: number;
  /** The arguments or items; late when modules have to be imported first. */
  readonly payload: unknown;
  /** Why there are none. */
  readonly failure: { readonly error: unknown } | undefined;
}

// How long tasks follow each other before the event loop turns.
const LONG_RUN_MS = 4;
const FAMILY = { code: true };

/** The program of a worker: takes task after task until it is told to stop. */
export async function runWorker(channel: PoolChannel, settings: WorkerSettings): Promise<void> {
  try {
    await new Worker(channel, settings).run();
  } catch (error) {
    process.stderr.write(`${currentProcess().name}:\n${inspect(error)}\n`);
    process.exit(1);
  }
  process.exit();
}

// Not to be looked for, which only Node can.
rememberReference(runWorker, { module: import.meta.url, name: 'runWorker' });

class Worker {
  readonly #channel: PoolChannel;
  readonly #settings: WorkerSettings;
  readonly #functions: KnownFunctions;
  readonly #lane: Lane;
  readonly #head = newHead();
  /** Tells to which task an error belongs that nobody has caught. */
  readonly #scope = new AsyncLocalStorage<number>();
  /** From this process' clock to the one that all have, in ms. */
  readonly #clockOffset = monotonicNow() - performance.now();
  /** The task in hand. */
  #number = 0;
  #startedAt = 0;
  #lastTurn = performance.now();
  #failTask: ((error: unknown) => void) | undefined;

  constructor(channel: PoolChannel, settings: WorkerSettings) {
    this.#channel = channel;
    this.#settings = settings;
    this.#functions = new KnownFunctions(channel);
    this.#lane = new Lane(channel.arena);
  }

  async run(): Promise<void> {
    process.on('uncaughtException', this.#onUncaught);
    // Ctrl-C goes to all processes of a terminal: what becomes of the workers is the owner's affair.
    process.on('SIGINT', () => {});
    if (!(await this.#initialize())) return;
    const { hand } = this.#settings;
    const mostTasks = this.#settings.maxTasks || Infinity;
    let task: Taken | undefined;
    for (let done = 0; done < mostTasks;) {
      task = this.#takeAtOnce() ?? (await this.#take());
      if (task.call === CALL.stop) return;
      this.#startedAt = performance.now();
      if (this.#channel.isCancelled(task.number)) {
        this.#send(STATUS.skipped, undefined);
      } else {
        done += 1;
        const performing = this.#perform(task);
        if (performing !== undefined) await performing;
      }
      if (!this.#channel.takeOutOfHand(hand, task.number)) return;
      // What it was called with is kept no longer: the variables here live on while the next one is waited for.
      task = undefined;
      killPoint('pool.emptied');
      if (performance.now() - this.#lastTurn > LONG_RUN_MS) await this.#turn();
    }
  }

  async #initialize(): Promise<boolean> {
    const { initializer, hand } = this.#settings;
    this.#number = hand;
    this.#startedAt = performance.now();
    try {
      if (initializer !== undefined) {
        const [fn, args] = (await this.#functions.make(initializer)) as readonly [Callable, readonly unknown[]];
        await fn(...args);
      }
    } catch (error) {
      this.#send(STATUS.notReady, thrownBytes(error));
      return false;
    }
    this.#send(STATUS.ready, undefined);
    return true;
  }

  // ---- taking ----

  #takeAtOnce(): Taken | undefined {
    const task = this.#attempt();
    return task instanceof Wait ? undefined : task;
  }

  /**
   * With nothing on the event loop, the thread itself waits: it spins, and then sleeps where one wake is enough. What tasks have
   * left behind - timers, sockets, promises - goes on while the loop waits.
   */
  async #take(): Promise<Taken> {
    await this.#turn();
    const blocks = isAtRest(0) && !listensToSignals();
    const task = blocks ? waitSync(this.#attempt, undefined) : waitAsync(this.#attempt, undefined, this.#lane);
    return (await task) as Taken;
  }

  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastTurn = performance.now();
  }

  readonly #attempt = (): Taken | Wait => {
    const message = this.#channel.tasks.read(this.#note);
    if (message instanceof Wait) return message;
    if (message === ENDED) throw new Error('The stream of tasks has ended');
    killPoint('pool.taken');
    const number = this.#number;
    const [fn = 0, call = 0] = message.head;
    try {
      const payload = isReady(message) ? unpack(message) : new LateMessage(message);
      return { number, fn, call, payload, failure: undefined };
    } catch (error) {
      return { number, fn, call, payload: undefined, failure: { error } };
    }
  };

  // Before the message is taken: see the crash rule of pool-channel.ts.
  readonly #note = (_: Incoming, number: number): void => {
    this.#number = number;
    this.#channel.putInHand(this.#settings.hand, number);
    killPoint('pool.noted');
  };

  // ---- performing ----

  /** Performs a task and sends its result; undefined when that is done without a wait. */
  #perform(task: Taken): Promise<void> | undefined {
    const { number, call, payload } = task;
    const fn = this.#functions.at(task.fn);
    if (fn === undefined || payload instanceof LateMessage) return this.#performLater(task);
    try {
      if (task.failure !== undefined) throw task.failure.error;
      const result = this.#scope.run(number, perform, fn as Callable, call, payload, thrownBytes);
      if (isThenable(result)) return this.#finishLater(call, result);
      this.#sendResult(call, result);
    } catch (error) {
      this.#send(STATUS.thrown, thrownBytes(error));
    }
    return undefined;
  }

  async #performLater({ number, call, payload, failure, ...task }: Taken): Promise<void> {
    try {
      const items = payload instanceof LateMessage ? await payload.unpack() : payload;
      const fn = this.#functions.at(task.fn) ?? (await this.#functions.make(task.fn));
      if (failure !== undefined) throw failure.error;
      const result = this.#scope.run(number, perform, fn as Callable, call, items, thrownBytes);
      await this.#finishLater(call, result);
    } catch (error) {
      this.#send(STATUS.thrown, thrownBytes(error));
    }
  }

  async #finishLater(call: number, result: unknown): Promise<void> {
    const failed = new Promise<never>((_, reject) => {
      this.#failTask = reject;
    });
    try {
      this.#sendResult(call, await Promise.race([result, failed]));
    } catch (error) {
      this.#send(STATUS.thrown, thrownBytes(error));
    } finally {
      this.#failTask = undefined;
    }
  }

  /** What a task throws later belongs to it while it is in hand. Else nobody can be told but the reader of stderr. */
  readonly #onUncaught = (error: unknown): void => {
    if (this.#failTask !== undefined && this.#scope.getStore() === this.#number) return this.#failTask(error);
    process.stderr.write(
      `${currentProcess().name}: an error that nobody has caught, of a task that had ended:\n${inspect(error)}\n`,
    );
  };

  // ---- results ----

  /** @throws SerializationError when the result cannot travel. */
  #sendResult(call: number, result: unknown): void {
    try {
      if (result instanceof SomeFailed) this.#send(STATUS.outcomes, result.outcomes);
      else this.#send(STATUS.value, sentForm(call, result));
    } catch (error) {
      if ((call & CALL.outcomes) === 0) throw error;
      this.#send(STATUS.outcomes, travelingOutcomes(result as readonly unknown[] | SomeFailed, thrownBytes));
    }
  }

  #send(status: number, value: unknown): void {
    const now = performance.now();
    const head = this.#head;
    head[0] = this.#number;
    head[1] = status;
    head[2] = ((this.#startedAt + this.#clockOffset) * 1000) % 2 ** 32;
    head[3] = (now - this.#startedAt) * 1000;
    const message = pack(this.#channel.arena, value, 'the result', head);
    try {
      killPoint('pool.performed');
      waitSync(() => this.#channel.results.write(message), undefined);
      killPoint('pool.sent');
    } finally {
      message.parcel?.release();
    }
  }
}

/** Besides our own SIGINT: a blocked thread would not hear them. */
function listensToSignals(): boolean {
  if (process.listenerCount('SIGINT') > 1) return true;
  return process.eventNames().some((name) => typeof name === 'string' && name.startsWith('SIG') && name !== 'SIGINT');
}

function thrownBytes(error: unknown): ThrownBytes {
  const { name, pid = process.pid } = currentProcess();
  const { bytes, modules } = encodeThrown(error, { name, pid }, FAMILY);
  return [bytes, modules];
}
