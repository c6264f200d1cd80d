// @ts-check
// Messages one way over a MessagePort, from a worker thread to this thread.
//
//   --bytes=0 --count=50000 --rounds=9 --unit=/s      (--bytes=0: small objects)
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isMainThread, MessageChannel, Worker, workerData } from 'node:worker_threads';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { contents, oneWayResult } from '../messages/contents.js';
import { receiveInRounds } from '../messages/receive-in-rounds.js';

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
  const seconds = await receiveInRounds(port, () => port.postMessage('go'), { bytes, count, rounds });
  await worker.terminate();
  printResult(oneWayResult('MessagePort, one way', unit, bytes, count, seconds));
}
