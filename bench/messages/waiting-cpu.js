// @ts-check
// Processor time of a process that awaits recv(), after a burst of messages.
//
//   --of=rate --seconds=2         in silence, of all its threads, in ms per second
//   --of=stop --times=50          how long after the last message of a burst its main thread stops using any, in ms
import { setTimeout as sleep } from 'node:timers/promises';

import { Pipe, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency, printResult } from '../harness/print-result.js';
import { processorTime, threadTime } from '../harness/processor-time.js';
import { sumNumbers } from './partners.js';

const BURST = 1000;
/** Past the collections and compilations of the start. */
const SETTLING_MS = 1500;
const WATCHED_MS = 20;
const options = readOptions({ of: 'rate', seconds: 2, times: 50 });
const [own, other] = Pipe();
const partner = new Process({ target: sumNumbers, args: [other] }).start();
let sent = 0;

/** The end of it is the answer to the last message. */
async function burst() {
  for (let i = 0; i < BURST; i++) await own.send(1);
  sent += BURST;
  await own.send('sum');
  const sum = await own.recv();
  if (sum !== sent) throw new Error(`${String(sum)} instead of ${sent}`);
}

/** Watches the main thread for a while, and says when its time was last seen to grow, and by how much in all. */
function watch() {
  const start = performance.now();
  const before = threadTime(partner.pid, partner.pid);
  let [time, stopped] = [before, start];
  for (let now = start; now < start + WATCHED_MS; now = performance.now()) {
    const later = threadTime(partner.pid, partner.pid);
    if (later !== time) stopped = now;
    time = later;
  }
  return { ms: stopped - start, used: time - before };
}

await burst();
await sleep(SETTLING_MS);
if (options.of === 'rate') {
  await burst();
  const [before, start] = [processorTime(partner.pid), performance.now()];
  await sleep(options.seconds * 1000);
  const value = (processorTime(partner.pid) - before) / ((performance.now() - start) / 1000);
  printResult({ name: 'processor time of a process that awaits recv()', unit: 'ms/s', value });
} else {
  const samples = [];
  const used = [];
  for (let i = 0; i < options.times; i++) {
    await burst();
    const watched = watch();
    samples.push(watched.ms);
    used.push(watched.used);
    await sleep(1);
  }
  const usedMs = used.sort((a, b) => a - b)[used.length >> 1];
  printLatency('from the last message until no processor time is used', 'ms', samples, { usedMs });
}
partner.kill();
await partner.join();
