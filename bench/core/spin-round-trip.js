// @ts-check
// A round trip while both are awake: two words of a RawArray, both processes spin in JavaScript.
//
//   --min-ms=1500 --trips=1000     as in limits/spin-round-trip.cc
import { Process, RawArray } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { median, quantile } from '../harness/statistics.js';
import { spin } from './partners.js';

const options = readOptions({ 'min-ms': 1500, trips: 1000 });
const words = RawArray('i', 64);
const partner = new Process({ target: spin, args: [words] }).start();

/** @param {number} from @param {number} count */
function trips(from, count) {
  for (let number = from; number < from + count; number++) {
    Atomics.store(words, 0, number);
    while (Atomics.load(words, 32) !== number);
  }
}

let number = 1;
for (let i = 0; i < 20; i++, number += options.trips) trips(number, options.trips);
/** @type {number[]} */
const batches = [];
const end = performance.now() + options['min-ms'];
while (performance.now() < end) {
  const start = process.hrtime.bigint();
  trips(number, options.trips);
  number += options.trips;
  batches.push(Number(process.hrtime.bigint() - start) / options.trips);
}
Atomics.store(words, 0, -1);
await partner.join();
printResult({
  name: 'spin round trip',
  unit: 'ns',
  value: median(batches),
  batchP5: quantile(batches, 0.05),
  batchP95: quantile(batches, 0.95),
});
