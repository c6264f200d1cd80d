// @ts-check
// What runs on the other side of our measurements.
import { setTimeout as sleep } from 'node:timers/promises';

import { alignedArray } from '../harness/aligned.js';
import { pinToProcessor } from '../harness/pin.js';

/** @typedef {import('forkless').FloatChannel} FloatChannel */

/** The three messages of the zero-copy measurement; the C++ limit sends the same. @param {number} sequence */
export const fillValue = (sequence) => (sequence % 3) + 0.5;

/**
 * Takes messages until the channel ends and says so after each round.
 * @param {FloatChannel} channel @param {FloatChannel} done @param {string} mode @param {number} perRound
 */
export function consume(channel, done, mode, perRound) {
  const take = mode === 'copy' ? copier(channel) : checker(channel);
  for (let sequence = 0; ; sequence++) {
    try {
      take(sequence);
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code === 'ERR_MP_EOF') return;
      throw error;
    }
    if ((sequence + 1) % perRound === 0) done.sendSync([sequence]);
  }
}

/** @param {FloatChannel} channel */
function copier(channel) {
  const target = alignedArray(channel.maxSize);
  return () => void channel.recvIntoSync(target);
}

/** @param {FloatChannel} channel */
function checker(channel) {
  const references = [0, 1, 2].map((k) => bytesOf(alignedArray(channel.maxSize).fill(fillValue(k))));
  /** @type {Map<Float64Array, Uint8Array>} */
  const bytes = new Map();
  return (/** @type {number} */ sequence) => {
    const view = channel.peekSync();
    let seen = bytes.get(view);
    if (seen === undefined) bytes.set(view, (seen = bytesOf(view)));
    const reference = references[sequence % 3] ?? seen;
    if (Buffer.compare(seen, reference) !== 0) throw new Error(`message ${sequence} is not what was sent`);
    channel.release();
  };
}

/** @param {Float64Array} view */
function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Spins on one word and answers in another, on cache lines of their own. @param {Int32Array} words */
export function spin(words) {
  for (let seen = 0; seen >= 0;) {
    let now = Atomics.load(words, 0);
    while (now === seen) now = Atomics.load(words, 0);
    Atomics.store(words, 32, now);
    seen = now;
  }
}

/** @param {FloatChannel} ping @param {FloatChannel} pong @param {string} form @param {number} processor */
export async function echo(ping, pong, form, processor) {
  pinToProcessor(processor);
  const message = new Float64Array(1);
  await pong.send(message);
  try {
    for (;;) {
      if (form === 'sync') {
        ping.recvIntoSync(message);
        pong.sendSync(message);
      } else {
        await ping.recvInto(message);
        await pong.send(message);
      }
    }
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== 'ERR_MP_EOF') throw error;
  }
}

/** Waits for what never comes. @param {FloatChannel} channel @param {FloatChannel} ready @param {string} form */
export async function waitForEver(channel, ready, form) {
  await ready.send([process.pid]);
  await sleep(100);
  if (form === 'sync') channel.recvSync();
  else await channel.recv();
}
