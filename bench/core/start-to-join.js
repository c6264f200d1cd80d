// @ts-check
// From start() to the end of join(), with a target that does nothing.
//
//   --module=cjs|mjs --runs=25
import { Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';

const WARM_UP = 3;
const options = readOptions({ module: 'mjs', runs: 25 });
const { nothing } = options.module === 'cjs' ? await import('./empty-target.cjs') : await import('./empty-target.mjs');

const runs = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  const child = new Process({ target: nothing });
  const start = performance.now();
  child.start();
  await child.join();
  const elapsed = performance.now() - start;
  if (child.exitCode !== 0) throw new Error(`the process ended with ${child.exitCode}`);
  if (i >= WARM_UP) runs.push(elapsed);
}
printLatency(`start to join, target in a .${options.module}`, 'ms', runs);
