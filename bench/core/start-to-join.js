// @ts-check
// From start() to the end of join(), with a target that does nothing.
//
//   --module=cjs|mjs --runs=25 --start=spawn|prewarm
import { setTimeout as sleep } from 'node:timers/promises';

import { Process, setStartMethod } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';

const WARM_UP = 3;
/** Until another process has been started ahead. */
const REFILL_MS = 400;
const options = readOptions({ module: 'mjs', runs: 25, start: 'spawn' });
setStartMethod(/** @type {import('forkless').StartMethod} */ (options.start));
const pause = options.start === 'prewarm' ? REFILL_MS : 0;
const { nothing } = options.module === 'cjs' ? await import('./empty-target.cjs') : await import('./empty-target.mjs');

const runs = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  await sleep(pause);
  const child = new Process({ target: nothing });
  const start = performance.now();
  child.start();
  await child.join();
  const elapsed = performance.now() - start;
  if (child.exitCode !== 0) throw new Error(`the process ended with ${child.exitCode}`);
  if (i >= WARM_UP) runs.push(elapsed);
}
printLatency(`start to join, target in a .${options.module}, ${options.start}`, 'ms', runs);
