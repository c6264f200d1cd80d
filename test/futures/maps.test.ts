import { inspect } from 'node:util';

import { StateError, TimeoutError } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { executors } from '../helpers/executors.ts';
import { until } from '../helpers/leaks.ts';

const makeExecutor = executors();

/** Numbers without end; it counts what is taken of them, and knows when it is told to end. */
function counting(): { taken: number; isClosed: boolean; numbers: () => Generator<number> } {
  const count = {
    taken: 0,
    isClosed: false,
    *numbers(): Generator<number> {
      try {
        for (;;) yield count.taken++;
      } finally {
        count.isClosed = true;
      }
    },
  };
  return count;
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    yield item;
  }
}

async function valuesOf<R>(results: AsyncIterable<R>): Promise<R[]> {
  const values: R[] = [];
  for await (const value of results) values.push(value);
  return values;
}

describe('A map of an executor', () => {
  it('takes its options behind any number of inputs', async () => {
    const executor = makeExecutor();
    expect(await valuesOf(executor.map((x: number) => x + 1, [1, 2], {}))).toEqual([2, 3]);
    expect(await valuesOf(executor.map(calls.capture, 'ab', new Set([1, 2, 3]), [4, 5], { chunkSize: 2 }))).toEqual([
      ['a', 1, 4],
      ['b', 2, 5],
    ]);
    expect(await valuesOf(executor.map(calls.same, [[1, 2], [3]]))).toEqual([[1, 2], [3]]);
    expect(await valuesOf(executor.map(calls.same, []))).toEqual([]);
  });

  it('refuses wrong arguments before anything happens', () => {
    const executor = makeExecutor();
    expect(() => executor.map(calls.same)).toThrow(/expected something to iterate over/);
    expect(() => executor.map(calls.same, 5 as never)).toThrow(/each input must be iterable/);
    expect(() => executor.map(calls.same, [1], { chunksize: 1 } as never)).toThrow(/no option "chunksize"/);
    expect(() => executor.map(calls.same, { a: 1 } as never)).toThrow(/no option "a"/);
    expect(() => executor.map(calls.same, [1], { bufferSize: 0 })).toThrow(RangeError);
    expect(() => executor.map('same' as never, [1])).toThrow(/expected a function/);
    expect(() => executor.mapSync(calls.same, later([1]) as never)).toThrow('an input is asynchronous: use map()');
    expect(executor.stats.workers).toEqual([]);
    expect(inspect(executor)).toBe('ProcessPoolExecutor { open, workers: 0, queued: 0, running: 0 }');
  });

  it('reads no more of its input than its buffer has room for', async () => {
    const executor = makeExecutor();
    const input = counting();
    const results = executor.map(calls.same, input.numbers(), { bufferSize: 6, chunkSize: 2 });
    expect(input.taken).toBe(6);
    for (let i = 0; i < 20; i++) expect(await results.next()).toEqual({ done: false, value: i });
    expect(input.taken).toBe(26);
    await results.return?.();
    expect(input.isClosed).toBe(true);
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('takes asynchronous inputs, beside others', async () => {
    const executor = makeExecutor();
    const input = counting();
    const sums = executor.map(calls.multiply, later([1, 2, 3]), input.numbers());
    expect(await valuesOf(sums)).toEqual([0, 2, 6]);
    expect(input.isClosed).toBe(true);
    const endless = executor.map(calls.same, later(counting().numbers()));
    for (let i = 0; i < 50; i++) expect((await endless.next()).value).toBe(i);
    await endless.return?.();
  });

  it('gives the error of its input behind the results of what came before', async () => {
    const executor = makeExecutor();
    function* failing(): Generator<number> {
      yield 1;
      throw new Error('no more');
    }
    for (const input of [failing(), later(failing())]) {
      const results = executor.map(calls.same, input, { chunkSize: 5 });
      expect((await results.next()).value).toBe(1);
      await expect(results.next()).rejects.toThrow('no more');
      expect((await results.next()).done).toBe(true);
    }
  });

  it('cancels what has not begun when it is left, or has failed', async () => {
    const executor = makeExecutor(1);
    for await (const _ of executor.map(calls.sleepFor, [1, 60, 60_000, 60_000])) break;
    const results = executor.map(calls.divide, [1, 60, 60, 60], [0, 1, 1, 1]);
    await expect(results.next()).rejects.toThrow('division by zero');
    await until(() => executor.stats.running + executor.stats.queued === 0, 'all was done or cancelled');
    expect(await executor.submit(calls.same, 3)).toBe(3);
  });

  it('ends with the shutdown where its input was not read', async () => {
    const executor = makeExecutor();
    const results = executor.map(calls.same, [1, 2, 3, 4, 5], { bufferSize: 2 });
    await executor.shutdown();
    expect((await results.next()).value).toBe(1);
    expect((await results.next()).value).toBe(2);
    await expect(results.next()).rejects.toThrow(StateError);
    expect((await results.next()).done).toBe(true);
  });

  it('can be taken by blocking, in time', () => {
    const executor = makeExecutor();
    const results = executor.mapSync(calls.sleepFor, [0, 60_000], { timeout: 2000 });
    expect(results.next()).toEqual({ done: false, value: undefined });
    expect(() => results.next()).toThrow(TimeoutError);
    for (const value of executor.mapSync(calls.same, counting().numbers(), { bufferSize: 3 })) if (value > 9) break;
  });

  it('answers requests that were made at once in their order', async () => {
    const results = makeExecutor().map(calls.same, [1, 2, 3]);
    const all = await Promise.all([results.next(), results.next(), results.next(), results.next()]);
    expect(all.map(({ value }) => value)).toEqual([1, 2, 3, undefined]);
  });
});
