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
import { contents, oneWayResult } from '../messages/contents.js';
import { receiveInRounds } from '../messages/receive-in-rounds.js';

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
  const seconds = await receiveInRounds(partner, () => void partner.send('go'), { bytes, count, rounds });
  partner.disconnect();
  printResult(oneWayResult(`child_process IPC, one way, ${serialization}`, unit, bytes, count, seconds));
}
