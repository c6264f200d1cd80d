// @ts-check
// A Float64Array over child_process IPC to a child and back, with serialization 'advanced'.
//
//   --bytes=8000000 --trips=30
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { checkReturned, newArray } from '../messages/there-and-back-array.js';

const WARM_UP = 10;
const { role, bytes, trips } = readOptions({ role: 'sender', bytes: 8_000_000, trips: 30 });

if (role === 'partner') {
  process.on('message', (message) => process.send?.(message));
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
} else {
  const partner = fork(fileURLToPath(import.meta.url), ['--role=partner'], { serialization: 'advanced' });
  await once(partner, 'message');
  const array = newArray(bytes);
  const samples = [];
  for (let i = 0; i < WARM_UP + trips; i++) {
    array[0] = i;
    const start = performance.now();
    partner.send(/** @type {any} */ (array));
    const [answer] = await once(partner, 'message');
    const elapsed = performance.now() - start;
    checkReturned(answer, array);
    if (i >= WARM_UP) samples.push(elapsed);
  }
  partner.disconnect();
  printLatency("Float64Array there and back, fork with 'advanced'", 'ms', samples, { bytes });
}
