import { availableParallelism } from 'node:os';

import type { Arena } from '../memory/arena.ts';
import type { Block } from '../memory/heap.ts';
import { layout } from '../memory/layout.ts';
import { load, loadNext } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { binding } from '../native/binding.ts';
import { killPoint } from '../native/kill-point.ts';

const WAITERS = layout.syncWaiters | layout.asyncWaiters;
const ALL = -1;
// On a single processor spinning only keeps the other side from running.
const SPIN_NS = availableParallelism() > 1 ? 20_000 : 0;

/**
 * How often who sleeps looks again unasked (ms), lest a wake that was lost with its waker is lost for ever
 * (docs/decisions/looks-unasked.md). The variable is for tests.
 */
export const LOOK_UNASKED_MS: number = Number(process.env.FORKLESS_LOOK_UNASKED_MS ?? 1000);

/** How often a thread looks before it spins in native code: a look from JavaScript costs about 8 ns, so this is a few µs. */
export const LOOKS_MOST = 512;

/** How often who waits for what a process holds asks the system whether that process still lives (ms). */
const PROBE_MS = 75;

/**
 * One try of an operation that may have to wait: its result, or what it waits for. It never blocks, and it is called
 * again after every wake, so it must look at the shared words anew each time.
 */
export type Attempt<R> = () => R | Wait;

/** The result of a wait whose time is over. */
export const TIMED_OUT: unique symbol = Symbol('timed out');

/**
 * A place to wait at, in a block (layout.h has the drawing, parking.h the protocol):
 *
 *     word 0  event       [ sequence : 30 | ASYNC : 1 | SYNC : 1 ]
 *     word 1  async bits  which event loops to ring
 *
 * Who changes a condition calls `wake` afterwards: one load when nobody waits.
 * Crash rule: a waker that dies in between is made up for by its recovery, which wakes all who sleep in its blocks.
 */
export class WaitPoint {
  readonly arena: Arena;
  readonly words: Words;
  /** Index of `event` in `words`. */
  readonly index: number;
  /** Offset of `event` in the arena, in bytes. */
  readonly offset: number;

  constructor(block: Block, words: Words, index: number) {
    this.arena = block.arena;
    this.words = words;
    this.index = index;
    this.offset = block.offset + index * 4;
  }

  /** Wakes one sleeping thread and every event loop that waits here; false when nobody does. */
  wakeOne(): boolean {
    // SYNC: with Sleep (parking.cc), which sets the bit and then looks at the word that our caller has changed.
    if ((loadNext(this.words, this.index) & WAITERS) === 0) return false;
    this.#wake(1);
    return true;
  }

  wakeAll(): void {
    if ((load(this.words, this.index) & WAITERS) !== 0) this.#wake(ALL);
  }

  #wake(count: number): void {
    killPoint('wake.before');
    binding.wake(this.arena.index, this.offset, count);
    // Waits of this environment's own event loop need no ring.
    this.arena.afterWake?.();
  }
}

/** What a wait depends on besides its word. */
export interface WaitDependency {
  /** The word itself names the owner of a lock: the owner's death ends the wait, too. */
  readonly forOwner?: boolean;
  /** Index of an owner word: while it names somebody, nobody else changes the word that is waited for. */
  readonly ownerIndex?: number;
  /**
   * Asks now and then whether those still live, or can still do anything, who would end the wait.
   * @param isForEver whether the wait has no deadline
   * @param isBlocking whether this thread does nothing else meanwhile
   */
  readonly probe?: (isForEver: boolean, isBlocking: boolean) => void;
  /** How often, in ms. */
  readonly probeMs?: number;
}

/**
 * What a blocked operation waits for: that the word at `index` is no longer `expected`.
 * One object per operation and kind of wait, used again and again.
 */
export class Wait {
  readonly point: WaitPoint;
  readonly words: Words;
  readonly index: number;
  /** Offset of the word in the arena, in bytes. */
  readonly offset: number;
  /** The word names the owner of a lock, and its death ends the wait, too. */
  readonly forOwner: boolean;
  /** Asks the system whether those still live whose death ends the wait. */
  readonly probe: ((isForEver: boolean, isBlocking: boolean) => void) | undefined;
  /** How often, in ms; whoever probes may change it. */
  probeMs: number;
  readonly #ownerIndex: number | undefined;
  expected = 0;
  /** How long a thread spins before it sleeps; grows when spinning helps. */
  spinNs: number = SPIN_NS;
  /** What a thread lets pass before its first look (ms), so that the other side has its words to itself meanwhile. */
  paceMs = 0;
  /** How often it looks before; fewer times after it was in vain. */
  looks: number = LOOKS_MOST;

  constructor(
    point: WaitPoint,
    index: number,
    { forOwner = false, ownerIndex, probe, probeMs = PROBE_MS }: WaitDependency = {},
  ) {
    this.point = point;
    this.words = point.words;
    this.index = index;
    this.offset = point.offset + (index - point.index) * 4;
    this.forOwner = forOwner;
    this.probeMs = probeMs;
    this.probe = forOwner ? () => this.#probeOwner() : probe;
    this.#ownerIndex = forOwner ? index : ownerIndex;
  }

  /** Returns itself, for `return wait.while(...)` in an attempt. */
  while(expected: number): this {
    this.expected = expected;
    return this;
  }

  isOver(): boolean {
    return load(this.words, this.index) !== this.expected;
  }

  #probeOwner(): void {
    const owner = this.expected & ~layout.waitersBit;
    if (owner !== 0) this.point.arena.probe(owner);
  }

  /** Whether only this environment can end the wait: then a thread that blocks would wait for itself. */
  isUpToSelf(): boolean {
    if (this.#ownerIndex === undefined) return false;
    return (load(this.words, this.#ownerIndex) & ~layout.waitersBit) === this.point.arena.self;
  }
}
