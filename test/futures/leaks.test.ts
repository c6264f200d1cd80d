import { RawArray } from 'forkless';
import { asCompleted, ProcessPoolExecutor } from 'forkless/futures';
import { delayed, Parallel } from 'forkless/parallel';
import { describe, expect, it } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { expectNoLeaks } from '../helpers/leaks.ts';

// Its own memory goes when it is collected.
const array = RawArray('i', 10);

expectNoLeaks();

describe('An executor leaves nothing behind', () => {
  it('when it was never used', async () => {
    await new ProcessPoolExecutor(2).shutdown();
    new ProcessPoolExecutor(2).shutdownSync();
  });

  it('when calls have ended in all ways', async () => {
    await using executor = new ProcessPoolExecutor(2);
    const futures = [
      executor.submit(calls.countBegun, array),
      executor.submit(calls.raise),
      executor.submit(calls.exit),
      executor.submit(calls.same, 'x'.repeat(1 << 20)),
      ...Array.from({ length: 1000 }, (_, i) => executor.submit(calls.markBegun, array, i % 10)),
    ];
    for (const future of futures.slice(500)) future.cancel();
    let ended = 0;
    for await (const _ of asCompleted(futures)) ended++;
    expect(ended).toBe(futures.length);
  });

  it('when its workers are killed in the middle', async () => {
    const executor = new ProcessPoolExecutor(2);
    const futures = Array.from({ length: 700 }, () => executor.submit(calls.sleepFor, 5));
    await futures[3];
    executor.killWorkers();
    await executor.shutdown();
    expect(futures.every((future) => future.done())).toBe(true);
  });

  it('when a map is left, and the shutdown is not waited for', async () => {
    const executor = new ProcessPoolExecutor(2);
    const results = executor.map(
      calls.same,
      Array.from({ length: 100 }, (_, i) => 'x'.repeat(i * 100)),
    );
    await results.next();
    await results.return?.();
    await executor.shutdown({ wait: false });
  });

  it('nor does Parallel', async () => {
    await using parallel = new Parallel({ nJobs: 2 });
    expect(await parallel.run([1, 2, 3].map((x) => delayed(calls.power)(x, 2)))).toEqual([1, 4, 9]);
  });
});
