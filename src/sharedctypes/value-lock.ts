import type { Block } from '../memory/heap.ts';
import { ClosedError } from '../support/errors.ts';
import { embeddedRLock, Lock, RLock } from '../synchronize/lock.ts';

/** Where data may begin in a block that begins with an RLock, on a cache line of its own. */
export const BEHIND_LOCK = 64;

/** Options of `Value` and `SharedArray`. */
export interface ValueOptions {
  /** Default true: an RLock of its own. A Lock or RLock is used as it is, and travels along; false means none. */
  readonly lock?: boolean | Lock | RLock | undefined;
}

/**
 * The lock that a user wants; undefined = one of its own, false = none.
 * @throws TypeError for what is no lock, ClosedError for a closed one.
 */
export function checkLock({ lock }: ValueOptions, where: string): Lock | RLock | false | undefined {
  if (lock === undefined || lock === true) return undefined;
  if (lock === false) return false;
  if (!(lock instanceof Lock) && !(lock instanceof RLock)) {
    const found = typeof lock === 'string' ? `'${lock as string}'` : lock === null ? 'null' : typeof lock;
    throw new TypeError(`${where}: the option "lock" must be true, false, a Lock or an RLock, not ${found}`);
  }
  // The cheapest question that a closed lock refuses to answer.
  lock.share();
  return lock;
}

/** The lock of one shared object: the RLock with which its block begins, or one that the user gave. */
export class ValueLock {
  /** Undefined when the lock is in the block. */
  readonly given: Lock | RLock | undefined;
  readonly #block: Block;
  readonly #title: string;
  #lock: Lock | RLock | undefined;
  #isOpen = true;

  constructor(block: Block, given: Lock | RLock | undefined, title: string) {
    this.#block = block;
    this.#title = title;
    this.#lock = this.given = given;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws ClosedError */
  checkOpen(): void {
    if (!this.#isOpen) throw new ClosedError(`This ${this.#title} object has been closed`);
  }

  /** An own one is made when it is asked for first: most values of atomic operations never need it. */
  get(): Lock | RLock {
    this.checkOpen();
    return (this.#lock ??= embeddedRLock(this.#block));
  }

  /** Gives up an own lock; false when that has been done before. */
  close(): boolean {
    if (!this.#isOpen) return false;
    this.#isOpen = false;
    if (this.given === undefined) this.#lock?.close();
    return true;
  }
}
