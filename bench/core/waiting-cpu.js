// @ts-check
// Processor time that a process uses while it waits, in ms per second.
//
//   --form=sync|async --seconds=3
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { FloatChannel, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { waitForEver } from './partners.js';

const options = readOptions({ form: 'sync', seconds: 3 });
const channel = new FloatChannel(1);
const ready = new FloatChannel(1);
const partner = new Process({ target: waitForEver, args: [channel, ready, options.form] }).start();
await ready.recv();
// Past the collections and compilations of the start.
await sleep(1500);

/** Of all its threads, ms; /proc/<pid>/stat would count in steps of 10 ms. */
function processorTime() {
  const tasks = `/proc/${partner.pid}/task`;
  const ns = readdirSync(tasks).map((task) => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]));
  return ns.reduce((sum, each) => sum + each, 0) / 1e6;
}

const before = processorTime();
const start = performance.now();
await sleep(options.seconds * 1000);
const value = (processorTime() - before) / ((performance.now() - start) / 1000);
partner.kill();
await partner.join();
channel.close();
ready.close();
printResult({ name: `processor time of a waiting process, ${options.form}`, unit: 'ms/s', value });
