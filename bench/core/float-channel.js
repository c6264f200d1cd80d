// @ts-check
// A FloatChannel from one process to another, blocking forms on both sides.
//
//   --mode=copy       sendSync into the ring, recvIntoSync out of it into a reused array
//   --mode=zero-copy  produce in place by fill, compare in place by Buffer.compare
//   --slots=4 --size=100000 --messages=1000 --rounds=15
import { FloatChannel, Process } from 'forkless';

import { alignedArray } from '../harness/aligned.js';
import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { median } from '../harness/statistics.js';
import { consume, fillValue } from './partners.js';

const options = readOptions({ mode: 'copy', slots: 4, size: 100_000, messages: 1000, rounds: 15 });
const { mode, size, messages } = options;
if (mode !== 'copy' && mode !== 'zero-copy') throw new TypeError('--mode is copy or zero-copy');

const channel = new FloatChannel(size, { slots: options.slots });
const done = new FloatChannel(1);
const consumer = new Process({ target: consume, args: [channel, done, mode, messages] }).start();
const values = alignedArray(size).fill(1);

/** @type {number[]} */
const rates = [];
let sequence = 0;
for (let round = -1; round < options.rounds; round++) {
  const start = performance.now();
  for (let i = 0; i < messages; i++) {
    if (mode === 'copy') channel.sendSync(values);
    else channel.produceSync(size, (view) => void view.fill(fillValue(sequence)));
    sequence++;
  }
  done.recvSync();
  const seconds = (performance.now() - start) / 1000;
  if (round >= 0) rates.push((messages * size * 8) / seconds / 1e9);
}
channel.close();
done.close();
await consumer.join();
printResult({
  name: `FloatChannel, ${mode}, ${options.slots} slots`,
  unit: 'GB/s',
  value: median(rates),
  best: Math.max(...rates),
});
