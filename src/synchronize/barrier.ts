import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { BrokenBarrierError, TimeoutError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Arrivals } from './arrivals.ts';
import type { Arrival } from './arrivals.ts';
import { Lane } from './lane.ts';
import { createPrimitiveBlock, Primitive } from './primitive.ts';
import type { PrimitiveOptions } from './primitive.ts';
import { TIMED_OUT, Wait } from './wait-point.ts';
import { waitAsync, waitSync } from './waitable.ts';

const BARRIER = { kind: 0x42415252, title: 'Barrier' };
const MOST_PARTIES = 0x7fffffff;

/** What belongs to the object, not to the shared barrier. */
export interface BarrierUse {
  /** Called by one of the parties, once per pass, when all have arrived and before any goes on. Travels with the object. */
  readonly action?: () => unknown;
  /** Of each wait that says nothing else (ms); by default none. */
  readonly timeout?: number;
}

export interface BarrierOptions extends BarrierUse, PrimitiveOptions {}

interface SharedBarrier extends BarrierUse {
  readonly barrier: BlockReference;
}

/**
 * A place where `parties` processes, threads or asynchronous flows wait for each other, again and again.
 *
 * It breaks for all when one of them gives up (timeout, abort), dies while it waits, or fails in the action: then they get
 * BrokenBarrierError instead of waiting for ever, until somebody resets it.
 * Python: `multiprocessing.Barrier`, where the death of a waiting party is not noticed. The shared state is in arrivals.ts.
 *
 * @example
 * const rounds = new Barrier(workers.length, { action: () => step.value++ });
 * await rounds.wait();
 */
export class Barrier extends Primitive {
  static {
    printAs(Barrier, (barrier) => barrier.#describe());
  }

  readonly #arrivals: Arrivals;
  readonly #use: BarrierUse;
  /** The arrivals of this object whose waits have not returned. */
  readonly #underWay = new Set<Arrival>();

  /**
   * @param parties how many, at least 1
   * @throws TypeError or RangeError for wrong arguments, ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(parties: number, options?: BarrierOptions);
  constructor(parties: number, options: BarrierOptions = {}, block: Block = createBarrier(parties, options)) {
    super(block, BARRIER);
    this.#arrivals = new Arrivals(block);
    const { action, timeout } = options;
    this.#use = { ...(action && { action }), ...(timeout !== undefined && { timeout }) };
  }

  /**
   * Opens the barrier that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string, use: BarrierUse = {}): Barrier {
    checkUse(use, 'Barrier.open()', ['action', 'timeout']);
    return Barrier.#of(openObject(name, BARRIER), use);
  }

  /** For handles. */
  static attach({ barrier, ...use }: SharedBarrier): Barrier {
    return Barrier.#of(attachObject(barrier, BARRIER), use);
  }

  static #of(block: Block, use: BarrierUse): Barrier {
    return new (Barrier as unknown as new (parties: number, use: BarrierUse, block: Block) => Barrier)(0, use, block);
  }

