// @ts-check
// From start() to the first line of the target in a process that was started ahead, both on the clock of the machine.
//
//   --runs=25
import { setTimeout as sleep } from 'node:timers/promises';

import { Process, RawValue, setStartMethod } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { noteTime } from './empty-target.cjs';

const WARM_UP = 3;
/** Until another process has been started ahead. */
const REFILL_MS = 400;
const options = readOptions({ runs: 25 });
setStartMethod('prewarm');
const at = RawValue('d', 0);
const runs = [];
const calls = [];
for (let i = 0; i < WARM_UP + options.runs; i++) {
  await sleep(REFILL_MS);
  const child = new Process({ target: noteTime, args: [at] });
  const start = process.hrtime.bigint();
  child.start();
  const called = process.hrtime.bigint();
  await child.join();
  if (i < WARM_UP) continue;
  runs.push(at.value - Number(start) / 1e6);
  calls.push(Number(called - start) / 1e6);
}
printLatency('start() to the first line, started ahead', 'ms', runs, {
  call: calls.sort((a, b) => a - b)[calls.length >> 1],
});
