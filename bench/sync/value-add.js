// @ts-check
// add(1) of an integer Value: ns.
//
//   --min-ms=1000
import { Value } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const ADDITIONS = 2000;
const options = readOptions({ 'min-ms': 1000 });
const counter = Value('i', 0);
let sum = 0;

/** @param {number} count */
function additions(count) {
  for (let i = 0; i < count; i++) counter.add(1);
  sum = (sum + count) | 0;
}

const batches = await measureBatches(additions, { count: ADDITIONS, minMs: options['min-ms'] });
if (counter.value !== sum) throw new Error(`${counter.value} instead of ${sum}`);
printBatches('Value, add(1)', 'ns', batches);
