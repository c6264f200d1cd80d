// @ts-check
// How long child_process.spawn() keeps its caller from going on, with a large resident size.
//
//   --spawns=25 --rss-mb=2048
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { growResidentSizeTo, hugePages } from '../harness/resident.js';

const WARM_UP = 3;
const options = readOptions({ spawns: 25, 'rss-mb': 2048 });
const rss = growResidentSizeTo(options['rss-mb'] * 2 ** 20);

const blocked = [];
for (let i = 0; i < WARM_UP + options.spawns; i++) {
  const start = performance.now();
  const child = spawn('true', { stdio: 'ignore' });
  const elapsed = performance.now() - start;
  await once(child, 'exit');
  if (i >= WARM_UP) blocked.push(elapsed);
}
printLatency('child_process.spawn() blocks', 'ms', blocked, {
  rssMb: Math.round(rss / 2 ** 20),
  hugePages: hugePages(),
});
