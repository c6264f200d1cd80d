// @ts-check
// From before a pool is made until it has its first result; the pool before is closed, the library loaded.
//
//   --pool=forkless-apply --workers=2 --runs=25 --start=spawn|prewarm      (bench/pool/open-pool.js names the pools)
import { setTimeout as sleep } from 'node:timers/promises';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { poolOpener } from './open-pool.js';
import { increment } from './tasks.js';

const WARM_UP = 3;
/** Until other processes have been started ahead. */
const REFILL_MS = 600;
const options = readOptions({ pool: 'forkless-apply', workers: 2, runs: 25, start: 'spawn' });
if (options.start === 'prewarm') (await import('forkless')).setStartMethod('prewarm', { spares: options.workers });
const open = await poolOpener(options.pool);
const runs = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  if (options.start === 'prewarm') await sleep(REFILL_MS);
  const start = performance.now();
  const pool = open(options.workers);
  const result = await pool.run(increment, i);
  runs.push(performance.now() - start);
  if (result !== i + 1) throw new Error(`${result} came back for ${i}`);
  await pool.close();
}
// The first one compiles what the later ones use.
printLatency(`${options.pool}, first result, ${options.start}`, 'ms', runs.slice(WARM_UP), { first: runs[0] });
