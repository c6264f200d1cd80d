// @ts-check
// A map of tasks that only compute, some milliseconds each: tasks per second.
//
//   --pool=forkless --workers=2 --tasks=160 --rounds=5          (bench/pool/open-pool.js names the pools)
import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { ratesOfComputing } from './computing.js';
import { openPool } from './open-pool.js';
import { compute } from './tasks.js';

const options = readOptions({ pool: 'forkless', workers: 2, tasks: 160, rounds: 5 });
const { map, close } = await openPool(options.pool, options.workers);
if (map === undefined) throw new RangeError(`${options.pool} has no map of its own`);
const rates = await ratesOfComputing((seeds) => map(compute, seeds), options);
await close();
printRates(`${options.pool}, computing map on ${options.workers}`, rates);
