import type { Arena } from '../memory/arena.ts';
import type { Block } from '../memory/heap.ts';
import { layout } from '../memory/layout.ts';
import { compareAndSwap, load, store } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { StateError } from '../support/errors.ts';
import { Wait, WaitPoint } from './wait-point.ts';

const END = 0;
const CURSOR = 1;
const RECORDS = 4;
const RECORD_WORDS = 4;
const STATE = 1;
const POINT = 2;

const NOBODY = 0;
const SETTLING = layout.waitersBit;
const FIELD_BITS = 12;
const MOST = (1 << FIELD_BITS) - 1;
const ONE_GRANTED = 1 << FIELD_BITS;
const TAG_MASK = -1 << (2 * FIELD_BITS);
const SLOT_MASK = (1 << layout.slotBits) - 1;

/**
 * Who waits at a condition, one record per environment, at the place of its participant slot:
 *
 *     word 0   end: slots in use are below it; cursor: whose turn it is to be notified    (hints)
 *          4   records [ owner | state | wait point ]
 *
 *     owner    [ SETTLING : 1 | participant : 31 ]            0 = nobody
 *     state    [ tag : 8 | granted : 12 | waiting : 12 ]      the tag tells one owner of the slot from the next
 *
 *     waiting + 1                the environment begins a wait
 *     granted + 1                a notification for one of its waits: granted never exceeds waiting
 *     granted - 1, waiting - 1   the wait has the lock again and ends
 *     waiting - 1                a wait ends without one; a grant that is one too many then goes to another
 *
 *     dead -> self|SETTLING -> 0 whoever still waits gives the grants of a dead waiter to others
 *
 * All changes are compare-and-swaps, so nothing here needs the condition's lock.
 * Crash rule: a grant stays in the record until its waiter has the lock again, so it can be given to another. If who
 * settles dies, too, the next begins anew: then somebody may be woken once too often, but nobody too rarely.
 */
export class Waiters {
  readonly #arena: Arena;
  readonly #block: Block;
  readonly #words: Words;
  readonly #first: number;
  readonly #self: number;
  readonly #mine: number;
  readonly #points = new Map<number, WaitPoint>();
  /** Grants that waits of this environment go for already. */
  #claimed = 0;
  readonly #wait: Wait;

  /** What it takes in a block, in words. */
  static readonly words: number = RECORDS + layout.participantSlots * RECORD_WORDS;

  /** @param first index of its first word in the block */
  constructor(block: Block, first: number) {
    this.#arena = block.arena;
    this.#block = block;
    this.#words = block.words;
    this.#first = first;
    this.#self = block.arena.self;
    this.#mine = this.#recordAt(this.#self & SLOT_MASK);
    this.#wait = new Wait(this.#pointOf(this.#mine), this.#mine + STATE, { probe: () => this.#probeGranted() });
  }

