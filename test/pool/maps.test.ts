import { RawArray } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as tasks from '../fixtures/pool/tasks.js';
import { pools } from '../helpers/watched-pool.ts';

const makePool = pools();
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('Pool.map()', () => {
  it('gives results in the order of the items, for any sizes of chunks', async () => {
    const pool = makePool();
    for (const n of [0, 1, 2, 7, 8, 9, 1000]) {
      const squares = upTo(n).map((x) => x * x);
      expect(await pool.map(tasks.square, upTo(n))).toEqual(squares);
      expect(pool.mapSync(tasks.square, upTo(n))).toEqual(squares);
      for (const chunkSize of [1, 3, 1000]) {
        expect(await pool.map(tasks.square, upTo(n), { chunkSize })).toEqual(squares);
      }
    }
    expect(await pool.map(tasks.squareLater, new Set(upTo(50)))).toEqual(upTo(50).map((x) => x * x));
  });

  it('takes the items as they are at the call, and leaves the array to its owner', async () => {
    const pool = makePool(2);
    for (const [n, chunkSize] of [
      [3, undefined],
      [20_000, undefined],
      [20_000, undefined],
      [500, 1],
      [500, 7],
      [0, undefined],
    ] as const) {
      for (const item of [(i: number) => i, (i: number) => (i % 2 === 0 ? i : BigInt(i))]) {
        const items: unknown[] = Array.from({ length: n }, (_, i) => item(i));
        const expected = [...items];
        const results = pool.map(tasks.same, items, { chunkSize });
        items.fill('changed');
        items.push('more');
        expect(await results).toEqual(expected);
        expect(await results).not.toBe(items);
        expect(new Set(items).size).toBe(n === 0 ? 1 : 2);
      }
    }
  });

  it('does 100 000 numbers, and keeps each as it was', async () => {
    const pool = makePool();
    expect(await pool.map(tasks.square, upTo(100_000))).toEqual(upTo(100_000).map((x) => x * x));
    const odd = [-0, Number.NaN, Infinity, 2 ** 53, 0.1, -1, 1e-320, 5, 6];
    expect(await pool.map(tasks.same, odd, { chunkSize: 9 })).toEqual(odd);
    const mixed = [1, 2, 3, 4, 5, 6, 7, 8, 'nine', 10n, undefined, null];
    expect(await pool.map(tasks.same, mixed, { chunkSize: 12 })).toEqual(mixed);
  });

  it('cuts chunks by what the last one took: slow items go one by one, fast ones by thousands', async () => {
    const pool = makePool(2);
    const counted = async (items: number[], task: (x: number) => unknown): Promise<number> => {
      const before = pool.stats.completed;
      await pool.map(task, items);
      return pool.stats.completed - before;
    };
    expect(await counted(upTo(20), tasks.sleepFor.bind(null, 8))).toBeGreaterThanOrEqual(16);
    await counted(upTo(20_000), tasks.square);
    expect(await counted(upTo(100_000), tasks.square)).toBeLessThan(1000);
  });

  it('rejects with the first error, and begins no more chunks', async () => {
    const pool = makePool(2);
    const begun = RawArray('i', 1);
    const items = upTo(2000).map((i) => [begun, 10, i] as const);
    await expect(pool.starmap(tasks.countAndFailAt, items, { chunkSize: 1 })).rejects.toThrow('no price for 10');
    await pool.apply(tasks.sleepFor, [50]);
    expect(begun[0]).toBeLessThan(1000);
  });

  it('tells how far it is', async () => {
    const pool = makePool(2);
    const seen: number[] = [];
    const onProgress = ({ done, total }: { done: number; total: number }): void => {
      expect(total).toBe(100);
      seen.push(done);
    };
    await pool.map(tasks.square, upTo(100), { chunkSize: 10, onProgress, progress: true });
    expect(seen).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });

  it('has a chunk count as one task for maxTasksPerChild (row 65)', async () => {
    const pool = makePool({ processes: 1, maxTasksPerChild: 2 });
    const pids = await pool.map(tasks.workerPid, Array(20).fill(0), { chunkSize: 5 });
    const [first, , second] = [0, 5, 10, 15].map((at) => pids[at]);
    expect(second).not.toBe(first);
    expect(pids).toEqual([...Array(10).fill(first), ...Array(10).fill(second)]);
  });

  it('is also for functions of several arguments', async () => {
    const pool = makePool();
    const pairs = upTo(100).map((i) => [i, 2 * i] as [number, number]);
    const sums = upTo(100).map((i) => 3 * i);
    expect(await pool.starmap(tasks.add, pairs)).toEqual(sums);
    expect(pool.starmapSync(tasks.add, pairs, { chunkSize: 7 })).toEqual(sums);
    expect(await pool.starmapAsync(tasks.add, pairs)).toEqual(sums);
    expect(await pool.starmap((...all: number[]) => all.length, [[], [1], [1, 2]] as number[][])).toEqual([0, 1, 2]);
  });

  it('leaves the event loop free, and other tasks their turn', async () => {
    const pool = makePool(2);
    const long = pool.mapAsync(tasks.spinFor, upTo(200).fill(5));
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 5);
    expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
    expect(long.ready()).toBe(false);
    await long;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
  });
});
