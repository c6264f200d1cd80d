// @ts-check
// From the call of Manager() until its first object is there.
//
//   --runs=15
import { Manager } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';

const WARM_UP = 2;
const options = readOptions({ runs: 15 });

const runs = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  const start = performance.now();
  const manager = await Manager();
  manager.dict();
  if (i >= WARM_UP) runs.push(performance.now() - start);
  await manager.shutdown();
}
printLatency('Manager() until its first dict', 'ms', runs);
