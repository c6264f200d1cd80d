// @ts-check
// How long start() keeps its caller from going on, with a large resident size.
//
//   --starts=40 --rss-mb=2048
import { Process } from 'forkless';

import { readOptions } from '../harness/options.js';
import { printLatency } from '../harness/print-result.js';
import { growResidentSizeTo, hugePages } from '../harness/resident.js';
import { nothing } from './empty-target.mjs';

const WARM_UP = 10;
const options = readOptions({ starts: 40, 'rss-mb': 2048 });
const rss = growResidentSizeTo(options['rss-mb'] * 2 ** 20);

const blocked = [];
for (let i = 0; i < WARM_UP + options.starts; i++) {
  const child = new Process({ target: nothing });
  const start = performance.now();
  child.start();
  const elapsed = performance.now() - start;
  await child.join();
  if (i >= WARM_UP) blocked.push(elapsed);
}
printLatency('start() blocks', 'ms', blocked, { rssMb: Math.round(rss / 2 ** 20), hugePages: hugePages() });
