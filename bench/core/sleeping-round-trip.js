// @ts-check
// A round trip between two processes that both sleep in the kernel when the message comes.
//
//   --form=sync|async --trips=1000 --gap-ms=1 --pin=0,1     (--pin=-1,-1 leaves the placing to the scheduler)
import { setTimeout as sleep } from 'node:timers/promises';

import { FloatChannel, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { pinToProcessor } from '../harness/pin.js';
import { printLatency } from '../harness/print-result.js';
import { echo } from './partners.js';

// So that both sides are compiled: the way through a sleep is taken once per trip only.
const WARM_UP = 3000;
const options = readOptions({ form: 'sync', trips: 1000, 'gap-ms': 1, pin: '0,1' });
const { form } = options;
const [ownPin = -1, partnerPin = -1] = options.pin.split(',').map(Number);

const ping = new FloatChannel(1);
const pong = new FloatChannel(1);
const partner = new Process({ target: echo, args: [ping, pong, form, partnerPin] }).start();
await pong.recv();
const pinned = pinToProcessor(ownPin);
const privateWord = new Int32Array(new SharedArrayBuffer(4));
const message = new Float64Array(1);

const samples = [];
for (let i = 0; i < WARM_UP + options.trips; i++) {
  if (form === 'sync') Atomics.wait(privateWord, 0, 0, options['gap-ms']);
  else await sleep(options['gap-ms']);
  const start = performance.now();
  if (form === 'sync') {
    ping.sendSync(message);
    pong.recvIntoSync(message);
  } else {
    await ping.send(message);
    await pong.recvInto(message);
  }
  if (i >= WARM_UP) samples.push((performance.now() - start) * 1000);
}
ping.close();
await partner.join();
pong.close();
printLatency(`round trip, both asleep, ${form}`, 'us', samples, { gapMs: options['gap-ms'], pinned });
