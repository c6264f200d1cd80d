// @ts-check
// From set() to the return of a wait that sleeps in the kernel, one way. The setter sleeps before each, too.
//
//   --wakes=1000 --gap-ms=1 --pin=0,1     setter and waiter; (--pin=-1,-1 leaves the placing to the scheduler)
import { readFileSync } from 'node:fs';

import { Event, Process, RawArray } from 'forkless';

import { readOptions } from '../harness/options.js';
import { pinToProcessor } from '../harness/pin.js';
import { printLatency } from '../harness/print-result.js';
import { noteWakes } from './partners.js';

// So that both sides are compiled: the way through a sleep is taken once per wake only.
const WARM_UP = 3000;
const SLEPT_ENOUGH = 0.9;
const TIME = 0;
const COUNT = 1;
const options = readOptions({ wakes: 1000, 'gap-ms': 1, pin: '0,1' });
const [ownPin = -1, partnerPin = -1] = options.pin.split(',').map(Number);

const event = new Event();
const notes = RawArray('q', 2);
const all = WARM_UP + options.wakes;
const partner = new Process({ target: noteWakes, args: [event, notes, all, partnerPin] }).start();
const pinned = pinToProcessor(ownPin);
const privateWord = new Int32Array(new SharedArrayBuffer(4));

let sleeps = 0;
const samples = [];
for (let i = 1; i <= all; i++) {
  Atomics.wait(privateWord, 0, 0, options['gap-ms']);
  if (i === WARM_UP + 1) sleeps = sleepsOfPartner();
  if (i === all) sleeps = sleepsOfPartner() - sleeps;
  const start = process.hrtime.bigint();
  event.set();
  while (Atomics.load(notes, COUNT) !== BigInt(i));
  if (i > WARM_UP) samples.push(Number(Atomics.load(notes, TIME) - start) / 1000);
}
await partner.join();
const slept = sleeps / (options.wakes - 1);
if (slept < SLEPT_ENOUGH) throw new Error(`the waiter slept for ${Math.round(slept * 100)} % of the waits only`);
printLatency('Event, set to wake', 'us', samples, { gapMs: options['gap-ms'], pinned, slept });

/** How often its main thread has gone to sleep. */
function sleepsOfPartner() {
  const status = readFileSync(`/proc/${partner.pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
}