  /** How many wait and have not been notified, in all processes. */
  get waiting(): number {
    let sum = 0;
    for (const record of this.#records()) if (this.#isLive(record)) sum += ungranted(load(this.#words, record + STATE));
    return sum;
  }

  /** Announces a wait of this environment. */
  join(): void {
    const words = this.#words;
    const slot = this.#self & SLOT_MASK;
    if (load(words, this.#mine) !== this.#self) {
      this.settleDead();
      store(words, this.#mine + STATE, tagOf(this.#self));
      store(words, this.#mine, this.#self);
    }
    for (;;) {
      const end = load(words, this.#first + END);
      if (end > slot || compareAndSwap(words, this.#first + END, end, slot + 1)) break;
    }
    this.#change((state) => {
      if (waitingOf(state) === MOST) throw new StateError(`wait(): ${MOST} waits of this process are here already`);
      return state + 1;
    });
    killPoint('condition.joined');
  }

  /** Goes for a grant of this environment: true, or what to wait for. `take` or `leave` is the end of it. */
  claim(): true | Wait {
    this.settleDead();
    const state = load(this.#words, this.#mine + STATE);
    if (grantedOf(state) <= this.#claimed) return this.#wait.while(state);
    this.#claimed++;
    return true;
  }

  /** Ends a wait by a grant, if one is there. */
  take(claimed: boolean): boolean {
    if (claimed) this.#claimed--;
    let taken = false;
    this.#change((state) => {
      taken = grantedOf(state) > (claimed ? 0 : this.#claimed);
      return taken ? state - ONE_GRANTED - 1 : state;
    });
    if (taken) killPoint('condition.taken');
    return taken;
  }

  /** Ends a wait without a grant. */
  leave(claimed: boolean): void {
    if (claimed) this.#claimed--;
    let surplus = 0;
    this.#change((state) => {
      surplus = grantedOf(state) === waitingOf(state) ? 1 : 0;
      return state - 1 - surplus * ONE_GRANTED;
    });
    killPoint('condition.left');
    if (surplus > 0) this.grant(1);
  }

  /** Notifies up to `count` waits, of one environment after the other. */
  grant(count: number): void {
    const records = this.#records();
    let next = load(this.#words, this.#first + CURSOR);
    let left = count;
    for (let passed = 0; left > 0 && passed < records.length; next++) {
      if (this.#grantOne(records[next % records.length] as number)) {
        left--;
        passed = 0;
      } else {
        passed++;
      }
    }
    store(this.#words, this.#first + CURSOR, next % Math.max(records.length, 1));
  }

  #grantOne(record: number): boolean {
    const words = this.#words;
    const owner = load(words, record);
    const state = load(words, record + STATE);
    // The tag keeps us from the record of the slot's next owner.
    if (!this.#isLive(record) || (state & TAG_MASK) !== tagOf(owner)) return false;
    if (ungranted(state) <= 0) return false;
    if (!compareAndSwap(words, record + STATE, state, state + ONE_GRANTED)) return this.#grantOne(record);
    killPoint('condition.granted');
    this.#pointOf(record).wakeAll();
    return true;
  }

  /** Gives the grants of dead waiters to others, and clears their records. */
  settleDead(): void {
    const words = this.#words;
    for (const record of this.#records()) {
      const owner = load(words, record);
      if (owner === NOBODY || this.#arena.isLive(owner & ~SETTLING)) continue;
      if (!compareAndSwap(words, record, owner, this.#self | SETTLING)) continue;
      killPoint('condition.settling');
      const state = load(words, record + STATE);
      this.grant(grantedOf(state));
      killPoint('condition.settled');
      compareAndSwap(words, record + STATE, state, state & TAG_MASK);
      compareAndSwap(words, record, this.#self | SETTLING, NOBODY);
    }
  }

  /** Asks the system whether those live who have been notified. */
  #probeGranted(): void {
    for (const record of this.#records()) {
      const owner = load(this.#words, record);
      if (grantedOf(load(this.#words, record + STATE)) > 0) this.#arena.probe(owner & ~SETTLING);
    }
  }

  #change(next: (state: number) => number): void {
    const index = this.#mine + STATE;
    for (;;) {
      const state = load(this.#words, index);
      if (compareAndSwap(this.#words, index, state, next(state))) return;
    }
  }

  #isLive(record: number): boolean {
    const owner = load(this.#words, record);
    return owner > NOBODY && this.#arena.isLive(owner);
  }

  #records(): number[] {
    const end = load(this.#words, this.#first + END);
    const records: number[] = [];
    for (let slot = 0; slot < end; slot++) {
      if (load(this.#words, this.#recordAt(slot)) !== NOBODY) records.push(this.#recordAt(slot));
    }
    return records;
  }

  #recordAt(slot: number): number {
    return this.#first + RECORDS + slot * RECORD_WORDS;
  }

  #pointOf(record: number): WaitPoint {
    let point = this.#points.get(record);
    if (point === undefined) {
      point = new WaitPoint(this.#block, this.#words, record + POINT);
      this.#points.set(record, point);
    }
    return point;
  }
}

function tagOf(owner: number): number {
  return ((owner >> layout.slotBits) & 0xff) << (2 * FIELD_BITS);
}

function waitingOf(state: number): number {
  return state & MOST;
}

function grantedOf(state: number): number {
  return (state >> FIELD_BITS) & MOST;
}

function ungranted(state: number): number {
  return waitingOf(state) - grantedOf(state);
}
