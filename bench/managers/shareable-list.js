// @ts-check
// Reading an item of a ShareableList: ns.
//
//   --of=int|float|text --min-ms=1000
import { ShareableList } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const GETS = 10_000;
const LENGTH = 100;
const options = readOptions({ of: 'int', 'min-ms': 1000 });
const list = new ShareableList(Array.from({ length: LENGTH }, (_, i) => itemAt(i)));

/** @param {number} count */
function gets(count) {
  for (let i = 0; i < count; i++) {
    if (list.get(i % LENGTH) === null) throw new Error('not there');
  }
}

const batches = await measureBatches(gets, { count: GETS, minMs: options['min-ms'] });
if (list.get(LENGTH - 1) !== itemAt(LENGTH - 1)) throw new Error('another item');
list.shm.close();
list.shm.unlink();
printBatches(`an item of a ShareableList, ${options.of}`, 'ns', batches);

/** @param {number} i */
function itemAt(i) {
  if (options.of === 'int') return i;
  if (options.of === 'float') return i + 0.5;
  if (options.of === 'text') return `item ${i}`;
  throw new TypeError('--of is int, float or text');
}
