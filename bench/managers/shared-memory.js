// @ts-check
// Making a block of shared memory, closing it and removing its name: us for the three.
//
//   --bytes=1024 --track=yes|no --min-ms=1000
import { SharedMemory } from 'forkless';

import { measureBatches } from '../harness/batches.js';
import { readOptions } from '../harness/options.js';
import { printBatches } from '../harness/print-result.js';

const BLOCKS = 200;
const { bytes: size, track, 'min-ms': minMs } = readOptions({ bytes: 1024, track: 'yes', 'min-ms': 1000 });

/** @param {number} count */
function blocks(count) {
  for (let i = 0; i < count; i++) {
    const block = new SharedMemory({ create: true, size, track: track === 'yes' });
    if (block.buf[0] !== 0) throw new Error('not zero');
    block.close();
    block.unlink();
  }
}

const batches = await measureBatches(blocks, { count: BLOCKS, minMs });
printBatches(
  `SharedMemory of ${size} bytes, made, closed and removed`,
  'us',
  batches.map((ns) => ns / 1000),
);
