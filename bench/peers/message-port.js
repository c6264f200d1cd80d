// @ts-check
// Messages one way over a MessagePort, from a worker thread to this thread.
//
//   --bytes=0 --count=50000 --rounds=9 --unit=/s      (--bytes=0: small objects)
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, MessageChannel, Worker, workerData } from 'node:worker_threads';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { contents, looker, oneWayResult, sumOf } from '../messages/contents.js';

const WARM_UP = 3;
const { bytes, count, rounds, unit } = readOptions({ bytes: 0, count: 50_000, rounds: 9, unit: '/s' });

if (isMainThread) await measure();
else produce(workerData);

/** @param {import('node:worker_threads').MessagePort} port */
function produce(port) {
  const make = contents(bytes);
  port.on('message', () => {
    for (let i = 0; i < count; i++) port.postMessage(make(i));
  });
}

async function measure() {
  const { port1: port, port2 } = new MessageChannel();
  const worker = new Worker(fileURLToPath(import.meta.url), {
    argv: process.argv.slice(2),
    workerData: port2,
    transferList: [port2],
  });
  await once(worker, 'online');
  const look = looker(bytes);
  let [sum, left, finished] = [0, 0, () => {}];
  port.on('message', (message) => {
    sum += look(message);
    if (--left === 0) finished();
  });

  const expected = sumOf(bytes, count);
  const seconds = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    [sum, left] = [0, count];
    const start = performance.now();
    await new Promise((resolve) => {
      finished = () => resolve(undefined);
      port.postMessage('go');
    });
    const elapsed = performance.now() - start;
    if (sum !== expected) throw new Error(`the messages sum up to ${sum} instead of ${expected}`);
    if (round >= WARM_UP) seconds.push(elapsed / 1000);
  }
  await worker.terminate();
  printResult(oneWayResult('MessagePort, one way', unit, bytes, count, seconds));
}
