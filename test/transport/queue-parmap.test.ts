import { describe, expect, it } from 'vitest';

import { Queue } from '../../dist/index.js';
import * as work from '../fixtures/transport/queues.js';
import { start } from '../helpers/primitives.ts';
import { expectNoTraces } from '../helpers/queues.ts';

// Each round starts two processes; `npm run test:long` does a thousand.
const ROUNDS = process.env.FORKLESS_LONG === '1' ? 1000 : 60;
const PROCESSES = 2;
expectNoTraces();

type Numbered = [index: number, value: number];

/** As examples/parmap.ts does it, without a compiler in each process. */
async function parmap(items: readonly number[]): Promise<number[]> {
  using queue = new Queue<Numbered>();
  using results = new Queue<Numbered>();
  for (const [index, item] of items.entries()) queue.putSync([index, item]);
  const children = Array.from({ length: PROCESSES }, () => start(work.mapNumbered, work.double, queue, results));
  for (const child of children) await child.join();
  const pairs: Numbered[] = [];
  while (!results.empty()) pairs.push(await results.get());
  return pairs.toSorted(([a], [b]) => a - b).map(([, result]) => result);
}

describe('A parallel map of two queues', () => {
  // CPython's hangs within 30 rounds: there a process may not end before its results are taken, and empty() guesses.
  it(`ends, and is right, ${ROUNDS} times (rows 87, 88)`, { timeout: 1_200_000 }, async () => {
    const items = Array.from({ length: 20 }, (_, i) => i);
    for (let round = 0; round < ROUNDS; round++) {
      items[0] = round;
      expect(await parmap(items)).toEqual(items.map((item) => 2 * item));
    }
  });
});
