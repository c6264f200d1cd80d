import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions, checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Holdable } from './holdable.ts';
import { Lane } from './lane.ts';
import { embeddedLock, Lock, OwnedLock, RLock, WITH_LOCK } from './lock.ts';
import type { Holds } from './lock.ts';
import { createPrimitiveBlock } from './primitive.ts';
import type { PrimitiveOptions } from './primitive.ts';
import type { Attempt } from './wait-point.ts';
import { waitAsync, waitSync } from './waitable.ts';
import { Waiters } from './waiters.ts';
import type { Turn } from './waiters.ts';

const CONDITION = { kind: WITH_LOCK | 0x43, title: 'Condition' };
const FIRST_WAITER_WORD = 16;
const BYTES = (FIRST_WAITER_WORD + Waiters.words) * 4;

interface SharedCondition {
  readonly condition: BlockReference;
  readonly lock?: { readonly block: BlockReference; readonly isRLock: boolean };
}

/**
 * Waiting, with a lock held, until somebody who holds the lock says that something has changed.
 *
 * `wait()` gives the lock up, waits for `notify`, and has the lock again when it returns, whatever happens. `notify(n)`
 * ends n waits, no more and no fewer; a wait whose time is over, or whose process dies before it has the lock again, takes no
 * notification away from the others.
 * The lock is a Lock of its own unless one is given. An RLock belongs to the process: its asynchronous flows hold it
 * together, and a wait gives it up for all of them.
 * Python: `multiprocessing.Condition`, whose lock is an RLock by default (docs/decisions/condition-lock.md).
 *
 *     byte 0   its own Lock, unless another is used                 (lock.ts)
 *          64  who waits                                            (waiters.ts)
 *
 * @example
 * await filled.with(async () => {
 *   await filled.waitFor(() => count.value > 0);
 *   count.value -= 1;
 * });
 */
export class Condition extends Holdable {
  static {
    printAs(Condition, (condition) => condition.#describe());
  }

  readonly #lock: OwnedLock;
  /** Whether the lock is in the block of the condition. */
  readonly #lockIsOwn: boolean;
  /** Whether the lock's object is one of this condition only. */
  #closesLock: boolean;
  readonly #waiters: Waiters;
  readonly #lane: Lane;
  /** Waits that are under way here. */
  readonly #turns = new Set<Turn>();

  /**
   * @param lock a Lock or an RLock
   * @throws TypeError for another lock, ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(lock?: Lock | RLock, options?: PrimitiveOptions);
  constructor(lock?: OwnedLock, options: PrimitiveOptions = {}, attached?: Block) {
    const block = attached ?? createCondition(lock, options);
    super(block, CONDITION);
    this.#lockIsOwn = lock === undefined;
    this.#closesLock = this.#lockIsOwn;
    this.#lock = lock ?? embeddedLock(block);
    this.#waiters = Waiters.of(block, FIRST_WAITER_WORD);
    this.#lane = new Lane(block.arena);
  }

  /**
   * Opens the condition that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open(name: string): Condition {
    return Condition.#of(openObject(name, CONDITION), undefined);
  }

  /** For handles. */
  static attach({ condition, lock }: SharedCondition): Condition {
    if (lock === undefined) return Condition.#of(attachObject(condition, CONDITION), undefined);
    const attached = Condition.#of(
      attachObject(condition, CONDITION),
      lock.isRLock ? RLock.attach(lock.block) : Lock.attach(lock.block),
    );
    attached.#closesLock = true;
    return attached;
  }

