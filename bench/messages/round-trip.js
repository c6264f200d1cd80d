// @ts-check
// A number over a Connection to another process and back.
//
//   --form=sync|async --trips=50000 --warm-up=20000 --gap-ms=0 --pin=-1,-1
//
// With a gap the sender rests in its event loop before each trip, so that both loops sleep in the kernel.
import { setTimeout as sleep } from 'node:timers/promises';

import { Pipe, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { pinToProcessor } from '../harness/pin.js';
import { printLatency } from '../harness/print-result.js';
import { echo } from './partners.js';

const options = readOptions({ form: 'sync', trips: 50_000, 'warm-up': 20_000, 'gap-ms': 0, pin: '-1,-1' });
const { form, trips, 'warm-up': warmUp, 'gap-ms': gapMs } = options;
const [ownPin = -1, partnerPin = -1] = options.pin.split(',').map(Number);

const [own, other] = Pipe();
const partner = new Process({ target: echo, args: [other, form, partnerPin] }).start();
other.close();
await own.recv();
const pinned = pinToProcessor(ownPin);

const samples = [];
for (let i = 0; i < warmUp + trips; i++) {
  if (gapMs > 0) await sleep(i < warmUp ? 1 : gapMs);
  let answer;
  const start = performance.now();
  if (form === 'sync') {
    own.sendSync(i);
    answer = own.recvSync();
  } else {
    await own.send(i);
    answer = await own.recv();
  }
  const elapsed = performance.now() - start;
  if (answer !== i) throw new Error(`${String(answer)} came back instead of ${i}`);
  if (i >= warmUp) samples.push(elapsed * 1000);
}
own.close();
await partner.join();
printLatency(`Connection, round trip, ${form}`, 'us', samples, { gapMs, pinned });
