// @ts-check
// Making an object and closing it: us for the two.
//
//   --of=Lock --min-ms=1000
import { Lock } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const OBJECTS = 200;
const options = readOptions({ of: 'Lock', 'min-ms': 1000 });
if (options.of !== 'Lock') throw new TypeError('--of is Lock');

/** @param {number} count */
function locks(count) {
  for (let i = 0; i < count; i++) new Lock().close();
}

const batches = await measureBatches(locks, { count: OBJECTS, minMs: options['min-ms'] });
printBatches(
  `making and closing a ${options.of}`,
  'us',
  batches.map((ns) => ns / 1000),
);
