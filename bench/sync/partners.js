// @ts-check
// What runs on the other side of our measurements, and on this one where both do the same.
import { pinToProcessor } from '../harness/pin.js';

/**
 * @typedef {import('forkless').Barrier} Barrier
 * @typedef {import('forkless').Condition} Condition
 * @typedef {import('forkless').Event} Event
 * @typedef {import('forkless').Semaphore} Semaphore
 * @typedef {import('forkless').SharedValue<'i'>} Value
 */

/** Words on cache lines of their own, of a RawArray('i', 64). */
export const GO = 0;
export const DONE = 32;
/** Every so many trips the order is checked. */
export const CHECKED_TRIP = 16;

/** Runs `round` once for each number that comes in GO, until a negative one does. @param {Int32Array} words @param {() => void} round */
export function followRounds(words, round) {
  for (let seen = 0; ;) {
    const number = changed(words, GO, seen);
    if (number < 0) return;
    round();
    Atomics.store(words, DONE, number);
    seen = number;
  }
}

/**
 * Has the partner begin a round together with this process, and says how long it took both, in s.
 * @param {Int32Array} words @param {number} number from 1 @param {() => void} round
 */
export function leadRound(words, number, round) {
  const start = performance.now();
  Atomics.store(words, GO, number);
  round();
  while (Atomics.load(words, DONE) !== number);
  return (performance.now() - start) / 1000;
}

/** Ends the partner's rounds. @param {Int32Array} words */
export function endRounds(words) {
  Atomics.store(words, GO, -1);
}

/** @param {Int32Array} words @param {number} index @param {number} before */
function changed(words, index, before) {
  let now = Atomics.load(words, index);
  while (now === before) now = Atomics.load(words, index);
  return now;
}

/** @param {Semaphore} ping @param {Semaphore} pong @param {Int32Array} words @param {number} trips */
export function answer(ping, pong, words, trips) {
  for (let i = 0; i < trips; i++) {
    ping.acquireSync();
    if (i % CHECKED_TRIP === 0) {
      if (Atomics.load(words, GO) !== i) throw new Error(`trip ${i} came out of turn`);
      Atomics.store(words, DONE, i);
    }
    pong.release();
  }
}

/**
 * Notes when each wait ended.
 * @param {Event} event @param {BigInt64Array} notes time, number @param {number} waits @param {number} processor
 */
export function noteWakes(event, notes, waits, processor) {
  pinToProcessor(processor);
  for (let i = 1; i <= waits; i++) {
    event.waitSync();
    const now = process.hrtime.bigint();
    event.clear();
    Atomics.store(notes, 0, now);
    Atomics.store(notes, 1, BigInt(i));
  }
}

/**
 * One side of a ping-pong over a condition: `turn` is even when it is the first's turn.
 * @param {Condition} condition @param {Int32Array} words @param {number} side 0 or 1 @param {number} turns
 */
export function takeTurns(condition, words, side, turns) {
  const isMine = () => Number(words[0]) % 2 === side;
  const take = () => {
    condition.waitForSync(isMine);
    words[0] = Number(words[0]) + 1;
    condition.notify();
  };
  for (let i = 0; i < turns; i++) condition.withSync(take);
}

/** @param {Condition} condition @param {Int32Array} turn @param {Int32Array} words @param {number} turns */
export function takeTurnsInRounds(condition, turn, words, turns) {
  followRounds(words, () => takeTurns(condition, turn, 1, turns));
}

/**
 * One party of two: after each pass the other has arrived as often as oneself, or once more.
 * @param {Barrier} barrier @param {Int32Array} arrived @param {number} own @param {number} other @param {number} passes
 */
export function pass(barrier, arrived, own, other, passes) {
  for (let i = 0; i < passes; i++) {
    const mine = Number(arrived[own]) + 1;
    Atomics.store(arrived, own, mine);
    barrier.waitSync();
    const theirs = Atomics.load(arrived, other);
    if (theirs !== mine && theirs !== mine + 1)
      throw new Error(`at pass ${mine} the other has arrived ${theirs} times`);
  }
}

/** @param {Barrier} barrier @param {Int32Array} arrived @param {Int32Array} words @param {number} passes */
export function passInRounds(barrier, arrived, words, passes) {
  followRounds(words, () => pass(barrier, arrived, DONE, GO, passes));
}

/** @param {Value} counter @param {number} count */
export function increment(counter, count) {
  const once = () => {
    counter.value += 1;
  };
  for (let i = 0; i < count; i++) counter.withSync(once);
}

/** @param {Value} counter @param {Int32Array} words @param {number} count */
export function incrementInRounds(counter, words, count) {
  followRounds(words, () => increment(counter, count));
}
