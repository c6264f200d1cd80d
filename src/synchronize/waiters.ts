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

/** One wait of this environment. */
export interface Turn {
  /** Its own, since whether the state at a look was enough differs from one wait to another. */
  readonly wait: Wait;
}

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
 *     0 -> owner                 by the owner of the slot only
 *
 * All changes are compare-and-swaps, so nothing here needs the condition's lock. Within an environment the grants go to its
 * waits in the order of their coming, whatever objects they are waits of: a later one takes none from an earlier one.
 * Crash rule: a grant stays in the record until its waiter has the lock again, so it can be given to another. If who
 * settles dies, too, the next begins anew: then somebody may be woken once too often, but nobody too rarely. If he is
 * stopped in there, who has got the dead one's slot cannot begin a wait until he goes on.
 */
export class Waiters {
  readonly #arena: Arena;
  readonly #block: Block;
  readonly #words: Words;
  readonly #first: number;
  readonly #self: number;
  readonly #mine: number;
  readonly #points = new Map<number, WaitPoint>();
  /** The waits of this environment that have no grant yet, in the order of their coming. */
  readonly #turns = new Set<Turn>();
  /** Grants that waits of this environment have, and go for the lock with. */
  #claimed = 0;
  /** What the last wait has learned about how long to spin. */
  #spinNs: number | undefined;
  /** Objects that use this. */
  #users = 0;

  /** What it takes in a block, in words. */
  static readonly words: number = RECORDS + layout.participantSlots * RECORD_WORDS;

  /**
   * The one object of this environment for the waiters in a block; `dismiss` is the end of the use.
   * @param first index of its first word in the block
   */
  static of(block: Block, first: number): Waiters {
    const known = inUse.get(block.arena) ?? new Map<number, WeakRef<Waiters>>();
    inUse.set(block.arena, known);
    const waiters = known.get(block.offset)?.deref() ?? new Waiters(block, first);
    known.set(block.offset, new WeakRef(waiters));
    waiters.#users++;
    return waiters;
  }

  dismiss(): void {
    if (--this.#users === 0) inUse.get(this.#arena)?.delete(this.#block.offset);
  }

  private constructor(block: Block, first: number) {
    this.#arena = block.arena;
    this.#block = block;
    this.#words = block.words;
    this.#first = first;
    this.#self = block.arena.self;
    this.#mine = this.#recordAt(block.arena.slot);
  }

  /** How many wait and have not been notified, in all processes. */
  get waiting(): number {
    let sum = 0;
    for (const record of this.#records()) if (this.#isLive(record)) sum += ungranted(load(this.#words, record + STATE));
    return sum;
  }

  /** Announces a wait of this environment; `take` or `leave` is the end of it. */
  join(): Turn {
    const words = this.#words;
    const { slot } = this.#arena;
    for (;;) {
      const end = load(words, this.#first + END);
      if (end > slot || compareAndSwap(words, this.#first + END, end, slot + 1)) break;
    }
    // What the dead have left is for those who wait already.
    this.settleDead();
    this.#takeRecord();
    this.#change((state) => {
      if (waitingOf(state) === MOST) throw new StateError(`wait(): ${MOST} waits of this process are here already`);
      return state + 1;
    });
    const turn = { wait: this.#newWait() };
    this.#turns.add(turn);
    killPoint('condition.joined');
    return turn;
  }

  /** Goes for a grant: true, or what to wait for. */
  claim(turn: Turn): true | Wait {
    this.settleDead();
    const state = load(this.#words, this.#mine + STATE);
    if (!this.#isGranted(turn, state)) return turn.wait.while(state);
    this.#turns.delete(turn);
    this.#claimed++;
    return true;
  }

  /** Ends a wait: true when it has a grant. */
  take(turn: Turn): boolean {
    if (this.#turns.has(turn) && this.claim(turn) !== true) {
      this.leave(turn);
      return false;
    }
    this.#claimed--;
    this.#spinNs = turn.wait.spinNs;
    this.#change((state) => state - ONE_GRANTED - 1);
    killPoint('condition.taken');
    return true;
  }

  /** Ends a wait that takes no grant; one that it may have had goes to another. */
  leave(turn: Turn): void {
    if (!this.#turns.delete(turn)) this.#claimed--;
    let surplus = 0;
    this.#change((state) => {
      surplus = grantedOf(state) === waitingOf(state) ? 1 : 0;
      return state - 1 - surplus * ONE_GRANTED;
    });
    killPoint('condition.left');
    if (surplus > 0) this.grant(1);
    else if (grantedOf(load(this.#words, this.#mine + STATE)) > this.#claimed) this.#pointOf(this.#mine).wakeAll();
  }

  #newWait(): Wait {
    const wait = new Wait(this.#pointOf(this.#mine), this.#mine + STATE, { probe: () => this.#probeGranted() });
    if (this.#spinNs !== undefined) wait.spinNs = this.#spinNs;
    return wait;
  }

  #isGranted(turn: Turn, state: number): boolean {
    let left = grantedOf(state) - this.#claimed;
    for (const other of this.#turns) {
      if (left-- <= 0) return false;
      if (other === turn) return true;
    }
    return false;
  }

  /** Makes the record of our slot ours, when what its last owner has left is settled. */
  #takeRecord(): void {
    const words = this.#words;
    for (let owner = load(words, this.#mine); owner !== NOBODY; owner = load(words, this.#mine)) {
      if (owner === this.#self) return;
      // Somebody is settling, which takes a moment; if he has died, too, we do it.
      this.#arena.probe(owner & ~SETTLING);
      this.settleDead();
    }
    store(words, this.#mine + STATE, tagOf(this.#self));
    store(words, this.#mine, this.#self);
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
      // Somebody who saw him alive may just be granting him one more.
      for (let done = 0, state; ;) {
        state = load(words, record + STATE);
        this.grant(grantedOf(state) - done);
        done = grantedOf(state);
        killPoint('condition.settled');
        if (compareAndSwap(words, record + STATE, state, state & TAG_MASK)) break;
      }
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

/** By the offsets of their blocks; weak, since they keep a block from being given back when its users are forgotten. */
const inUse = new WeakMap<Arena, Map<number, WeakRef<Waiters>>>();

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
