// @ts-check
// Processor time that a process uses while it waits, in ms per second.
//
//   --form=sync|async --seconds=3
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
const msPerTick = 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function processorTime() {
  const fields = readFileSync(`/proc/${partner.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * msPerTick;
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
