// @ts-check
import { looker, sumOf } from './contents.js';

const WARM_UP = 3;

/**
 * Takes rounds of messages from what emits 'message', and times each from the call of `begin` until its last message.
 * @param {{ on(event: 'message', listener: (message: any) => void): unknown }} emitter
 * @param {() => void} begin tells the other side to send a round
 * @param {{ bytes: number, count: number, rounds: number }} options of a message, in a round, and after the warm-up
 * @returns {Promise<number[]>} the seconds of each round
 */
export async function receiveInRounds(emitter, begin, { bytes, count, rounds }) {
  const look = looker(bytes);
  let [sum, left, finished] = [0, 0, () => {}];
  emitter.on('message', (message) => {
    sum += look(message);
    if (--left === 0) finished();
  });

  const expected = sumOf(bytes, count);
  const seconds = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    [sum, left] = [0, count];
    const start = performance.now();
    await new Promise((resolve) => {
      finished = () => resolve(undefined);
      begin();
    });
    const elapsed = performance.now() - start;
    if (sum !== expected) throw new Error(`the messages sum up to ${sum} instead of ${expected}`);
    if (round >= WARM_UP) seconds.push(elapsed / 1000);
  }
  return seconds;
}
