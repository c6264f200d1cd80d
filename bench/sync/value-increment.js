// @ts-check
// `value += 1` under the lock of the Value, by two processes at once: increments per second, both together.
//
//   --increments=500000 --rounds=9
import { Process, RawArray, Value } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { endRounds, increment, incrementInRounds, leadRound } from './partners.js';

const WARM_UP = 3;
const { increments, rounds } = readOptions({ increments: 500_000, rounds: 9 });
const counter = Value('i', 0);
const words = RawArray('i', 64);
const partner = new Process({ target: incrementInRounds, args: [counter, words, increments] }).start();

const rates = [];
for (let round = 1; round <= WARM_UP + rounds; round++) {
  const seconds = leadRound(words, round, () => increment(counter, increments));
  const expected = round * 2 * increments;
  if (counter.value !== expected) throw new Error(`${counter.value} instead of ${expected}`);
  if (round > WARM_UP) rates.push((2 * increments) / seconds);
}
endRounds(words);
await partner.join();
printRates('Value, increments under its lock', rates);
