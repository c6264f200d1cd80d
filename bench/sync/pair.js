// @ts-check
// An acquisition and a release of what nobody else wants: ns for the two.
//
//   --of=Lock|RLock|Semaphore --form=sync|async --min-ms=1000
import { Lock, RLock, Semaphore } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const PAIRS = 2000;
const options = readOptions({ of: 'Lock', form: 'sync', 'min-ms': 1000 });
const holdable = make();

/** @param {number} count */
function pairs(count) {
  for (let i = 0; i < count; i++) {
    if (!holdable.acquireSync()) throw new Error('not acquired');
    holdable.release();
  }
}

/** @param {number} count */
async function asyncPairs(count) {
  for (let i = 0; i < count; i++) {
    if (!(await holdable.acquire())) throw new Error('not acquired');
    holdable.release();
  }
}

const batches = await measureBatches(options.form === 'sync' ? pairs : asyncPairs, {
  count: PAIRS,
  minMs: options['min-ms'],
});
if (holdable.locked) throw new Error('it is still held');
holdable.close();
printBatches(`acquire and release of a ${options.of}, ${options.form}`, 'ns', batches);

function make() {
  if (options.of === 'Lock') return new Lock();
  if (options.of === 'RLock') return new RLock();
  if (options.of === 'Semaphore') return new Semaphore(1);
  throw new TypeError('--of is Lock, RLock or Semaphore');
}
