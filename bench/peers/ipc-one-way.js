// @ts-check
// Messages one way over child_process IPC, from the child to this process.
//
//   --bytes=0 --count=20000 --rounds=9 --serialization=json|advanced --unit=/s      (--bytes=0: small objects)
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as loopTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../harness/options.js';
import { printResult } from '../harness/print-result.js';
import { contents, looker, oneWayResult, sumOf } from '../messages/contents.js';

const WARM_UP = 3;
const { role, bytes, count, rounds, serialization, unit } = readOptions({
  role: 'consumer',
  bytes: 0,
  count: 20_000,
  rounds: 9,
  serialization: 'json',
  unit: '/s',
});

if (role === 'producer') produce();
else await measure();

function produce() {
  process.on('message', () => void sendAll());
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

async function sendAll() {
  const make = contents(bytes);
  for (let i = 0; i < count; i++) {
    // False: much is waiting to be written, which goes on as the loop turns.
    if (process.send?.(make(i)) === false) await loopTurn();
  }
}

async function measure() {
  const partner = fork(fileURLToPath(import.meta.url), ['--role=producer', ...process.argv.slice(2)], {
    serialization: serialization === 'advanced' ? 'advanced' : 'json',
  });
  await once(partner, 'message');
  partner.once('exit', (code) => {
    if (code !== 0) throw new Error(`the partner ended with ${code}`);
  });
  const look = looker(bytes);
  let [sum, left, finished] = [0, 0, () => {}];
  partner.on('message', (message) => {
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
      partner.send('go');
    });
    const elapsed = performance.now() - start;
    if (sum !== expected) throw new Error(`the messages sum up to ${sum} instead of ${expected}`);
    if (round >= WARM_UP) seconds.push(elapsed / 1000);
  }
  partner.disconnect();
  printResult(oneWayResult(`child_process IPC, one way, ${serialization}`, unit, bytes, count, seconds));
}
