import { inspect } from 'node:util';

import { type Pool, RemoteError, SerializationError } from 'forkless';
import { expect, it } from 'vitest';

import * as work from '../fixtures/pool/conformance.js';
import { errorOf } from '../helpers/pipes.ts';
import { poolConformance } from '../helpers/pools.ts';
import { counters } from '../helpers/primitives.ts';

const { square } = work;
const ONE_BY_ONE = { chunkSize: 1 };

class SayWhenError extends Error {}

/** The numbers from 0 on, until it is said when. */
function* throwing(total: number, when: number): Generator<number, void> {
  if (when === -1) throw new SayWhenError('Somebody said when');
  for (let i = 0; i < total; i++) {
    if (i === when) throw new SayWhenError('Somebody said when');
    yield i;
  }
}

/** Says when as soon as it is asked, and says before that it has one item. */
class Throwing implements IterableIterator<number> {
  readonly length = 1;

  [Symbol.iterator](): this {
    return this;
  }

  next(): never {
    throw new SayWhenError('Somebody said when');
  }
}

poolConformance('The errors of a Pool', ({ isRemote, shared, make, call, iterate }) => {
  it.runIf(isRemote)('includes items that cannot travel (_TestPool.test_map_unplicklable)', async () => {
    const items = Array.from({ length: 10 }, () => ({ inside: new WeakRef({}) }));
    expect(await errorOf(() => call(shared(), 'map', square, items))).toBeInstanceOf(SerializationError);
    expect(await call(shared(), 'map', square, [2])).toEqual([4]);
  });

  it('includes what the items throw, for a map (_TestPool.test_map_handle_iterable_exception)', async () => {
    const map = (items: Iterable<number>): Promise<unknown> => call(shared(), 'map', square, items, ONE_BY_ONE);
    for (const items of [throwing(1, -1), throwing(1, -1), throwing(10, 3), new Throwing(), new Throwing()]) {
      expect(await errorOf(() => map(items))).toBeInstanceOf(SayWhenError);
    }
    expect(await map(throwing(3, 3))).toEqual([0, 1, 4]);
  });

  it('includes what the items throw, behind the results before (_TestPool.test_imap_handle_iterable_exception)', async () => {
    const cases = [
      { total: 1, when: -1, chunkSize: 1, results: 0 },
      { total: 1, when: -1, chunkSize: 1, results: 0 },
      { total: 10, when: 3, chunkSize: 1, results: 3 },
      // Python loses the items of the chunk that could not be completed.
      { total: 20, when: 7, chunkSize: 2, results: 7 },
      { total: 20, when: 7, chunkSize: 4, results: 7 },
    ];
    for (const { total, when, chunkSize, results } of cases) {
      const iterator = iterate(shared(), 'imap', square, throwing(total, when), { chunkSize });
      for (let i = 0; i < results; i++) expect(await iterator.next()).toEqual({ done: false, value: i * i });
      expect(await errorOf(() => iterator.next())).toBeInstanceOf(SayWhenError);
      expect((await iterator.next()).done).toBe(true);
    }
  });

  it('includes what the items throw, in any order (_TestPool.test_imap_unordered_handle_iterable_exception)', async () => {
    for (const [total, when, chunkSize] of [
      [1, -1, 1],
      [1, -1, 1],
      [10, 3, 1],
      [20, 7, 2],
    ] as const) {
      const iterator = iterate(shared(), 'imapUnordered', square, throwing(total, when), { chunkSize });
      const possible = new Set(Array.from({ length: Math.max(0, when) }, (_, i) => i * i));
      const error = await errorOf(async () => {
        for await (const value of iterator) expect(possible.delete(value)).toBe(true);
      });
      expect(error).toBeInstanceOf(SayWhenError);
    }
  });

  it.runIf(isRemote)('tells where in the worker it was thrown (_TestPool.test_traceback)', async () => {
    const pool = make(1);
    const error = (await errorOf(() => call(pool, 'apply', work.throwRemotely))) as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe('123');
    expect(error.cause).toBeInstanceOf(RemoteError);
    expect((error.cause as RemoteError).remoteStack).toContain('throwRemotely');
    // What is printed when nobody catches it.
    expect(inspect(error)).toContain('throwRemotely');

    // What was thrown here is as it was.
    const own = (await errorOf(() => call(pool, 'map', square, throwing(1, -1), ONE_BY_ONE))) as Error;
    expect(own).toBeInstanceOf(SayWhenError);
    expect(own.cause).toBeUndefined();
  });

  it('is what the function has thrown, and of the same class (_TestPool.test_wrapped_exception)', async () => {
    const pool = make(1);
    const error = (await errorOf(() => call(pool, 'apply', work.throwRemotely))) as Error;
    expect(error.constructor).toBe(RangeError);
  });

  it('does not keep a pool from its end, large as it may be (_TestPool.test_map_no_failfast)', async () => {
    const pool = make(2);
    const tasks = [
      [counters, 0],
      [counters, 500],
    ];
    const error = await errorOf(() => call(pool, 'starmap', work.throwLargeError, tasks, ONE_BY_ONE));
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toHaveLength(1 << 20);
    pool.close();
    await call(pool, 'join');
    // Python: the map itself waits for both.
    expect(counters[1]).toBe(2);
  });

  it('is called back with (_TestPoolWorkerErrors.test_async_error_callback)', async () => {
    const pool = make(2);
    const called: unknown[] = [];
    const result = pool.applyAsync(work.throwRemotely, [], { errorCallback: (error) => void called.push(error) });
    const error = await errorOf(() => call(result, 'get'));
    expect(error).toBeInstanceOf(RangeError);
    expect(called).toEqual([error]);
    expect(called[0]).toBe(error);
    expect([result.ready(), result.successful()]).toEqual([true, false]);
    pool.close();
    await call(pool, 'join');
  });

  it.runIf(isRemote)(
    'includes results that cannot travel, and no worker is lost (_TestPoolWorkerErrors.test_unpickleable_result)',
    async () => {
      const pool = make(2);
      const pids = pidsOf(pool);
      for (let i = 0; i < 20; i++) {
        const called: unknown[] = [];
        const errorCallback = (error: unknown): void => void called.push(error);
        const result = pool.applyAsync(work.notSerializable, [], { errorCallback });
        const error = await errorOf(() => call(result, 'get'));
        expect(error).toBeInstanceOf(SerializationError);
        expect((error as Error).message).toMatch(/^the result\.inside /i);
        expect(called[0]).toBe(error);
      }
      expect(pidsOf(pool)).toEqual(pids);
      pool.close();
      await call(pool, 'join');
    },
  );
});

function pidsOf(pool: Pool): unknown[] {
  return pool.stats.workers.map(({ pid }) => pid);
}
