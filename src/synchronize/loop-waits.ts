import { availableParallelism } from 'node:os';

import type { Arena } from '../memory/arena.ts';
import { layout } from '../memory/layout.ts';
import { add, load, or, store, wordsOf } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { binding } from '../native/binding.ts';
import { attempt as attemptNative } from '../native/failure.ts';
import { killPoint } from '../native/kill-point.ts';
import { RUNTIME } from '../support/runtime.ts';
import { AbortSignals } from './abort-signals.ts';
import type { Lane, PendingWait } from './lane.ts';
import { LOOK_UNASKED_MS, TIMED_OUT, Wait } from './wait-point.ts';
import type { Attempt } from './wait-point.ts';

// How long an event loop goes on looking, turn by turn, after something has last happened: about what a sleep costs.
// Looking that was in vain halves it, looking that found something doubles it; where looking on would have found it in
// time, it is the most at once.
const LOOK_MOST_MS = availableParallelism() > 1 ? 0.06 : 0;
const LOOK_LEAST_MS = LOOK_MOST_MS / 8;
// Where looking pays most, a new wait first looks this often on the spot, for 2-3 µs: a turn of the loop costs 1-2.
const LOOKS_ON_THE_SPOT = 300;

/**
 * The asynchronous waits of this environment on one arena. One doorbell serves them all.
 *
 *     idle --add--> looking --nothing for a while--> asleep --ring--> looking --none left--> idle
 *
 * looking: a `setImmediate` per turn of the loop looks at the words. asleep: the participant's `armed` word is the
 * number of this arming, its filter and the points' ASYNC bits say what for; nothing runs until the doorbell rings,
 * but for a rare look unasked. Who has rung takes `armed` back to 0 if it still has that number; whoever finds 0 has
 * nothing to do.
 *
 * Before it sleeps it sets armed, filter, bits - in this order - and looks once more: so a change that was made
 * before the bits were there is seen, and one made after them rings. A bit that is left behind costs one ring.
 * Crash rule: nothing here is needed by others; bits and filter of a dead participant are hints that lead nowhere. A
 * waker that dies between its change and the ring, or a stopped one, is made up for by the look unasked.
 */
