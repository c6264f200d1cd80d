// @ts-check
// A Float64Array as the argument of a task and as its result, copied both ways, one after the other.
//
//   --pool=forkless-apply --workers=2 --bytes=8000000 --trips=60 --warm-up=20          (bench/pool/open-pool.js names the pools)
import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { checkReturned, newArray } from '../messages/there-and-back-array.js';
import { openPool } from './open-pool.js';
import { giveBack } from './tasks.js';

const options = readOptions({ pool: 'forkless-apply', workers: 2, bytes: 8_000_000, trips: 60, 'warm-up': 20 });
const { bytes, trips, 'warm-up': warmUp } = options;
const pool = await openPool(options.pool, options.workers);
const array = newArray(bytes);
const samples = [];
for (let i = 0; i < warmUp + trips; i++) {
  array[0] = i;
  const start = performance.now();
  const answer = await pool.run(giveBack, array);
  const elapsed = performance.now() - start;
  checkReturned(answer, array);
  if (i >= warmUp) samples.push(elapsed);
}
await pool.close();
printLatency(`Float64Array there and back, ${options.pool}`, 'ms', samples, { bytes });
