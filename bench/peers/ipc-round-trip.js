// @ts-check
// The round trip of a small message over child_process IPC.
//
//   --trips=5000 --warm-up=3000 --gap-ms=0 --serialization=json|advanced --pin=-1,-1
//
// With a gap the sender rests in its event loop before each message, so that both loops sleep in the kernel.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../harness/options.js';
import { pinToProcessor } from '../harness/pin.js';
import { printLatency } from '../harness/print-result.js';

const options = readOptions({
  role: 'sender',
  trips: 5000,
  'warm-up': 3000,
  'gap-ms': 0,
  serialization: 'json',
  pin: '-1,-1',
});
const [senderPin = -1, partnerPin = -1] = options.pin.split(',').map(Number);

if (options.role === 'partner') echo();
else await measure();

function echo() {
  pinToProcessor(partnerPin);
  process.on('message', (message) => process.send?.(message));
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

async function measure() {
  const partner = fork(fileURLToPath(import.meta.url), ['--role=partner', `--pin=${options.pin}`], {
    serialization: options.serialization === 'advanced' ? 'advanced' : 'json',
  });
  await once(partner, 'message');
  const pinned = pinToProcessor(senderPin);
  let answered = () => {};
  partner.on('message', () => answered());
  partner.once('exit', (code) => {
    if (code !== 0) throw new Error(`the partner ended with ${code}`);
  });

  const trips = [];
  for (let i = 0; i < options['warm-up'] + options.trips; i++) {
    if (options['gap-ms'] > 0) await sleep(i < options['warm-up'] ? 1 : options['gap-ms']);
    const trip = await new Promise((resolve) => {
      const start = performance.now();
      answered = () => resolve((performance.now() - start) * 1000);
      partner.send(i);
    });
    if (i >= options['warm-up']) trips.push(trip);
  }
  partner.disconnect();
  printLatency('child_process IPC, round trip', 'us', trips, {
    gapMs: options['gap-ms'],
    serialization: options.serialization,
    pinned,
  });
}
