// @ts-check
// Making an object and closing it: us for the two.
//
//   --of=Lock|Value --min-ms=1000
import { Lock, Value } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const OBJECTS = 200;
const options = readOptions({ of: 'Lock', 'min-ms': 1000 });
if (options.of !== 'Lock' && options.of !== 'Value') throw new TypeError('--of is Lock or Value');

/** @param {number} count */
function locks(count) {
  for (let i = 0; i < count; i++) new Lock().close();
}

/** @param {number} count */
function values(count) {
  for (let i = 0; i < count; i++) {
    const value = Value('i', 0);
    if (value.value !== 0) throw new Error('not zero');
    value.close();
  }
}

const batches = await measureBatches(options.of === 'Lock' ? locks : values, {
  count: OBJECTS,
  minMs: options['min-ms'],
});
printBatches(
  `making and closing a ${options.of}`,
  'us',
  batches.map((ns) => ns / 1000),
);
