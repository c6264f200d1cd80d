// @ts-check
// Reading and writing the elements of an array, one after the other: ns per element.
//
//   --of=shared|raw|private --min-ms=1000
import { RawArray, SharedArray } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const LENGTH = 2000;
const options = readOptions({ of: 'shared', 'min-ms': 1000 });
const MAKE = {
  shared: () => SharedArray('d', LENGTH),
  raw: () => RawArray('d', LENGTH),
  private: () => new Float64Array(LENGTH),
};
const make = Object.entries(MAKE).find(([kind]) => kind === options.of)?.[1];
if (make === undefined) throw new RangeError(`--of must be one of ${Object.keys(MAKE).join(', ')}`);
const array = make();
let passes = 0;

/** @param {number} count */
function addToEach(count) {
  for (let i = 0; i < count; i++) array[i] = /** @type {number} */ (array[i]) + 1;
  passes++;
}

const batches = await measureBatches(addToEach, { count: LENGTH, minMs: options['min-ms'] });
if (array.some((element) => element !== passes)) throw new Error(`${array[0]} instead of ${passes}`);
printBatches(`array of doubles, ${options.of}`, 'ns', batches);
