import { type AsyncResult, ClosedError, StateError, TimeoutError } from 'forkless';
import { expect, it } from 'vitest';

import * as work from '../fixtures/pool/conformance.js';
import { collectUntil } from '../helpers/garbage.ts';
import { errorOf } from '../helpers/pipes.ts';
import { poolConformance } from '../helpers/pools.ts';

const { square, multiply } = work;
const SOON = { timeout: 20_000 };
const TEN = range(10);
const HUNDRED = range(100);
const PAIRS = HUNDRED.map((i) => [i, 99 - i] as const);

poolConformance('A Pool', ({ Pool, shared, make, call, iterate }) => {
  it('calls a function with arguments, also with named ones (_TestPool.test_apply)', async () => {
    expect(await call(shared(), 'apply', square, [5])).toBe(25);
    expect(await call(shared(), 'apply', work.squareOf, [], { x: 3 })).toBe(9);
  });

  it('calls a function for each item, with results in their order (_TestPool.test_map)', async () => {
    expect(await call(shared(), 'map', square, TEN)).toEqual(squares(TEN));
    expect(await call(shared(), 'map', square, HUNDRED, { chunkSize: 20 })).toEqual(squares(HUNDRED));
  });

  it('calls a function with the arguments that each item has (_TestPool.test_starmap)', async () => {
    const pairs = TEN.map((i) => [i, 9 - i]);
    expect(await call(shared(), 'starmap', multiply, pairs)).toEqual(TEN.map((i) => i * (9 - i)));
    expect(await call(shared(), 'starmap', multiply, PAIRS, { chunkSize: 20 })).toEqual(
      HUNDRED.map((i) => i * (99 - i)),
    );
  });

  it('does so later, too (_TestPool.test_starmap_async)', async () => {
    const result = shared().starmapAsync(multiply, PAIRS);
    expect(await call(result, 'get')).toEqual(HUNDRED.map((i) => i * (99 - i)));
  });

  it('calls a function for each item later (_TestPool.test_map_async)', async () => {
    expect(await call(shared().mapAsync(square, TEN), 'get')).toEqual(squares(TEN));
  });

  it('calls back with the results, or with the error (_TestPool.test_map_async_callbacks)', async () => {
    const called: unknown[] = [];
    const keep = (name: string) => (value: unknown) => void called.push([name, value]);
    const callbacks = { callback: keep('callback'), errorCallback: keep('errorCallback') };
    expect(await call(shared().mapAsync(work.parseWhole, ['1'], callbacks), 'wait')).toBe(true);
    expect(called).toEqual([['callback', [1]]]);
    expect(await call(shared().mapAsync(work.parseWhole, ['a'], callbacks), 'wait')).toBe(true);
    expect(called.slice(1)).toEqual([['errorCallback', expect.any(SyntaxError)]]);
  });

  it('has the result of no items at once, whatever the chunks (_TestPool.test_map_chunksize)', async () => {
    expect(await call(shared().mapAsync(square, [], { chunkSize: 1 }), 'get', SOON)).toEqual([]);
    expect(await errorOf(() => call(shared(), 'map', square, [], { chunkSize: 0 }))).toBeInstanceOf(RangeError);
  });

  it('gives no results for no items (_TestPool.test_empty_iterable)', async () => {
    const pool = make(1);
    expect(await call(pool, 'map', square, [])).toEqual([]);
    expect(await all(iterate(pool, 'imap', square, []))).toEqual([]);
    expect(await all(iterate(pool, 'imapUnordered', square, []))).toEqual([]);
    expect(await call(pool.mapAsync(square, []), 'get')).toEqual([]);
    pool.close();
    await call(pool, 'join');
  });

  it('gives a result to wait for (_TestPool.test_async)', async () => {
    const begin = performance.now();
    const result = shared().applyAsync(square, [7, 100]);
    expect(result.ready()).toBe(false);
    expect(await call(result, 'get')).toBe(49);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
    expect([result.ready(), result.successful()]).toEqual([true, true]);
  });

  it('does not wait for a result longer than it was told (_TestPool.test_async_timeout)', async () => {
    const pool = make(3);
    const result = pool.applyAsync(square, [6, 600_000]);
    const begin = performance.now();
    expect(await errorOf(() => call(result, 'get', { timeout: 200 }))).toBeInstanceOf(TimeoutError);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(199);
    expect(await call(result, 'wait', { timeout: 1 })).toBe(false);
    expect(result.ready()).toBe(false);
    expect(() => result.successful()).toThrow(StateError);
    pool.terminate();
    await call(pool, 'join');
  });

  it('gives results one by one, in the order of the items (_TestPool.test_imap)', async () => {
    expect(await all(iterate(shared(), 'imap', square, TEN))).toEqual(squares(TEN));

    const one = iterate(shared(), 'imap', square, TEN);
    for (const i of TEN) expect(await one.next()).toEqual({ done: false, value: i * i });
    expect(await one.next()).toEqual({ done: true, value: undefined });

    const chunks = iterate(shared(), 'imap', square, range(1000), { chunkSize: 100 });
    for (const i of range(1000)) expect((await chunks.next()).value).toBe(i * i);
    expect((await chunks.next()).done).toBe(true);
  });

  it('gives results one by one, in any order (_TestPool.test_imap_unordered)', async () => {
    const few = await all(iterate(shared(), 'imapUnordered', square, TEN));
    expect(few.toSorted(ascending)).toEqual(squares(TEN));
    const many = await all(iterate(shared(), 'imapUnordered', square, range(1000), { chunkSize: 100 }));
    expect(many.toSorted(ascending)).toEqual(squares(range(1000)));
  });

  it('has as many workers as it is told, at least one (_TestPool.test_make_pool)', async () => {
    // Python: ValueError.
    for (const processes of [-1, 0, 1.5]) expect(() => new Pool(processes)).toThrow(RangeError);
    const pool = make(3);
    expect(new Set(pool.stats.workers.map(({ name }) => name)).size).toBe(3);
    pool.close();
    await call(pool, 'join');
  });

  it('keeps neither arguments nor results alive (_TestPool.test_release_task_refs)', async () => {
    const references = await (async () => {
      const objects = TEN.map((number) => ({ number }));
      const results = await call<object[]>(shared(), 'map', work.identity, objects);
      expect(results).toEqual(objects);
      return [...objects, ...results].map((object) => new WeakRef(object));
    })();
    const alive = (): WeakRef<object>[] => references.filter((reference) => reference.deref() !== undefined);
    await collectUntil(() => alive().length === 0);
    expect(alive()).toEqual([]);
  });

  it('can be terminated with thousands of tasks before it (_TestPool.test_terminate)', async () => {
    const pool = make(3);
    const times = Array.from({ length: 10_000 }, () => 600_000);
    const result: AsyncResult<void[]> = pool.mapAsync(work.sleepFor, times, { chunkSize: 1 });
    pool.terminate();
    await call(pool, 'join');
    // Python: there is never a result.
    expect(result.ready()).toBe(true);
    expect(await errorOf(() => call(result, 'get'))).toBeInstanceOf(ClosedError);
  });

  it('is terminated at the end of its scope (_TestPool.test_context)', async () => {
    const ended = await (async () => {
      await using pool = make(2);
      expect(await call(pool.mapAsync(square, TEN), 'get')).toEqual(squares(TEN));
      return pool;
    })();
    await call(ended, 'join');
    // Python: ValueError.
    expect(await errorOf(() => ended.mapAsync(square, TEN))).toBeInstanceOf(StateError);
  });

  it('can be ended again, but not used again (_TestPool.test_enter)', async () => {
    const pool = make(1);
    await pool[Symbol.asyncDispose]();
    // Python: ValueError.
    await pool[Symbol.asyncDispose]();
    expect(await errorOf(() => call(pool, 'apply', square, [5]))).toBeInstanceOf(StateError);
    await call(pool, 'join');
  });
});

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function squares(numbers: readonly number[]): number[] {
  return numbers.map((x) => x * x);
}

async function all(values: AsyncIterable<number>): Promise<number[]> {
  const list: number[] = [];
  for await (const value of values) list.push(value);
  return list;
}

function ascending(a: number, b: number): number {
  return a - b;
}
