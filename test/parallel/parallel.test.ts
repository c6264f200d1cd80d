import { ClosedError, TimeoutError, WorkerDiedError } from 'forkless';
import { delayed, Parallel, registerBackend } from 'forkless/parallel';
import type { ParallelOptions, ReturnAs } from 'forkless/parallel';
import { afterEach, describe, expect, it, vi } from 'vitest';

import * as calls from '../fixtures/parallel/calls.js';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const parallel of open.splice(0)) await parallel[Symbol.asyncDispose]();
});
function makeParallel<As extends ReturnAs = 'list'>(options: ParallelOptions<As> = {}): Parallel<As> {
  const parallel = new Parallel<As>({ nJobs: 2, ...options });
  open.push(parallel);
  return parallel;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const { root, add, failAt, sleepFor } = calls;

async function valuesOf<R>(results: AsyncIterable<R>): Promise<R[]> {
  const values: R[] = [];
  for await (const value of results) values.push(value);
  return values;
}

describe.each(['processes', 'threads', 'sequential'])('Parallel on %s', (backend) => {
  it('gives the results in the order of the calls, of different functions too', async () => {
    const parallel = makeParallel({ backend });
    expect(await parallel.run(range(100).map((x) => delayed(root)(x * x)))).toEqual(range(100));
    expect(await parallel.run([delayed(add)(1, 2), delayed(root)(16), delayed((x: number) => -x)(7)])).toEqual([
      3, 4, -7,
    ]);
    expect(await parallel.run([])).toEqual([]);
  });

  it('takes batches of any size, out of lazy and asynchronous inputs', async () => {
    async function* later(): AsyncGenerator<ReturnType<ReturnType<typeof delayed<[number], number>>>> {
      for (const x of range(20)) yield delayed(root)(x * x);
    }
    for (const batchSize of [1, 7, 50, 'auto'] as const) {
      expect(await makeParallel({ backend, batchSize }).run(later())).toEqual(range(20));
    }
  });

  it('gives results as they come, and reads no more than is soon asked for', async () => {
    const parallel = makeParallel({ backend, returnAs: 'generator', batchSize: 1 });
    let read = 0;
    let isClosed = false;
    function* endless(): Generator<ReturnType<ReturnType<typeof delayed<[number], number>>>> {
      try {
        for (;;) yield delayed(root)((read++) ** 2);
      } finally {
        isClosed = true;
      }
    }
    const results: number[] = [];
    for await (const value of parallel.run(endless())) if (results.push(value) === 10) break;
    expect(results).toEqual(range(10));
    expect(read).toBeLessThanOrEqual(20);
    expect(isClosed).toBe(true);
  });

  it('ends with the first error, in the place of its call', async () => {
    const parallel = makeParallel({ backend, returnAs: 'generator', batchSize: 1 });
    const results = parallel.run(range(9).map((x) => delayed(failAt)(2, x)));
    expect([(await results.next()).value, (await results.next()).value]).toEqual([0, 1]);
    await expect(results.next()).rejects.toThrow('no 2');
    expect((await results.next()).done).toBe(true);
    expect(await valuesOf(parallel.run([delayed(root)(4)]))).toEqual([2]);
  });

  it('takes only calls', async () => {
    const parallel = makeParallel({ backend });
    await expect(parallel.run([delayed(root)(1), root] as never)).rejects.toThrow(/expected calls, such as delayed/);
    expect(() => parallel.run(5 as never)).toThrow(/must be iterable/);
    await parallel.close();
    expect(() => parallel.run([])).toThrow(ClosedError);
  });
});

describe('Parallel', () => {
  it('gives the results of the fastest first, if their order does not matter', async () => {
    const parallel = makeParallel({ returnAs: 'generator_unordered', batchSize: 1 });
    const results = await valuesOf(parallel.run([2000, 1, 2].map((ms) => delayed(sleepFor)(ms))));
    expect(results.toSorted((a, b) => a - b)).toEqual([1, 2, 2000]);
    expect(results.at(-1)).toBe(2000);
  });

  it('keeps its workers for the next run', async () => {
    const parallel = makeParallel({ nJobs: 1 });
    const [[one], [two]] = [await parallel.run([delayed(calls.pid)()]), await parallel.run([delayed(calls.pid)()])];
    expect(one).toBe(two);
    expect(one).not.toBe(process.pid);
    expect(await makeParallel({ backend: 'sequential' }).run([delayed(calls.pid)()])).toEqual([process.pid]);
  });

  it('loses a run with a worker that dies, and goes on', async () => {
    const parallel = makeParallel();
    await expect(parallel.run([delayed(calls.exit)(3)])).rejects.toThrow(WorkerDiedError);
    expect(await parallel.run([delayed(root)(9)])).toEqual([3]);
  });

  it('terminates its workers when a call takes too long, and has others then', async () => {
    const parallel = makeParallel({ timeout: 1500 });
    await expect(parallel.run([delayed(sleepFor)(60_000)])).rejects.toThrow(TimeoutError);
    expect(await parallel.run([delayed(root)(9)])).toEqual([3]);
  });

  it('tells on stderr how far it is', async () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await makeParallel({ verbose: 10, batchSize: 5, backend: 'sequential' }).run(
        range(10).map((x) => delayed(root)(x)),
      );
      const lines = write.mock.calls.map(([line]) => String(line).replace(/\d+\.\d s/, '_ s'));
      expect(lines).toEqual([
        '[Parallel(nJobs=2)] done 5, _ s\n',
        '[Parallel(nJobs=2)] done 10, _ s\n',
        '[Parallel(nJobs=2)] done 10, _ s, finished\n',
      ]);
    } finally {
      write.mockRestore();
    }
  });

  it('runs on a backend of one’s own', async () => {
    const batches: number[] = [];
    registerBackend('here', () => ({
      submit(delayedCalls) {
        batches.push(delayedCalls.length);
        const values = delayedCalls.map(({ fn, args }) => fn(...(args as never[])));
        return { result: Promise.resolve({ values, took: 1 }), cancel: () => {} };
      },
      close: async () => {},
      terminate: () => {},
    }));
    const parallel = makeParallel({ backend: 'here', nJobs: 1 });
    expect(await parallel.run(range(30).map((x) => delayed(root)(x * x)))).toEqual(range(30));
    expect(batches.reduce((sum, size) => sum + size, 0)).toBe(30);
    // Short batches grow.
    expect(Math.max(...batches)).toBeGreaterThan(1);
    expect(() => registerBackend('here', () => ({}) as never)).toThrow(/there is a backend 'here' already/);
  });

  it('refuses wrong options before anything happens', () => {
    expect(() => new Parallel({ nJobs: 0 })).toThrow(RangeError);
    expect(() => new Parallel({ batchSize: 0 })).toThrow(/batchSize must be a whole number of at least 1/);
    expect(() => new Parallel({ returnAs: 'array' as never })).toThrow(/returnAs must be one of/);
    expect(() => new Parallel({ backend: 'loky' })).toThrow(/no backend 'loky', but processes, threads, sequential/);
    expect(() => new Parallel({ n_jobs: 2 } as never)).toThrow(/no option "n_jobs"/);
    expect(() => new Parallel({ timeout: -1 })).toThrow(RangeError);
    expect(() => delayed(5 as never)).toThrow(/expected a function, not number/);
  });
});
