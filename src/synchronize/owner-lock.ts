import type { Arena } from '../memory/arena.ts';
import type { Block } from '../memory/heap.ts';
import { layout } from '../memory/layout.ts';
import { compareAndSwap, exchange, isOwn, load } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { Wait, WaitPoint } from './wait-point.ts';

const WAITERS = layout.waitersBit;
const FREE = 0;
// Several wakes long: by then who was woken has it, if it still wants it.
const GIVE_WAY_MS = 0.3;
/** How long one environment may keep coming back while others wait. */
const TURN_MS = 0.5;

/**
 * A lock that names its owner, so that it does not die with it:
 *
 *     word 0     [ WAITERS : 1 | generation : 19 | slot : 12 ]   0 = free
 *     word 2, 3  the wait point
 *
 *     free   -> owner          compare and swap (fast path)
 *     owner  -> owner|WAITERS  somebody is about to sleep
 *     owner* -> free           exchange (fast path); wakes one if the point has waiters
 *     dead*  -> owner|WAITERS  taken over: the participant is not in the table any more
 *
 * Who has been woken may take it by the fast path, without WAITERS, while others still sleep. So a release asks the
 * point, whose bits stay until nobody sleeps; WAITERS is for native code, whose release asks the word only.
 * A wake of one that comes to somebody who then does not want the lock any more must go on: see `passOn`.
 * Crash rule: a dead owner's word stays; whoever wants the lock finds the owner gone and takes over, `abandoned` set.
 */
export class OwnerLock {
  readonly #arena: Arena;
  readonly #words: Words;
  readonly #index: number;
  readonly #self: number;
  readonly #point: WaitPoint;
  readonly #wait: Wait;
  /** Somebody waited for it at our last release. */
  #wanted = false;
  /** Since when this environment has had it without a wait in between, with all its returns to it. */
  #turnSince = 0;
  #waited = false;
  /** Whether this holder has it because the former owner died. */
  abandoned = false;

  constructor(block: Block, words: Words, index: number) {
    this.#arena = block.arena;
    this.#words = words;
    this.#index = index;
    this.#self = block.arena.self;
    this.#point = new WaitPoint(block, words, index + (layout.ownerLockPoint >> 2));
    this.#wait = new Wait(this.#point, index, { forOwner: true });
  }

  /** Participant id of the owner, 0 = free. */
  get owner(): number {
    return load(this.#words, this.#index) & ~WAITERS;
  }

  get isMine(): boolean {
    return isOwn(this.#words, this.#index, ~WAITERS, this.#self);
  }

  /** Whether it has a living owner; asks the system, and recovers one that has died unnoticed. */
  isHeld(): boolean {
    const { owner } = this;
    return owner !== FREE && (owner === this.#self || this.#arena.probe(owner));
  }

  /** Whether its owner is dead, as far as the table knows. */
  get isAbandoned(): boolean {
    const { owner } = this;
    return owner !== FREE && !this.#arena.isLive(owner);
  }

  /** Undefined when it has been acquired, else what to wait for before the next call. */
  acquire(): Wait | undefined {
    if (compareAndSwap(this.#words, this.#index, FREE, this.#self)) {
      this.abandoned = false;
      if (this.#waited) this.#beginTurn();
      return undefined;
    }
    const blocked = this.#acquireSlowly();
    this.#waited = blocked !== undefined;
    return blocked;
  }

  /** False when this environment does not hold it; nothing has happened then. */
  release(): boolean {
    if (!this.isMine) return false;
    this.releaseWanted();
    return true;
  }

  /** Releases it, which must be ours; true when somebody waits for it, or did and gave up. */
  releaseWanted(): boolean {
    this.#wanted = exchange(this.#words, this.#index, FREE) !== this.#self;
    killPoint('lock.released');
    return this.#point.wakeOne();
  }

  /**
   * Before a blocking acquisition: lets those have a turn, now and then, who waited at the last release. Else a holder
   * that comes back at once is always faster than a sleeper, and for long stretches faster than a spinner.
   */
  giveWay(): void {
    if (this.#wanted) this.#giveWay();
  }

  #giveWay(): void {
    const now = performance.now();
    if (now - this.#turnSince < TURN_MS) return;
    this.#turnSince = now;
    while (load(this.#words, this.#index) === FREE && performance.now() < now + GIVE_WAY_MS);
  }

  #beginTurn(): void {
    this.#waited = false;
    this.#turnSince = performance.now();
  }

  /** For whoever may have been woken for the lock and goes without it: the next may have it. */
  passOn(): void {
    if (load(this.#words, this.#index) === FREE) this.#point.wakeOne();
  }

  /** Has all who wait for the lock look whether they still want it. */
  wakeAll(): void {
    this.#point.wakeAll();
  }

  #acquireSlowly(): Wait | undefined {
    for (;;) {
      const word = load(this.#words, this.#index);
      if (word === FREE) {
        if (compareAndSwap(this.#words, this.#index, FREE, this.#self | WAITERS)) {
          this.abandoned = false;
          return undefined;
        }
      } else if (!this.#arena.isLive(word & ~WAITERS)) {
        if (compareAndSwap(this.#words, this.#index, word, this.#self | WAITERS)) {
          this.abandoned = true;
          return undefined;
        }
      } else if ((word & WAITERS) !== 0 || compareAndSwap(this.#words, this.#index, word, word | WAITERS)) {
        return this.#wait.while(word | WAITERS);
      }
    }
  }
}
