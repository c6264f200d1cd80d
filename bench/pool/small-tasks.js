// @ts-check
// Small tasks, one a call, so many under way at once: tasks per second.
//
//   --pool=forkless --count=100000 --in-flight=1000 --rounds=5          (bench/pool/open-pool.js names the pools)
import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { ratesInFlight } from './in-flight.js';
import { openPool } from './open-pool.js';
import { increment } from './tasks.js';

const options = readOptions({ pool: 'forkless', count: 100_000, 'in-flight': 1000, rounds: 5 });
const { count, 'in-flight': inFlight, rounds } = options;
const pool = await openPool(options.pool);
const rates = await ratesInFlight((x) => pool.run(increment, x), { count, inFlight, rounds });
await pool.close();
printRates(`${options.pool}, small tasks`, rates);
