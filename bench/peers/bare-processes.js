// @ts-check
// The tasks of bench/pool/compute.js, dealt out beforehand to processes without a pool: what more of them can give at all.
//
//   --workers=2 --tasks=160 --rounds=5
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { ratesOfComputing } from '../pool/computing.js';
import { compute } from '../pool/tasks.js';

const options = readOptions({ role: 'owner', workers: 2, tasks: 160, rounds: 5 });

if (options.role === 'worker') {
  process.on('message', (/** @type {number[]} */ seeds) => process.send?.(seeds.map(compute)));
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
} else {
  await measure();
}

async function measure() {
  const file = fileURLToPath(import.meta.url);
  const workers = Array.from({ length: options.workers }, () => fork(file, ['--role=worker']));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const rates = await ratesOfComputing(async (seeds) => {
    const share = Math.ceil(seeds.length / workers.length);
    const answers = await Promise.all(
      workers.map(async (worker, i) => {
        worker.send(seeds.slice(i * share, (i + 1) * share));
        const [answer] = await once(worker, 'message');
        return answer;
      }),
    );
    return answers.flat();
  }, options);
  for (const worker of workers) worker.disconnect();
  printRates(`${options.workers} processes without a pool, computing`, rates);
}
