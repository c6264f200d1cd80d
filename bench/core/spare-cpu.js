// @ts-check
// Processor time that a process uses that was started ahead and waits, in ms per second.
//
//   --seconds=3
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { setStartMethod } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { processorTime } from '../harness/processor-time.js';

const options = readOptions({ seconds: 3 });
setStartMethod('prewarm', { spares: 1 });
// Past the collections and compilations of the start.
await sleep(1500);
const [spare] = readdirSync('/proc/self/task').flatMap((thread) =>
  readFileSync(`/proc/self/task/${thread}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
);
if (spare === undefined) throw new Error('No process was started ahead');
const before = processorTime(spare);
const start = performance.now();
await sleep(options.seconds * 1000);
const value = (processorTime(spare) - before) / ((performance.now() - start) / 1000);
printResult({ name: 'processor time of a process that was started ahead', unit: 'ms/s', value });
