// @ts-check
// Processor time of a pool that has nothing to do, after it had: of each process, its owner included, in ms per second.
// The figure is that of the process that uses most.
//
//   --pool=forkless --workers=2 --seconds=3          (bench/pool/open-pool.js names the pools)
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { processorTime } from '../harness/processor-time.js';
import { ratesInFlight } from './in-flight.js';
import { openPool } from './open-pool.js';
import { increment } from './tasks.js';

const BUSY = { count: 10_000, inFlight: 1000, rounds: 1 };
/** Past the collections and compilations of the start. */
const SETTLING_MS = 1500;
const options = readOptions({ pool: 'forkless', workers: 2, seconds: 3 });
const pool = await openPool(options.pool, options.workers);
await ratesInFlight((x) => pool.run(increment, x), BUSY);
const pids = family();
// The kernel counts a thread's time when it is taken off its processor: what the owner itself did last is in it only after this.
await sleep(SETTLING_MS);

const before = pids.map(processorTime);
const start = performance.now();
await sleep(options.seconds * 1000);
const after = pids.map(processorTime);
const seconds = (performance.now() - start) / 1000;
const perProcess = after.map((time, i) => (time - Number(before[i])) / seconds);
await pool.close();
const sum = perProcess.reduce((total, each) => total + each, 0);
const name = `${options.pool}, processor time of an idle process`;
printResult({ name, unit: 'ms/s', value: Math.max(...perProcess), sum, processes: pids.length });

/** This process and its descendants. */
function family() {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), parentOf(name)]),
  );
  const pids = [process.pid];
  // It grows as we go: children's children come later.
  for (const pid of pids) for (const [child, parent] of parents) if (parent === pid) pids.push(child);
  return pids;
}

/** @param {string} pid */
function parentOf(pid) {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return NaN; // It has ended meanwhile.
  }
}
