// @ts-check
// A Float64Array to a worker thread of piscina and back, copied both ways.
//
//   --bytes=8000000 --trips=60
import { Piscina } from 'piscina';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { checkReturned, newArray } from '../messages/there-and-back-array.js';

const WARM_UP = 20;
const { bytes, trips } = readOptions({ bytes: 8_000_000, trips: 60 });
const filename = new URL('./piscina-worker.js', import.meta.url).href;
const pool = new Piscina({ filename, name: 'giveBack', minThreads: 1, maxThreads: 1 });
const array = newArray(bytes);
const samples = [];
for (let i = 0; i < WARM_UP + trips; i++) {
  array[0] = i;
  const start = performance.now();
  const answer = await pool.run(array);
  const elapsed = performance.now() - start;
  checkReturned(answer, array);
  if (i >= WARM_UP) samples.push(elapsed);
}
await pool.destroy();
printLatency('Float64Array there and back, piscina', 'ms', samples, { bytes });