  /** For handles. */
  shareWithUse(): SharedBarrier {
    return { barrier: this.share(), ...this.#use };
  }

  /** How many have to arrive before all go on. */
  get parties(): number {
    this.checkOpen();
    return this.#arrivals.parties;
  }

  /** How many have arrived and wait. */
  get nWaiting(): number {
    this.checkOpen();
    return this.#arrivals.waiting;
  }

  get broken(): boolean {
    this.checkOpen();
    return this.#arrivals.broken;
  }

  /**
   * Waits for the others; returns a number from 0 to parties - 1, for each of them another.
   * @throws BrokenBarrierError, also when the time (ms) is over; the signal's reason when it is aborted; what the action threw;
   * TimeoutError when it came one too many, while the action of the others ran, and has not arrived in time.
   */
  async wait(wait?: AsyncWaitOptions): Promise<number> {
    checkWait(wait, 'wait()');
    const options = { ...this.#defaults(), ...wait };
    options.signal?.throwIfAborted();
    const deadline = deadlineAfter(options.timeout ?? Infinity);
    let arrival: Arrival | undefined;
    try {
      // Who comes while the action of a full cycle runs first waits for its end.
      const arrived = await waitAsync(() => this.#arrive(), options, new Lane(this.block.arena));
      if (arrived === TIMED_OUT) throw actionTimeoutError();
      arrival = arrived;
      const { cycle, index } = arrival;
      if (index === this.#arrivals.parties - 1) {
        await this.#use.action?.();
        this.#pass(cycle);
      } else {
        const rest = { ...options, timeout: leftUntil(deadline) };
        const passed = await waitAsync(this.#passage(cycle), rest, new Lane(this.block.arena));
        if (passed === TIMED_OUT) this.#giveUp(cycle);
      }
      return index;
    } catch (error) {
      this.#fail(arrival);
      throw error;
    } finally {
      if (arrival !== undefined) this.#underWay.delete(arrival);
    }
  }

  /** As `wait`, blocking the thread; the action must be synchronous, too. */
  waitSync(wait?: WaitOptions): number {
    checkWait(wait, 'waitSync()', SYNC_WAIT_KEYS);
    const options = { ...this.#defaults(), ...wait };
    const deadline = deadlineAfter(options.timeout ?? Infinity);
    let arrival: Arrival | undefined;
    try {
      const arrived = waitSync(() => this.#arrive(), options);
      if (arrived === TIMED_OUT) throw actionTimeoutError();
      arrival = arrived;
      const { cycle, index } = arrival;
      if (index === this.#arrivals.parties - 1) {
        checkNoPromise(this.#use.action?.());
        this.#pass(cycle);
      } else if (waitSync(this.#passage(cycle), { timeout: leftUntil(deadline) }) === TIMED_OUT) {
        this.#giveUp(cycle);
      }
      return index;
    } catch (error) {
      this.#fail(arrival);
      throw error;
    } finally {
      if (arrival !== undefined) this.#underWay.delete(arrival);
    }
  }

  /** Breaks the barrier: who waits, and who comes before a reset, gets BrokenBarrierError. */
  abort(): void {
    this.checkOpen();
    this.#arrivals.break();
  }

  /** Makes it as new; who waits at the moment gets BrokenBarrierError. */
  reset(): void {
    this.checkOpen();
    this.#arrivals.reset();
  }

  protected override letGo(): void {
    for (const { cycle } of this.#underWay) this.#arrivals.break(cycle);
  }

  #defaults(): AsyncWaitOptions {
    const { timeout } = this.#use;
    return timeout === undefined ? {} : { timeout };
  }

  #arrive(): Arrival | Wait {
    this.checkOpen();
    const arrival = this.#arrivals.arrive();
    if (!(arrival instanceof Wait)) this.#underWay.add(arrival);
    return arrival;
  }

  #pass(cycle: number): void {
    this.checkOpen();
    this.#arrivals.pass(cycle);
  }

  #passage(cycle: number): () => true | Wait {
    const wait = this.#arrivals.newWait();
    return () => {
      this.checkOpen();
      return this.#arrivals.passed(cycle, wait);
    };
  }

  /** Breaks the cycle since the time is over, unless all have gone on at the last moment. */
  #giveUp(cycle: number): void {
    if (this.#arrivals.break(cycle)) throw timeoutError();
    this.#passage(cycle)();
  }

  /** Who fails after the arrival is missing in the cycle. */
  #fail(arrival: Arrival | undefined): void {
    if (arrival !== undefined && this.isOpen) this.#arrivals.break(arrival.cycle);
  }

  #describe(): string {
    return this.print(() => {
      const { parties, waiting, broken } = this.#arrivals;
      return broken ? 'broken' : `${waiting} of ${parties} waiting`;
    });
  }
}

function createBarrier(parties: number, options: BarrierOptions): Block {
  const where = 'new Barrier()';
  checkUse(options, where, ['action', 'timeout', 'name']);
  if (typeof parties !== 'number') throw new TypeError(`${where}: parties must be a number, not ${typeof parties}`);
  if (!Number.isInteger(parties) || parties < 1 || parties > MOST_PARTIES) {
    throw new RangeError(`${where}: parties must be a whole number of at least 1, not ${parties}`);
  }
  return createPrimitiveBlock(BARRIER, Arrivals.bytes, options.name, (words) => Arrivals.initialize(words, parties));
}

function checkUse(use: BarrierUse, where: string, keys: readonly string[]): void {
  checkOptions(use, keys, where);
  const { action, timeout } = use;
  if (action !== undefined && typeof action !== 'function') {
    throw new TypeError(`${where}: the action must be a function, not ${typeof action}`);
  }
  if (timeout !== undefined) checkWait({ timeout }, where);
}

function checkNoPromise(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => undefined);
  throw new TypeError('waitSync(): the action of this barrier is asynchronous: use wait()');
}

function actionTimeoutError(): TimeoutError {
  return new TimeoutError('The time is over, and the action of the parties before is still running');
}

function timeoutError(): BrokenBarrierError {
  return new BrokenBarrierError('The time is over, and not all parties have arrived: the barrier is broken now');
}

registerShareable(Barrier, {
  tag: 'barrier',
  module: import.meta.url,
  share: (barrier) => barrier.shareWithUse(),
  attach: (shared: SharedBarrier) => Barrier.attach(shared),
});
