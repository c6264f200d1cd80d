// @ts-check
// Processor time that a process uses while it waits, in ms per second.
//
//   --form=sync|async --seconds=3
import { setTimeout as sleep } from 'node:timers/promises';

import { FloatChannel, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { processorTime } from '../harness/processor-time.js';
import { waitForEver } from './partners.js';

const options = readOptions({ form: 'sync', seconds: 3 });
const channel = new FloatChannel(1);
const ready = new FloatChannel(1);
const partner = new Process({ target: waitForEver, args: [channel, ready, options.form] }).start();
await ready.recv();
// Past the collections and compilations of the start.
await sleep(1500);

const before = processorTime(partner.pid);
const start = performance.now();
await sleep(options.seconds * 1000);
const value = (processorTime(partner.pid) - before) / ((performance.now() - start) / 1000);
partner.kill();
await partner.join();
channel.close();
ready.close();
printResult({ name: `processor time of a waiting process, ${options.form}`, unit: 'ms/s', value });
