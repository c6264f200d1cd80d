import { setTimeout as sleep } from 'node:timers/promises';

import { ClosedError, RawArray } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as tasks from '../fixtures/pool/tasks.js';
import { runProgram } from '../helpers/output.ts';
import { pools } from '../helpers/watched-pool.ts';

const makePool = pools();
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

async function all<T>(iterator: AsyncIterable<T>): Promise<T[]> {
  const results: T[] = [];
  for await (const result of iterator) results.push(result);
  return results;
}

describe('Pool.imap()', () => {
  it('gives results in the order of the input; imapUnordered() gives all of them', async () => {
    const pool = makePool();
    const squares = upTo(500).map((x) => x * x);
    for (const chunkSize of [1, 7, 1000]) {
      expect(await all(pool.imap(tasks.square, upTo(500), { chunkSize }))).toEqual(squares);
      const unordered = await all(pool.imapUnordered(tasks.square, upTo(500), { chunkSize }));
      expect(unordered.toSorted((a, b) => a - b)).toEqual(squares);
    }
    expect([...pool.imapSync(tasks.square, upTo(500))]).toEqual(squares);
    expect([...pool.imapUnorderedSync(tasks.square, upTo(500), { chunkSize: 9 })].length).toBe(500);
    expect(await all(pool.imap(tasks.square, []))).toEqual([]);
  });

  it('takes from an endless input no more than its buffer, before results are asked for', async () => {
    const pool = makePool(2);
    let taken = 0;
    let isClosed = false;
    function* endless(): Generator<number> {
      try {
        for (;;) yield taken++;
      } finally {
        isClosed = true;
      }
    }
    const results = pool.imap(tasks.square, endless(), { bufferSize: 10 });
    await sleep(100);
    expect(taken).toBe(10);
    for (let i = 0; i < 25; i++) expect(await results.next()).toEqual({ done: false, value: i * i });
    await sleep(20);
    expect(taken).toBe(35);
    await results.return?.();
    expect(isClosed).toBe(true);
    expect(await results.next()).toEqual({ done: true, value: undefined });
    expect(await pool.apply(tasks.square, [3])).toBe(9);
  });

  it('takes an asynchronous input, and ends it when the loop is left', async () => {
    const pool = makePool(2);
    let isClosed = false;
    async function* slowly(): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) {
          await sleep(1);
          yield i;
        }
      } finally {
        isClosed = true;
      }
    }
    const got: number[] = [];
    for await (const value of pool.imap(tasks.square, slowly(), { chunkSize: 2 })) {
      got.push(value);
      if (got.length === 20) break;
    }
    expect(got).toEqual(upTo(20).map((x) => x * x));
    await sleep(20);
    expect(isClosed).toBe(true);
  });

  it('goes on behind an item that has failed', async () => {
    const pool = makePool(2);
    for (const chunkSize of [1, 4]) {
      const results = pool.imap(tasks.failOdd, upTo(10), { chunkSize });
      const seen: unknown[] = [];
      for (;;) {
        try {
          const next = await results.next();
          if (next.done === true) break;
          seen.push(next.value);
        } catch (error) {
          expect(error).toBeInstanceOf(tasks.PriceError);
          seen.push((error as Error).message);
        }
      }
      expect(seen).toEqual([0, 'odd: 1', 2, 'odd: 3', 4, 'odd: 5', 6, 'odd: 7', 8, 'odd: 9']);
    }
    const blocking = pool.imapSync(tasks.failOdd, [0, 1, 2]);
    expect(blocking.next().value).toBe(0);
    expect(() => blocking.next()).toThrow('odd: 1');
    expect([...blocking]).toEqual([2]);
  });

  it('gives what came before an error of the input itself', async () => {
    const pool = makePool(2);
    function* breaking(): Generator<number> {
      yield 1;
      yield 2;
      throw new Error('no more input');
    }
    const results = pool.imap(tasks.square, breaking());
    expect([(await results.next()).value, (await results.next()).value]).toEqual([1, 4]);
    await expect(results.next()).rejects.toThrow('no more input');
    expect((await results.next()).done).toBe(true);
  });

  it('keeps its chunks whole, however many items are taken at a time', async () => {
    const pool = makePool(2);
    for (const bufferSize of [undefined, 20, 25, 50]) {
      const before = pool.stats.completed;
      expect(await all(pool.imap(tasks.square, upTo(400), { chunkSize: 20, bufferSize }))).toHaveLength(400);
      expect(pool.stats.completed - before).toBe(20);
    }
  });

  it('gives all items, whatever the sizes of chunks and buffer', async () => {
    const pool = makePool(2);
    for (const [chunkSize, bufferSize] of [
      [7, 10],
      [10, 7],
      [7, 1],
      [3, 4],
      [500, 100],
    ] as const) {
      for (const form of ['imap', 'imapUnordered'] as const) {
        const results = await all(pool[form](tasks.square, upTo(50), { chunkSize, bufferSize }));
        expect(results.toSorted((a, b) => a - b)).toEqual(upTo(50).map((x) => x * x));
      }
    }
  });

  it('answers many next() in their order', async () => {
    const pool = makePool(2);
    const results = pool.imap(tasks.square, upTo(5));
    const asked = await Promise.all(upTo(7).map(() => results.next()));
    expect(asked.map(({ value }) => value)).toEqual([0, 1, 4, 9, 16, undefined, undefined]);
  });

  it('keeps all workers at work, though one item is slow', async () => {
    const pool = makePool(2);
    const done = RawArray('i', 1);
    // The first item ends when all others have.
    const items = upTo(30).map((i) => ({ i, done, others: 29 }));
    const got = await all(pool.imapUnordered(tasks.lastAtZero, items));
    expect(got.toSorted((a, b) => a - b)).toEqual(upTo(30));
    expect(got.at(-1)).toBe(0);
  });

  it('tells a blocked thread of an error whose class it has not loaded', async () => {
    const { stdout, stderr, code } = await runProgram('test/fixtures/programs/blocked-imap.mjs');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout.trim().split('\n')).toEqual(['0', 'RemoteError: RangeError: odd: 1', '2']);
  });

  it('ends all that is under way when its pool is terminated, though an input fails at its end', async () => {
    const pool = makePool(1);
    const uncaught: string[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', ({ message }) => uncaught.push(message));
    function* failingAtItsEnd(): Generator<number> {
      try {
        for (;;) yield 1;
      } finally {
        // oxlint-disable-next-line no-unsafe-finally -- that is what it is about.
        throw new Error('cannot be closed');
      }
    }
    const items = pool.imap(tasks.square, failingAtItsEnd());
    const other = pool.apply(tasks.sleepFor, [60_000]);
    pool.terminate();
    await expect(other).rejects.toThrow(ClosedError);
    await expect(items.next()).rejects.toThrow(ClosedError);
    await pool.join();
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
    expect(uncaught).toEqual(['cannot be closed']);
  });
});
