// @ts-check
// Two processes take turns by one condition: round trips per second.
//
//   --trips=20000 --rounds=9
import { Condition, Process, RawArray } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { endRounds, leadRound, takeTurns, takeTurnsInRounds } from './partners.js';

const WARM_UP = 3;
const { trips, rounds } = readOptions({ trips: 20_000, rounds: 9 });
const condition = new Condition();
const turn = RawArray('i', 1);
const words = RawArray('i', 64);
const partner = new Process({ target: takeTurnsInRounds, args: [condition, turn, words, trips] }).start();

const rates = [];
for (let round = 1; round <= WARM_UP + rounds; round++) {
  const seconds = leadRound(words, round, () => takeTurns(condition, turn, 0, trips));
  if (turn[0] !== round * trips * 2) throw new Error(`${turn[0]} turns in ${round} rounds of ${trips} trips`);
  if (round > WARM_UP) rates.push(trips / seconds);
}
endRounds(words);
await partner.join();
printRates('Condition, round trips', rates);
