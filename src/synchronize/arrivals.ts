import type { Arena } from '../memory/arena.ts';
import type { Block } from '../memory/heap.ts';
import { layout } from '../memory/layout.ts';
import { load, store } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { BrokenBarrierError } from '../support/errors.ts';
import { Guard } from './guard.ts';
import { Wait, WaitPoint } from './wait-point.ts';

const GUARD = 0;
const PARTIES = 4;
const STATE = 5;
const ARRIVED = 6;
const END = 7;
const POINT = 8;
const HISTORY = 10;
const RECORDS = 16;
const RECORD_WORDS = 3;
const CYCLE = 1;
const COUNT = 2;

const BROKEN = 1;
const NOBODY = 0;
const NUMBER_MASK = 0x3fffffff;
const HISTORY_CYCLES = 64;

/** One party's arrival in a cycle. */
export interface Arrival {
  readonly cycle: number;
  /** 0 for the first, parties - 1 for the last. */
  readonly index: number;
}

/**
 * The parties at a barrier, cycle by cycle; the records are those of the environments, at the places of their slots:
 *
 *     byte 0   guard                                                              (owner lock)
 *          16  parties                                                            (written once)
 *          20  state    [ cycle : 30 | BROKEN : 1 ]                               (guard)
 *          24  arrived: how many parties, in the running cycle                    (guard)
 *          28  end: slots in use are below it                                     (guard)
 *          32  wait point
 *          40  history  for each of the last 64 cycles: whether it ended broken   (guard)
 *          64  records  [ owner ] [ cycle ] [ how many of its parties in that ]   (guard)
 *
 *     state        by
 *     n -> n + 1   the last party, after the action: all go on
 *     n -> n*      a timeout, an abort, a failed action, the death of a party: all fail, and so does who comes later
 *     n* -> n + 1  reset; also n -> n + 1 with `broken` in the history: who waits fails, who comes later does not
 *
 * Who waits goes on when the cycle is not his any more, and learns from the history how it ended.
 * Crash rule: the records and the state are the truth, `arrived` is computed from them. A party whose owner is dead in the
 * running cycle has arrived and will not leave: whoever sees it breaks the barrier. A last party that died before the cycle
 * was over is such a one, too.
 */
export class Arrivals {
  readonly #arena: Arena;
  readonly #words: Words;
  readonly #guard: Guard;
  readonly #point: WaitPoint;
  readonly #self: number;

  /** What it takes, in bytes. */
  static readonly bytes: number = (RECORDS + layout.participantSlots * RECORD_WORDS) * 4;

  /** @param words of a new block, all zeros */
  static initialize(words: Words, parties: number): void {
    store(words, PARTIES, parties);
  }

  constructor(block: Block) {
    this.#arena = block.arena;
    this.#self = block.arena.self;
    this.#words = block.words;
    this.#guard = new Guard(block, this.#words, GUARD, () => this.#recount());
    this.#point = new WaitPoint(block, this.#words, POINT);
  }

