import type { Arena } from '../memory/arena.ts';
import type { Attempt, Wait } from './wait-point.ts';

// How long an event loop may be kept from turning by operations that succeed at once, and how often to look.
const LONG_RUN_MS = 4;
const OPERATIONS_PER_LOOK = 16;

/** A wait of the event loop. */
export interface PendingWait {
  readonly attempt: Attempt<unknown>;
  readonly lane: Lane;
  /** What it waits for; undefined = not tried yet. */
  wait: Wait | undefined;
  readonly settle: (result: unknown) => void;
  readonly fail: (reason: unknown) => void;
  timer: NodeJS.Timeout | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * The waits of one operation on one object, such as the sends on a channel: the first is tried, the others stand
 * behind it, so that a later call never overtakes an earlier one.
 */
export class Lane {
  readonly arena: Arena;
  readonly keepsAlive: boolean;
  readonly #behind = new Set<PendingWait>();
  #first: PendingWait | undefined;
  #operations = 0;
  #turn = performance.now();
  #isTurnDue = false;

  /** @param keepsAlive whether its waits keep the event loop alive */
  constructor(arena: Arena, keepsAlive = true) {
    this.arena = arena;
    this.keepsAlive = keepsAlive;
  }

  get isFree(): boolean {
    return this.#first === undefined;
  }

  /** True when it is the first: to be tried. */
  enter(pending: PendingWait): boolean {
    if (this.#first === undefined) this.#first = pending;
    else this.#behind.add(pending);
    return this.#first === pending;
  }

  /** Returns who has become the first by it. */
  leave(pending: PendingWait): PendingWait | undefined {
    if (this.#first !== pending) {
      this.#behind.delete(pending);
      return undefined;
    }
    const [next] = this.#behind;
    if (next !== undefined) this.#behind.delete(next);
    this.#first = next;
    return next;
  }

  /** Whether operations have succeeded one after the other for so long that the event loop should turn: true until it has. */
  hasRunLong(): boolean {
    if (!this.#isTurnDue && ++this.#operations % OPERATIONS_PER_LOOK === 0) {
      this.#isTurnDue = performance.now() - this.#turn >= LONG_RUN_MS;
    }
    return this.#isTurnDue;
  }

  /** The event loop turns now. */
  turned(): void {
    this.#isTurnDue = false;
    this.#turn = performance.now();
  }
}
