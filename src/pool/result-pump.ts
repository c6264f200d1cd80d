import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { ClosedError } from '../support/errors.ts';
import { Lane } from '../synchronize/lane.ts';
import { Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import type { Incoming } from '../transport/records.ts';
import { ENDED } from '../transport/stream-state.ts';
import type { PoolChannel } from './pool-channel.ts';

/** What the pump serves. */
export interface PumpUser {
  readonly receive: (message: Incoming) => void;
  /** Whether results are still to come. */
  readonly expectsResults: () => boolean;
  /** Called when results have been taken, before the next wait. */
  readonly goOn: () => void;
  /** Called now and then while the thread is blocked: the event loop tells nothing then. */
  readonly look: () => void;
}

// Results that are taken in one go, before what waits for them may go on.
const BATCH = 256;
const LOOK_MS = 50;

/** Takes the results of a pool as they come: on the event loop, or while the thread is blocked. */
export class ResultPump {
  readonly #channel: PoolChannel;
  readonly #user: PumpUser;
  readonly #lane: Lane;
  #isRunning = false;
  #blocks = 0;

  constructor(channel: PoolChannel, user: PumpUser) {
    this.#channel = channel;
    this.#user = user;
    this.#lane = new Lane(channel.arena);
  }

  /** Whether the thread is blocked by a call of `block`. */
  get isBlocking(): boolean {
    return this.#blocks > 0;
  }

  /** Results are to come: they are taken on the event loop, which stays alive for them. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#user.expectsResults()) {
      await waitAsync(this.#attempt, undefined, this.#lane);
      this.#user.goOn();
    }
    this.#isRunning = false;
  }

  readonly #attempt = (): true | Wait => {
    const wait = this.#receiveMost(BATCH);
    return wait === undefined || !this.#user.expectsResults() ? true : wait;
  };

  /** What the event loop waits for may have come in another way, or come no more. */
  check(): void {
    if (this.#isRunning && !this.#user.expectsResults()) this.#channel.arena.endWaits?.();
  }

  /** Takes all that is there. */
  drain(): void {
    while (this.#receiveMost(BATCH) === undefined);
  }

  /** Undefined when at least one result was there. */
  #receiveMost(most: number): Wait | undefined {
    this.#channel.enter();
    try {
      for (let count = 0; count < most; count++) {
        const message = this.#channel.results.read();
        if (message === ENDED) throw new ClosedError('The pool has ended');
        if (message instanceof Wait) return count === 0 ? message : undefined;
        this.#user.receive(message);
      }
      return undefined;
    } finally {
      this.#channel.leave();
    }
  }

  /** Without a wait; what has to be imported is left to the event loop. */
  #poll(isDone: () => boolean): boolean {
    this.drain();
    this.#user.goOn();
    this.check();
    return isDone();
  }

  /** Blocks the thread until the condition holds; false when the time was over first. */
  readonly block = (isDone: () => boolean, timeout: number): boolean => {
    if (timeout === 0) return this.#poll(isDone);
    const deadline = deadlineAfter(timeout);
    let looked = performance.now();
    this.#blocks += 1;
    try {
      for (;;) {
        this.#user.goOn();
        if (isDone()) return true;
        const left = leftUntil(deadline);
        if (left === 0) return false;
        waitSync(() => this.#receiveMost(BATCH) ?? true, { timeout: Math.min(LOOK_MS, left) });
        if (performance.now() - looked < LOOK_MS) continue;
        this.#user.look();
        looked = performance.now();
      }
    } finally {
      this.#blocks -= 1;
      this.check();
    }
  };
}
