import type { Arena } from '../memory/arena.ts';
import type { Block } from '../memory/heap.ts';
import { add, compareAndSwap, load, loadHeld, store, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { StateError } from '../support/errors.ts';
import { Guard } from './guard.ts';
import { Wait, WaitPoint } from './wait-point.ts';

const GUARD = 0;
const LIMIT = 4;
const BOUNDED = 5;
const MODE = 6;
const LEFT_BY_DEAD = 7;
const COUNT = 8;
const POINT = 10;
const CAPACITY = 12;
const END = 13;
const RECORDS = 16;

const OWNED = 0;
const SIGNAL = 1;
const NOBODY = 0;
/** In place of an owner: its permits have come back. No participant has this number. */
const RETURNED = 0x7fffffff;
/** The most permits that a semaphore can have. */
export const MOST_PERMITS: number = 0x7fffffff;
const MOST_HOLDERS = 4096;
const SPARE_RECORDS = 7;

/** How a semaphore begins. */
export interface PermitsShape {
  /** Free permits at the beginning. */
  readonly limit: number;
  /** There may never be more. */
  readonly bounded: boolean;
  /** Permits belong to nobody from the beginning. */
  readonly handOff: boolean;
}

/**
 * The permits of a semaphore, and who holds them:
 *
 *     byte 0   guard                                                            (owner lock)
 *          16  limit, bounded: the value at the beginning; whether it is the most (written once)
 *          24  mode: OWNED or SIGNAL                                            (guard; SIGNAL is for ever)
 *          28  permits that dead holders have left and nobody acquired since    (guard)
 *          32  count: free permits                                              (OWNED: guard; SIGNAL: compare and swap)
 *          40  wait point
 *          48  how many records there are, and how many were ever used          (guard)
 *          64  records [ owner | held ]                                         (guard)
 *
 *     a permit is   in OWNED                         in SIGNAL
 *     free          counted in `count`               counted in `count`
 *     held          in the record of its holder      nobody knows
 *     come back     counted, and in a RETURNED       -
 *                   record of its late holder
 *
 * OWNED: a permit belongs to the environment that has acquired it, and comes back when that ends. It stays so while
 * only holders release. A release by one who holds none gives back what a late holder had handed on to it, which has
 * come back already, if there is such a permit. Else it is a hand-over, and the semaphore a signal: from now on permits
 * belong to nobody and none comes back. A semaphore that begins at 0 can only be that.
 *
 * Crash rule: in OWNED the records are the truth, each changed by one store, and count = limit - all that is held.
 * Whoever finds the guard abandoned - when he enters it, or misses a permit - computes it anew. In SIGNAL the count is the
 * truth. A record whose owner is dead is marked RETURNED by whoever misses a permit. RETURNED records are kept until their
 * place is needed.
 */
export class Permits {
  readonly #arena: Arena;
  readonly #words: Words;
  readonly #guard: Guard;
  readonly #point: WaitPoint;
  readonly #wait: Wait;
  readonly #self: number;
  /** Where our record was last. */
  #mine = 0;
  /** Whether the last permit acquired here is one that a dead holder has left. */
  abandoned = false;

  static bytes({ limit }: PermitsShape): number {
    return (RECORDS + 2 * recordsFor(limit)) * 4;
  }

  /** @param words of a new block, all zeros */
  static initialize(words: Words, { limit, bounded, handOff }: PermitsShape): void {
    store(words, LIMIT, limit);
    store(words, BOUNDED, bounded ? 1 : 0);
    store(words, MODE, handOff || limit === 0 ? SIGNAL : OWNED);
    store(words, COUNT, limit);
    store(words, CAPACITY, recordsFor(limit));
  }

  constructor(block: Block) {
    this.#arena = block.arena;
    this.#self = block.arena.self;
    this.#words = block.words;
    this.#guard = new Guard(block, this.#words, GUARD, () => this.#recount());
    this.#point = new WaitPoint(block, this.#words, POINT);
    this.#wait = new Wait(this.#point, COUNT, { probe: () => this.#probeHolders() });
  }

  get limit(): number {
    return load(this.#words, LIMIT);
  }

  get isSignal(): boolean {
    return load(this.#words, MODE) === SIGNAL;
  }

  /** Permits that are free. */
  get free(): number {
    this.#probeHolders();
    if (this.#isLeft()) this.#guard.run(() => this.#takeBack());
    return load(this.#words, COUNT);
  }

  /** How many this environment holds, as far as that is known. */
  get mine(): number {
    const record = this.isSignal ? -1 : this.#recordOf(this.#self);
    return record < 0 ? 0 : load(this.#words, record + 1);
  }

  /** Undefined when a permit has been acquired, else what to wait for before the next call. */
  acquire(): Wait | undefined {
    const words = this.#words;
    for (;;) {
      const signal = this.isSignal;
      const count = load(words, COUNT);
      if (count === 0 && (signal || !this.#isLeft())) return this.#wait.while(0);
      if (!(signal ? compareAndSwap(words, COUNT, count, count - 1) : this.#acquireOwned())) continue;
      if (signal) this.abandoned = false;
      killPoint('permits.acquired');
      return undefined;
    }
  }

  /** @throws StateError when that would be one too many. */
  release(): void {
    while (!(this.isSignal ? this.#signal() : this.#guard.run(() => this.#releaseOwned())));
    killPoint('permits.released');
    if (load(this.#words, COUNT) > 0) this.#point.wakeOne();
  }

  /** Asks the system whether the holders live. */
  #probeHolders(): void {
    if (this.isSignal) return;
    this.#guard.probe();
    for (const owner of this.#owners()) if (owner !== this.#self) this.#arena.probe(owner);
  }

  #acquireOwned(): boolean {
    return this.#guard.run(() => {
      const words = this.#words;
      if (loadHeld(words, MODE) !== OWNED) return false;
      if (loadHeld(words, COUNT) === 0) this.#takeBack();
      if (loadHeld(words, COUNT) === 0) return false;
      killPoint('permits.guarded');
      const own = this.#recordOf(this.#self);
      if (own >= 0) {
        storeHeld(words, own + 1, loadHeld(words, own + 1) + 1);
      } else {
        const record = this.#freeRecord();
        storeHeld(words, record + 1, 1);
        storeHeld(words, record, this.#self);
      }
      killPoint('permits.taken');
      // Only now: #freeRecord may have had permits come back.
      storeHeld(words, COUNT, loadHeld(words, COUNT) - 1);
      const left = loadHeld(words, LEFT_BY_DEAD);
      this.abandoned = left > 0;
      if (left > 0) storeHeld(words, LEFT_BY_DEAD, left - 1);
      return true;
    });
  }

  /** True when it is done, false when the semaphore has become a signal. */
  #releaseOwned(): boolean {
    const words = this.#words;
    if (loadHeld(words, MODE) !== OWNED) return false;
    killPoint('permits.guarded');
    const own = this.#recordOf(this.#self);
    if (own >= 0) {
      this.#takeOneFrom(own);
      killPoint('permits.given');
      storeHeld(words, COUNT, loadHeld(words, COUNT) + 1);
      return true;
    }
    this.#takeBack();
    const late = this.#recordOf(RETURNED);
    if (late >= 0) {
      this.#takeOneFrom(late);
      return true;
    }
    this.#checkRoom(loadHeld(words, COUNT));
    storeHeld(words, MODE, SIGNAL);
    killPoint('permits.signal');
    return false;
  }

  #signal(): boolean {
    const count = load(this.#words, COUNT);
    this.#checkRoom(count);
    return compareAndSwap(this.#words, COUNT, count, count + 1);
  }

  #checkRoom(count: number): void {
    const most = load(this.#words, BOUNDED) !== 0 ? this.limit : MOST_PERMITS;
    if (count < most) return;
    throw new StateError(
      `release(): all ${most} permits are free already; somebody has released more often than was acquired`,
    );
  }

  /** Has the permits of dead holders come back; all who wait look again then. */
  #takeBack(): void {
    const words = this.#words;
    let back = 0;
    for (let record = RECORDS; record < this.#end; record += 2) {
      const owner = load(words, record);
      if (owner === NOBODY || owner === RETURNED || this.#arena.isLive(owner)) continue;
      store(words, record, RETURNED);
      killPoint('permits.back');
      back += load(words, record + 1);
    }
    if (back === 0) return;
    add(words, LEFT_BY_DEAD, back);
    this.#recount();
  }

  #recount(): void {
    const words = this.#words;
    if (load(words, MODE) === SIGNAL) return;
    let held = 0;
    for (let record = RECORDS; record < this.#end; record += 2) {
      const owner = load(words, record);
      if (owner !== NOBODY && owner !== RETURNED) held += load(words, record + 1);
    }
    store(words, COUNT, this.limit - held);
    killPoint('permits.counted');
    this.#point.wakeAll();
  }

  #takeOneFrom(record: number): void {
    const held = loadHeld(this.#words, record + 1);
    if (held > 1) storeHeld(this.#words, record + 1, held - 1);
    else storeHeld(this.#words, record, NOBODY);
  }

  get #end(): number {
    return RECORDS + 2 * load(this.#words, END);
  }

  /** Somebody has died with a permit, or while he changed what is written here. */
  #isLeft(): boolean {
    if (this.isSignal) return false;
    if (this.#guard.isAbandoned) return true;
    for (const owner of this.#owners()) if (!this.#arena.isLive(owner)) return true;
    return false;
  }

  /** The living and the dead whose permits have not come back. */
  #owners(): number[] {
    const owners: number[] = [];
    for (let record = RECORDS; record < this.#end; record += 2) {
      const owner = load(this.#words, record);
      if (owner !== NOBODY && owner !== RETURNED) owners.push(owner);
    }
    return owners;
  }

  /** Index of the record of an owner, -1 when it has none. */
  #recordOf(owner: number): number {
    const words = this.#words;
    if (owner === this.#self && this.#mine !== 0 && loadHeld(words, this.#mine) === owner) return this.#mine;
    for (let record = RECORDS; record < this.#end; record += 2) {
      if (loadHeld(words, record) !== owner) continue;
      if (owner === this.#self) this.#mine = record;
      return record;
    }
    return -1;
  }

  #freeRecord(): number {
    const words = this.#words;
    const free = this.#recordOf(NOBODY);
    if (free >= 0) return free;
    const used = loadHeld(words, END);
    if (used === loadHeld(words, CAPACITY)) {
      this.#takeBack();
      return this.#recordOf(RETURNED);
    }
    storeHeld(words, RECORDS + 2 * used, NOBODY);
    storeHeld(words, END, used + 1);
    return RECORDS + 2 * used;
  }
}

/** Each holder has at least one permit, and no more than the participants can hold any. */
function recordsFor(limit: number): number {
  return limit === 0 ? 0 : Math.min(limit, MOST_HOLDERS) + SPARE_RECORDS;
}
