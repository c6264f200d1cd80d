// @ts-check
// Event loop to event loop with both asleep: an eventfd in each loop, written from the other process.
//
//   --pings=1000 --gap-ms=1 --pin=0,1        (--pin=-1,-1 leaves the placing to the scheduler)
//
// The sender rests in its event loop for the gap before each ping, so that both loops sleep in the kernel.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../harness/options.js';
import { pinToProcessor } from '../harness/pin.js';
import { printLatency } from '../harness/print-result.js';

// So that both sides are compiled: the way through a sleep is taken once per trip only.
const WARM_UP = 3000;
const CHILD_PING_FD = 3;
const CHILD_PONG_FD = 4;

const addon = createRequire(import.meta.url)('../limits/eventfd-loop/build/Release/eventfd_loop.node');
const options = readOptions({ role: 'sender', pings: 1000, 'gap-ms': 1, pin: '0,1' });
const [senderPin = -1, partnerPin = -1] = options.pin.split(',').map(Number);

if (options.role === 'partner') echo();
else await measure();

function echo() {
  pinToProcessor(partnerPin);
  new addon.Watcher(CHILD_PING_FD, () => addon.signal(CHILD_PONG_FD));
  addon.signal(CHILD_PONG_FD);
}

async function measure() {
  const ping = addon.create();
  const pong = addon.create();
  const partner = spawn(process.execPath, [fileURLToPath(import.meta.url), '--role=partner', `--pin=${options.pin}`], {
    stdio: ['ignore', 'inherit', 'inherit', ping, pong],
  });
  const ended = once(partner, 'exit');
  let answered = () => {};
  const watcher = new addon.Watcher(pong, () => answered());
  const ready = /** @type {Promise<void>} */ (new Promise((resolve) => (answered = resolve)));
  await Promise.race([ready, ended.then(() => Promise.reject(new Error('the partner ended')))]);
  const pinned = pinToProcessor(senderPin);

  const trips = [];
  for (let i = 0; i < WARM_UP + options.pings; i++) {
    await sleep(options['gap-ms']);
    const trip = await new Promise((resolve) => {
      const start = performance.now();
      answered = () => resolve((performance.now() - start) * 1000);
      addon.signal(ping);
    });
    if (i >= WARM_UP) trips.push(trip);
  }
  partner.kill();
  await ended;
  watcher.close();
  printLatency('eventfd in the event loop, round trip', 'us', trips, { gapMs: options['gap-ms'], pinned });
}