export class LoopWaits {
  readonly #arena: Arena;
  /** The first of every lane. */
  readonly #pending = new Set<PendingWait>();
  readonly #signals = new AbortSignals<PendingWait>((pending, signal) => {
    this.#end(pending, () => pending.fail(signal.reason));
  });
  readonly #participant: Words;
  readonly #asyncBit: number;
  #doorbellOpen = false;
  #armings = 0;
  #keepsAlive = false;
  #lookingSince = 0;
  #lookMs = LOOK_MOST_MS;
  #immediate: NodeJS.Immediate | undefined;
  #unasked: NodeJS.Timeout | undefined;
  #unaskedMs = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    const { slot } = arena;
    const offset = layout.participantsOffset + slot * layout.participantBytes;
    this.#participant = wordsOf(binding.view(arena.index, offset, layout.participantBytes));
    this.#asyncBit = 1 << (slot & 31);
    arena.afterWake = () => {
      if (this.#pending.size !== 0) this.#look();
    };
    arena.endWaits = () => {
      if (this.#pending.size !== 0) this.#retryAll();
    };
  }

  /** Waits that keep the event loop alive. */
  get count(): number {
    let count = 0;
    for (const { lane } of this.#pending) if (lane.keepsAlive) count += 1;
    return count;
  }

  /** Waits until the attempt succeeds, the time (ms) is over or the signal is aborted. */
  add<R>(
    attempt: Attempt<R>,
    lane: Lane,
    wait: Wait | undefined,
    timeout: number,
    signal: AbortSignal | undefined,
  ): R | Promise<R | typeof TIMED_OUT> {
    if (wait !== undefined && this.#looksOnTheSpot(wait)) {
      const result = attempt();
      if (!(result instanceof Wait)) return result;
      wait = result;
    }
    this.#openDoorbell();
    this.#lookingSince = performance.now();
    return new Promise((resolve, reject) => {
      const pending: PendingWait = {
        attempt,
        lane,
        wait,
        settle: resolve as (result: unknown) => void,
        fail: reject,
        timer: undefined,
        signal,
      };
      if (timeout !== Infinity) this.#startTimer(pending, performance.now() + timeout);
      if (signal !== undefined) this.#signals.add(signal, pending);
      if (!lane.enter(pending)) return;
      this.#pending.add(pending);
      this.#look();
    });
  }

  #looksOnTheSpot(wait: Wait): boolean {
    if (this.#pending.size !== 0 || this.#lookMs < LOOK_MOST_MS) return false;
    for (let looks = 0; looks < LOOKS_ON_THE_SPOT; looks++) if (wait.isOver()) return true;
    return false;
  }

  #look(): void {
    this.#immediate ??= setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#immediate = undefined;
    if (this.#tryAll()) this.#lookMs = Math.min(this.#lookMs * 2, LOOK_MOST_MS);
    if (this.#pending.size === 0) return this.#rest();
    if (performance.now() - this.#lookingSince < this.#lookMs) return this.#look();
    this.#sleep();
  };

  readonly #onRing = (): void => {
    if (this.#pending.size === 0) return;
    const soon = performance.now() - this.#lookingSince < LOOK_MOST_MS;
    this.#lookMs = soon ? LOOK_MOST_MS : Math.max(this.#lookMs / 2, LOOK_LEAST_MS);
    // A ring may also say that somebody died in the middle of a change: then the word itself need not differ.
    if (!this.#retryAll()) this.#look();
  };

  /** Tries every wait, whether or not its word has changed; true when none is left. */
  #retryAll(): boolean {
    for (const pending of this.#pending) this.#try(pending);
    if (this.#pending.size === 0) this.#rest();
    return this.#pending.size === 0;
  }

  /** Tries the waits whose word has changed, in the order of their coming; true when one has ended. */
  #tryAll(): boolean {
    let ended = false;
    // Who becomes the first of its lane meanwhile comes last in the set, and so has its turn here, too.
    for (const pending of this.#pending) {
      if (this.#mayGoOn(pending.wait)) ended = this.#try(pending) || ended;
    }
    return ended;
  }

  #mayGoOn(wait: Wait | undefined): boolean {
    return wait === undefined || wait.isOver() || this.#ownerIsGone(wait);
  }

  #ownerIsGone(wait: Wait): boolean {
    return wait.forOwner && !this.#arena.isLive(wait.expected & ~layout.waitersBit);
  }

  #try(pending: PendingWait): boolean {
    try {
      const result = pending.attempt();
      if (result instanceof Wait) {
        pending.wait = result;
        return false;
      }
      this.#remove(pending);
      this.#lookingSince = performance.now();
      pending.settle(result);
    } catch (error) {
      this.#remove(pending);
      pending.fail(error);
    }
    return true;
  }

  #sleep(): void {
    const me = this.#participant;
    this.#armings = (this.#armings & 0x3fffffff) + 1;
    store(me, layout.participantDoorbellArmed >> 2, this.#armings);
    killPoint('loop.armed');
    this.#announce(Array.from(this.#pending, ({ wait }) => wait));
    killPoint('loop.announced');
    // Once more, now that changes ring. What is blocked anew may wait for something else: announce that, too.
    let again = false;
    for (const pending of this.#pending) {
      if (this.#mayGoOn(pending.wait) && !this.#try(pending)) again = true;
    }
    if (this.#pending.size === 0) return this.#rest();
    if (again) return this.#look();
    this.#keepLoopAlive(this.count > 0);
    this.#lookUnasked();
  }

  /**
   * Blocks the thread, not only the loop, until one of the waits may be over, a descriptor is readable or the deadline has
   * passed; for a wait for several things at once.
   * @returns which of the descriptors are readable
   */
  block(waits: readonly Wait[], descriptors: readonly number[], deadline: number): readonly boolean[] {
    this.#openDoorbell();
    this.#armings = (this.#armings & 0x3fffffff) + 1;
    store(this.#participant, layout.participantDoorbellArmed >> 2, this.#armings);
    this.#announce(waits);
    // Once more, now that changes ring.
    const until = waits.some((wait) => this.#mayGoOn(wait)) ? 0 : deadline;
    const ready = attemptNative('wait for several things', () =>
      binding.waitForRing(this.#arena.index, descriptors, until),
    );
    // The rings were for the loop's own waits, too.
    if (this.#pending.size === 0) this.#rest();
    else this.#look();
    return ready;
  }

  /** Sets the filter and the points' bits for what is waited for. */
  #announce(waits: Iterable<Wait | undefined>): void {
    const me = this.#participant;
    const filter = layout.participantFilter >> 2;
    for (const wait of waits) {
      if (wait === undefined) continue;
      const { point } = wait;
      const bit = filterBit(point.offset);
      or(me, filter + (bit >> 5), 1 << (bit & 31));
      or(point.words, point.index + (layout.waitPointAsyncBits >> 2), this.#asyncBit);
      // The sequence moves, so that a waker that is just taking ASYNC away sees that somebody has come.
      add(point.words, point.index + (layout.waitPointEvent >> 2), layout.eventStep);
      or(point.words, point.index + (layout.waitPointEvent >> 2), layout.asyncWaiters);
    }
  }

  #rest(): void {
    const me = this.#participant;
    const filter = layout.participantFilter >> 2;
    if (load(me, filter) !== 0) store(me, filter, 0);
    if (load(me, filter + 1) !== 0) store(me, filter + 1, 0);
    this.#keepLoopAlive(false);
  }

  /** Nobody may have noticed the death of a lock's owner, or of who should have rung: look from time to time. */
  #lookUnasked(): void {
    let ms = LOOK_UNASKED_MS;
    for (const { wait } of this.#pending) if (wait?.probe !== undefined) ms = Math.min(ms, wait.probeMs);
    if (this.#unasked !== undefined && this.#unaskedMs <= ms) return;
    clearTimeout(this.#unasked);
    this.#unaskedMs = ms;
    this.#unasked = setTimeout(this.#onUnasked, ms).unref();
  }

  readonly #onUnasked = (): void => {
    this.#unasked = undefined;
    for (const { wait, timer } of this.#pending) wait?.probe?.(timer === undefined, false);
    if (this.#pending.size !== 0 && !this.#retryAll()) this.#look();
  };

  #keepLoopAlive(alive: boolean): void {
    if (this.#keepsAlive === alive) return;
    this.#keepsAlive = alive;
    binding.referDoorbell(this.#arena.index, alive);
  }

  #openDoorbell(): void {
    if (this.#doorbellOpen) return;
    attemptNative('wait without blocking', () =>
      binding.openDoorbell(this.#arena.index, this.#onRing, RUNTIME === 'node'),
    );
    this.#doorbellOpen = true;
  }

  #startTimer(pending: PendingWait, end: number): void {
    pending.timer = setTimeout(
      () => {
        // setTimeout rounds down to whole ms: a wait must not end before its time.
        if (performance.now() < end) return this.#startTimer(pending, end);
        if (this.#pending.has(pending) && this.#try(pending)) {
          if (this.#pending.size === 0) this.#rest();
        } else {
          this.#end(pending, () => pending.settle(TIMED_OUT));
        }
      },
      Math.min(end - performance.now(), 0x7fffffff),
    );
  }

  #end(pending: PendingWait, settle: () => void): void {
    this.#remove(pending);
    settle();
    if (this.#pending.size === 0) this.#rest();
  }

  #remove(pending: PendingWait): void {
    this.#pending.delete(pending);
    const next = pending.lane.leave(pending);
    if (next !== undefined) {
      this.#pending.add(next);
      this.#look();
    }
    clearTimeout(pending.timer);
    if (pending.signal !== undefined) this.#signals.delete(pending.signal, pending);
  }
}

/** The bit of a point in a participant's Bloom filter of 64; the same in native/core/parking.h. */
function filterBit(offset: number): number {
  return Math.imul(Math.floor(offset / 8) | 0, 0x9e3779b1) >>> 26;
}

/** Waits of this environment's event loop. */
export function countLoopWaits(): number {
  let count = 0;
  for (const waits of all) count += waits.count;
  return count;
}
const all = new Set<LoopWaits>();

const loopWaits = new WeakMap<Arena, LoopWaits>();

export function loopWaitsOf(arena: Arena): LoopWaits {
  let waits = loopWaits.get(arena);
  if (waits === undefined) {
    waits = new LoopWaits(arena);
    loopWaits.set(arena, waits);
    all.add(waits);
  }
  return waits;
}
