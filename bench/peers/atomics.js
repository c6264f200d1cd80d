// @ts-check
// What the atomic instructions cost in JavaScript, on private memory: ns.
//
//   --of=pair    take a word by compare and swap, give it back by a store
//   --of=add     add one
//   --min-ms=1000
import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const OPERATIONS = 2000;
const options = readOptions({ of: 'pair', 'min-ms': 1000 });
if (options.of !== 'pair' && options.of !== 'add') throw new TypeError('--of is pair or add');
const words = new Int32Array(16);

/** @param {number} count */
function pairs(count) {
  for (let i = 0; i < count; i++) {
    if (Atomics.compareExchange(words, 0, 0, 1) !== 0) throw new Error('not taken');
    Atomics.store(words, 0, 0);
  }
}

let sum = 0;

/** @param {number} count */
function additions(count) {
  for (let i = 0; i < count; i++) Atomics.add(words, 0, 1);
  sum = (sum + count) | 0;
}

const run = options.of === 'pair' ? pairs : additions;
const batches = await measureBatches(run, { count: OPERATIONS, minMs: options['min-ms'] });
if (words[0] !== sum) throw new Error(`${words[0]} instead of ${sum}`);
printBatches(`raw Atomics, ${options.of}`, 'ns', batches);