  get parties(): number {
    return load(this.#words, PARTIES);
  }

  get broken(): boolean {
    this.#breakIfDead();
    return (load(this.#words, STATE) & BROKEN) !== 0;
  }

  /** How many have arrived and wait. */
  get waiting(): number {
    if (this.broken) return 0;
    this.#guard.repairIfAbandoned();
    return load(this.#words, ARRIVED);
  }

  /**
   * Has one more party arrive: in which cycle, and as which; or what to wait for, when all are there already and the action
   * is running.
   * @throws BrokenBarrierError
   */
  arrive(): Arrival | Wait {
    const words = this.#words;
    this.#breakIfDead();
    return this.#guard.run(() => {
      const state = load(words, STATE);
      if ((state & BROKEN) !== 0) throw brokenError();
      const cycle = state >> 1;
      const index = load(words, ARRIVED);
      if (index === this.parties) return this.newWait().while(state);
      this.#record(cycle);
      killPoint('barrier.arrived');
      store(words, ARRIVED, index + 1);
      killPoint('barrier.counted');
      return { cycle, index };
    });
  }

  /**
   * True when the cycle has passed, else what to wait for.
   * @throws BrokenBarrierError when it ended otherwise.
   */
  passed(cycle: number, wait: Wait): true | Wait {
    this.#breakIfDead();
    const state = load(this.#words, STATE);
    if (state === cycle << 1) return wait.while(state);
    if (state >> 1 === cycle || this.#endedBroken(cycle)) throw brokenError();
    return true;
  }

  /**
   * Ends the cycle: all its parties go on.
   * @throws BrokenBarrierError when it has been broken meanwhile.
   */
  pass(cycle: number): void {
    if (!this.#end(cycle, false)) throw brokenError();
  }

  /** Breaks the barrier; false when the cycle is over or broken already. */
  break(cycle: number = load(this.#words, STATE) >> 1): boolean {
    const broken = this.#guard.run(() => {
      if (load(this.#words, STATE) !== cycle << 1) return false;
      store(this.#words, STATE, (cycle << 1) | BROKEN);
      return true;
    });
    killPoint('barrier.broken');
    if (broken) this.#point.wakeAll();
    return broken;
  }

  /** Makes it as new: who waits gets an error. */
  reset(): void {
    // A party may have died before it was counted.
    this.#breakIfDead();
    const state = load(this.#words, STATE);
    const unused = (state & BROKEN) === 0 && load(this.#words, ARRIVED) === 0;
    if (!unused) this.#end(state >> 1, true);
  }

  #end(cycle: number, broken: boolean): boolean {
    const words = this.#words;
    const ended = this.#guard.run(() => {
      const state = load(words, STATE);
      if (broken ? state >> 1 !== cycle : state !== cycle << 1) return false;
      const bit = 1 << (cycle & 31);
      const place = HISTORY + ((cycle & (HISTORY_CYCLES - 1)) >> 5);
      store(words, place, broken ? load(words, place) | bit : load(words, place) & ~bit);
      store(words, STATE, ((cycle + 1) & NUMBER_MASK) << 1);
      killPoint('barrier.moved');
      store(words, ARRIVED, 0);
      return true;
    });
    killPoint('barrier.ended');
    if (ended) this.#point.wakeAll();
    return ended;
  }

  /** One more arrival in our record: a single store makes it count. */
  #record(cycle: number): void {
    const words = this.#words;
    const { slot } = this.#arena;
    const record = RECORDS + slot * RECORD_WORDS;
    if (load(words, END) <= slot) store(words, END, slot + 1);
    if (this.#isIn(record, cycle) && load(words, record) === this.#self) {
      store(words, record + COUNT, load(words, record + COUNT) + 1);
      return;
    }
    if (load(words, record) !== this.#self) store(words, record, NOBODY);
    store(words, record + COUNT, 1);
    store(words, record + CYCLE, cycle);
    store(words, record, this.#self);
  }

  #recount(): void {
    const words = this.#words;
    const cycle = load(words, STATE) >> 1;
    let sum = 0;
    for (const record of this.#records()) if (this.#isIn(record, cycle)) sum += load(words, record + COUNT);
    store(words, ARRIVED, sum);
  }

  #breakIfDead(): void {
    const cycle = load(this.#words, STATE) >> 1;
    for (const record of this.#records()) {
      // SYNC: in this order, for #record, which changes the owner of a record before its cycle.
      if (!this.#isIn(record, cycle)) continue;
      const owner = load(this.#words, record);
      if (owner === NOBODY || this.#arena.isLive(owner)) continue;
      this.break(cycle);
      return;
    }
  }

  /** Asks the system whether the parties that have arrived live. */
  #probeParties(): void {
    this.#guard.probe();
    const cycle = load(this.#words, STATE) >> 1;
    for (const record of this.#records()) {
      const owner = load(this.#words, record);
      if (owner !== NOBODY && this.#isIn(record, cycle)) this.#arena.probe(owner);
    }
  }

  /** For `passed`: each wait its own, since what they wait for differs. */
  newWait(): Wait {
    return new Wait(this.#point, STATE, { probe: () => this.#probeParties() });
  }

  #endedBroken(cycle: number): boolean {
    const word = load(this.#words, HISTORY + ((cycle & (HISTORY_CYCLES - 1)) >> 5));
    return ((word >>> (cycle & 31)) & 1) !== 0;
  }

  #isIn(record: number, cycle: number): boolean {
    return load(this.#words, record + CYCLE) === cycle;
  }

  #records(): number[] {
    const end = RECORDS + load(this.#words, END) * RECORD_WORDS;
    const records: number[] = [];
    for (let record = RECORDS; record < end; record += RECORD_WORDS) {
      if (load(this.#words, record) !== NOBODY) records.push(record);
    }
    return records;
  }
}

function brokenError(): BrokenBarrierError {
  return new BrokenBarrierError(
    'The barrier is broken: a party gave up, was aborted or has died, or its action failed. reset() makes it usable again',
  );
}
