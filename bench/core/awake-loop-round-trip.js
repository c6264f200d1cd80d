// @ts-check
// A round trip from event loop to event loop, one after the other, so that both stay awake.
//
//   --trips=20000
import { FloatChannel, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { echo } from './partners.js';

const WARM_UP = 2000;
const LEAVE_TO_SCHEDULER = -1;
const options = readOptions({ trips: 20_000 });
const ping = new FloatChannel(1);
const pong = new FloatChannel(1);
const partner = new Process({ target: echo, args: [ping, pong, 'async', LEAVE_TO_SCHEDULER] }).start();
await pong.recv();
const message = new Float64Array(1);

const samples = [];
for (let i = 0; i < WARM_UP + options.trips; i++) {
  const start = performance.now();
  await ping.send(message);
  await pong.recvInto(message);
  if (i >= WARM_UP) samples.push((performance.now() - start) * 1000);
}
ping.close();
await partner.join();
pong.close();
printLatency('round trip, loop to loop, both awake', 'us', samples);
