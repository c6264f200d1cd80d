// @ts-check
// A RawArray over a Connection to another process, which writes into it and says so.
//
//   --bytes=8000 --trips=2000
import { Pipe, Process, RawArray } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { signArrays } from './partners.js';

const WARM_UP = 2000;
const { bytes, trips } = readOptions({ bytes: 8000, trips: 2000 });
const [own, other] = Pipe();
const partner = new Process({ target: signArrays, args: [other] }).start();
await own.recv();

const array = RawArray('d', bytes / 8);
const samples = [];
for (let i = 1; i <= WARM_UP + trips; i++) {
  const start = performance.now();
  await own.send(array);
  await own.recv();
  const elapsed = performance.now() - start;
  if (array[array.length - 1] !== i) throw new Error('the partner has another array');
  if (i > WARM_UP) samples.push(elapsed * 1000);
}
partner.kill();
await partner.join();
printLatency('RawArray over a Connection', 'us', samples, { bytes });