  static #of(block: Block, lock: OwnedLock | undefined): Condition {
    return new (Condition as unknown as new (lock: unknown, options: object, block: Block) => Condition)(
      lock,
      {},
      block,
    );
  }

  /** For handles. */
  shareWithLock(): SharedCondition {
    const condition = this.share();
    if (this.#lockIsOwn) return { condition };
    return { condition, lock: { block: this.#lock.share(), isRLock: this.#lock instanceof RLock } };
  }

  /** Whether anybody holds the lock now. */
  get locked(): boolean {
    this.checkOpen();
    return this.#lock.locked;
  }

  /** As `abandoned` of the lock: its previous holder died, and what it protects may be half-changed. */
  get abandoned(): boolean {
    this.checkOpen();
    return this.#lock.abandoned;
  }

  override acquire(wait?: AsyncWaitOptions): Promise<boolean> {
    this.checkOpen();
    return this.#lock.acquire(wait);
  }

  override acquireSync(wait?: WaitOptions): boolean {
    this.checkOpen();
    return this.#lock.acquireSync(wait);
  }

  override tryAcquire(): boolean {
    this.checkOpen();
    return this.#lock.tryAcquire();
  }

  override release(): void {
    this.checkOpen();
    this.#lock.release();
  }

  /**
   * Waits for a notification: true, or false when the time (ms) was over first. The lock is held again in either case, also
   * when the signal is aborted.
   * @throws StateError when this process does not hold the lock.
   */
  async wait(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'wait()');
    const { turn, holds } = this.#begin('wait()');
    try {
      try {
        await waitAsync(this.#claim(turn), wait, this.#lane);
      } finally {
        await this.#lock.acquire();
        this.#lock.restore(holds);
      }
      this.checkOpen();
    } catch (error) {
      if (this.#turns.delete(turn)) this.#waiters.leave(turn);
      throw error;
    }
    return this.#end(turn);
  }

  /** As `wait`, blocking the thread. */
  waitSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'waitSync()', SYNC_WAIT_KEYS);
    const { turn, holds } = this.#begin('waitSync()');
    waitSync(this.#claim(turn), wait);
    this.#lock.acquireSync();
    this.#lock.restore(holds);
    return this.#end(turn);
  }

  /**
   * Waits until the predicate, which is called with the lock held, is true of what it looks at; returns what it said last:
   * something false when the time (ms) was over first.
   */
  async waitFor<R>(predicate: () => R, wait?: AsyncWaitOptions): Promise<R> {
    checkPredicate(predicate, 'waitFor()');
    checkWait(wait, 'waitFor()');
    this.#lock.checkMine('waitFor()');
    const deadline = deadlineAfter(wait?.timeout ?? Infinity);
    for (let result = predicate(); ; result = predicate()) {
      const timeout = leftUntil(deadline);
      if (Boolean(result) || timeout <= 0) return result;
      await this.wait({ ...wait, timeout });
    }
  }

  /** As `waitFor`, blocking the thread. */
  waitForSync<R>(predicate: () => R, wait?: WaitOptions): R {
    checkPredicate(predicate, 'waitForSync()');
    checkWait(wait, 'waitForSync()', SYNC_WAIT_KEYS);
    this.#lock.checkMine('waitForSync()');
    const deadline = deadlineAfter(wait?.timeout ?? Infinity);
    for (let result = predicate(); ; result = predicate()) {
      const timeout = leftUntil(deadline);
      if (Boolean(result) || timeout <= 0) return result;
      this.waitSync({ timeout });
    }
  }

  /**
   * Ends `count` of the waits that are under way, or all if there are fewer.
   * @throws StateError when this process does not hold the lock, RangeError for a count that is no whole number >= 0.
   */
  notify(count = 1): void {
    if (typeof count !== 'number') throw new TypeError(`notify(): the count must be a number, not ${typeof count}`);
    if (!Number.isInteger(count) || count < 0) {
      throw new RangeError(`notify(): the count must be a whole number of at least 0, not ${count}`);
    }
    this.checkOpen();
    this.#lock.checkMine('notify()');
    this.#waiters.settleDead();
    this.#waiters.grant(count);
  }

  /** Ends all the waits that are under way. */
  notifyAll(): void {
    this.checkOpen();
    this.#lock.checkMine('notifyAll()');
    this.#waiters.settleDead();
    this.#waiters.grant(Infinity);
  }

  protected override letGo(): void {
    // Waits of this object end with ClosedError; nobody is to notify them any more.
    for (const turn of this.#turns) this.#waiters.leave(turn);
    this.#turns.clear();
    this.#waiters.dismiss();
    if (this.#closesLock) this.#lock.close();
  }

  #claim(turn: Turn): Attempt<true> {
    return () => {
      this.checkOpen();
      return this.#waiters.claim(turn);
    };
  }

  #begin(where: string): { turn: Turn; holds: Holds } {
    this.checkOpen();
    this.#lock.checkMine(where);
    const turn = this.#waiters.join();
    this.#turns.add(turn);
    return { turn, holds: this.#lock.leaveAll(where) };
  }

  /** With the lock held again: whether the wait was notified. */
  #end(turn: Turn): boolean {
    this.#turns.delete(turn);
    return this.#waiters.take(turn);
  }

  #describe(): string {
    return this.print(() => `${this.#lock.locked ? 'held' : 'free'}, ${this.#waiters.waiting} waiting`);
  }
}

function createCondition(lock: unknown, options: PrimitiveOptions): Block {
  const where = 'new Condition()';
  checkOptions(options, ['name'], where);
  if (lock !== undefined && !(lock instanceof OwnedLock)) {
    throw new TypeError(`${where}: the lock must be a Lock or an RLock, not ${typeof lock}`);
  }
  if (lock !== undefined && options.name !== undefined) {
    throw new TypeError(`${where}: a Condition with a name has a lock of its own, which others find by the same name`);
  }
  return createPrimitiveBlock(CONDITION, BYTES, options.name);
}

function checkPredicate(predicate: unknown, where: string): void {
  if (typeof predicate !== 'function') throw new TypeError(`${where}: expected a function, not ${typeof predicate}`);
}

registerShareable(Condition, {
  tag: 'condition',
  module: import.meta.url,
  share: (condition) => condition.shareWithLock(),
  attach: (shared: SharedCondition) => Condition.attach(shared),
});
