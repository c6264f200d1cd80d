// @ts-check
// A small task and its result, one after the other.
//
//   --pool=forkless-apply --trips=20000 --warm-up=5000          (bench/pool/open-pool.js names the pools)
import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { openPool } from './open-pool.js';
import { increment } from './tasks.js';

const options = readOptions({ pool: 'forkless-apply', trips: 20_000, 'warm-up': 5000 });
const pool = await openPool(options.pool);
const samples = [];
for (let i = 0; i < options['warm-up'] + options.trips; i++) {
  const start = performance.now();
  const result = await pool.run(increment, i);
  const elapsed = performance.now() - start;
  if (result !== i + 1) throw new Error(`${result} came back for ${i}`);
  if (i >= options['warm-up']) samples.push(elapsed * 1000);
}
await pool.close();
printLatency(`${options.pool}, one task, round trip`, 'us', samples);
