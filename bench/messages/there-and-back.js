// @ts-check
// A Float64Array over a Connection to another process and back: await send, await recv.
//
//   --bytes=8000000 --trips=100
import { Pipe, Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { echo } from './partners.js';
import { checkReturned, newArray } from './there-and-back-array.js';

const WARM_UP = 20;
const NOWHERE = -1;
const { bytes, trips } = readOptions({ bytes: 8_000_000, trips: 100 });
const [own, other] = Pipe();
const partner = new Process({ target: echo, args: [other, 'async', NOWHERE] }).start();
other.close();
await own.recv();

const array = newArray(bytes);
const samples = [];
for (let i = 0; i < WARM_UP + trips; i++) {
  array[0] = i;
  const start = performance.now();
  await own.send(array);
  const answer = await own.recv();
  const elapsed = performance.now() - start;
  checkReturned(answer, array);
  if (i >= WARM_UP) samples.push(elapsed);
}
own.close();
await partner.join();
printLatency('Float64Array there and back', 'ms', samples, { bytes });
