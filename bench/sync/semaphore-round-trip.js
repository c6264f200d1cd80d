// @ts-check
// Two semaphores at 0, handed to and fro between two processes that both keep running.
//
//   --trips=200000
import { Process, RawArray, Semaphore } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { answer, CHECKED_TRIP, DONE, GO } from './partners.js';

const WARM_UP = 50_000;
const options = readOptions({ trips: 200_000 });
const ping = new Semaphore(0);
const pong = new Semaphore(0);
const words = RawArray('i', 64);
const partner = new Process({ target: answer, args: [ping, pong, words, WARM_UP + options.trips] }).start();

const samples = new Float64Array(options.trips);
for (let i = 0; i < WARM_UP + options.trips; i++) {
  const checked = i % CHECKED_TRIP === 0;
  if (checked) Atomics.store(words, GO, i);
  const start = performance.now();
  ping.release();
  pong.acquireSync();
  const elapsed = performance.now() - start;
  if (checked && Atomics.load(words, DONE) !== i) throw new Error(`trip ${i} was not answered`);
  if (i >= WARM_UP) samples[i - WARM_UP] = elapsed * 1000;
}
await partner.join();
if (partner.exitCode !== 0 || ping.value !== 0 || pong.value !== 0) throw new Error('the hand-offs do not add up');
printLatency('semaphore round trip', 'us', [...samples]);
