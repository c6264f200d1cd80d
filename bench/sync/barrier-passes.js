// @ts-check
// Two processes meet at a barrier again and again: passes per second.
//
//   --passes=20000 --rounds=9
import { Barrier, Process, RawArray } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { DONE, endRounds, GO, leadRound, pass, passInRounds } from './partners.js';

const WARM_UP = 3;
const { passes, rounds } = readOptions({ passes: 20_000, rounds: 9 });
const barrier = new Barrier(2);
const arrived = RawArray('i', 64);
const words = RawArray('i', 64);
const partner = new Process({ target: passInRounds, args: [barrier, arrived, words, passes] }).start();

const rates = [];
for (let round = 1; round <= WARM_UP + rounds; round++) {
  const seconds = leadRound(words, round, () => pass(barrier, arrived, GO, DONE, passes));
  if (arrived[GO] !== round * passes || arrived[DONE] !== round * passes) throw new Error('passes are missing');
  if (round > WARM_UP) rates.push(passes / seconds);
}
endRounds(words);
await partner.join();
printRates('Barrier(2), passes', rates);
