import { RawArray, RemoteError, Semaphore, WorkerDiedError } from 'forkless';
import { BrokenPoolError, TimeoutError } from 'forkless/futures';
import { describe, expect, it, vi } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { EXECUTOR_KINDS, executors } from '../helpers/executors.ts';
import { collect, isCollected } from '../helpers/garbage.ts';
import { familyHolds } from '../helpers/shared-memory.ts';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const powers = range(10).map((n) => n ** n);

async function valuesOf<R>(results: AsyncIterable<R>): Promise<R[]> {
  const values: R[] = [];
  for await (const value of results) values.push(value);
  return values;
}

describe.each(EXECUTOR_KINDS)('An executor: $title', ({ title, Executor, isThread }) => {
  const makeExecutor = executors(Executor);

  it('calls a function in a worker (ExecutorTest.test_submit)', async () => {
    expect(await makeExecutor().submit(calls.power, 2, 8).result()).toBe(256);
  });

  // Named arguments are an object.
  it('gives the function whatever arguments it gets (ExecutorTest.test_submit_keyword)', async () => {
    const executor = makeExecutor();
    expect(await executor.submit(calls.multiply, 2, 8)).toBe(16);
    expect(await executor.submit(calls.capture, 1, { self: 2, fn: 3 })).toEqual([1, { self: 2, fn: 3 }]);
    expect(() => executor.submit({ fn: calls.capture, arg: 1 } as never)).toThrow(TypeError);
    expect(() => executor.submit(undefined as never)).toThrow('submit(): expected a function to call, not undefined');
  });

  it('maps a function over several inputs, in chunks too (ExecutorTest.test_map)', async () => {
    const executor = makeExecutor();
    expect(await valuesOf(executor.map(calls.power, range(10), range(10)))).toEqual(powers);
    expect(await valuesOf(executor.map(calls.power, range(10), range(10), { chunkSize: 3 }))).toEqual(powers);
    expect([...executor.mapSync(calls.power, range(10), range(10), { chunkSize: 3 })]).toEqual(powers);
  });

  it('gives the error of a map in its place (ExecutorTest.test_map_exception)', async () => {
    const results = makeExecutor().map(calls.divide, [1, 1, 1, 1], [2, 3, 0, 5]);
    expect(await results.next()).toEqual({ done: false, value: 0 });
    expect(await results.next()).toEqual({ done: false, value: 0 });
    await expect(results.next()).rejects.toThrow('division by zero');
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('gives the results that are there before the time (ms) of a map is over (ExecutorTest.test_map_timeout)', async () => {
    const executor = makeExecutor(3);
    await executor.submit(calls.pid);
    const values: unknown[] = [];
    const iterate = async (): Promise<void> => {
      for await (const value of executor.map(calls.sleepFor, [0, 0, 60_000], { timeout: 1500 })) values.push(value);
    };
    await expect(iterate()).rejects.toThrow(TimeoutError);
    expect(values).toEqual([undefined, undefined]);
  });

  it('does a map whose results nobody wants (ExecutorTest.test_shutdown_race_issue12456)', async () => {
    const executor = makeExecutor(5);
    const begun = RawArray('i', 1);
    executor.map(
      calls.countBegun,
      Array.from({ length: 6 }, () => begun),
    );
    await executor.shutdown();
    expect(begun[0]).toBe(6);
  });

  it('keeps nothing of a call that has ended (ExecutorTest.test_no_stale_references)', async () => {
    const executor = makeExecutor(1);
    const submitOne = (): WeakRef<object> => {
      const object = { a: 1 };
      executor.submit(calls.same, object);
      return new WeakRef(object);
    };
    const reference = submitOne();
    await executor.submit(calls.pid);
    expect(await isCollected(reference)).toBe(true);
  });

  it('has at least one worker (ExecutorTest.test_max_workers_negative)', () => {
    for (const maxWorkers of [0, -1]) {
      expect(() => new Executor({ maxWorkers })).toThrow(
        `new ${title}(): maxWorkers must be a whole number of at least 1, not ${maxWorkers}`,
      );
      expect(() => new Executor(maxWorkers)).toThrow(RangeError);
    }
  });

  it('keeps no result that a map has given (ExecutorTest.test_free_reference)', async () => {
    const results = makeExecutor().map(calls.makeObject, range(10), { chunkSize: 5 });
    const next = async (): Promise<WeakRef<object>> => new WeakRef((await results.next()).value as object);
    for (let i = 0; i < 10; i++) expect(await isCollected(await next())).toBe(true);
    expect((await results.next()).done).toBe(true);
  });

  // In Python, all futures fail and the executor is broken.
  // A thread is not killed from outside.
  it.skipIf(isThread)(
    'loses only the call of a worker that is killed (ProcessPoolExecutorTest.test_killed_child)',
    async () => {
      const executor = makeExecutor();
      const future = executor.submit(calls.sleepFor, 60_000);
      await vi.waitFor(() => expect(future.running()).toBe(true), 20_000);
      process.kill(executor.stats.workers[0]?.pid as number);
      await expect(future.result()).rejects.toThrow(WorkerDiedError);
      expect(await executor.submit(calls.power, 2, 8)).toBe(256);
    },
  );

  it('takes any size of chunks (ProcessPoolExecutorTest.test_map_chunksize)', async () => {
    const executor = makeExecutor();
    const expected = range(40).map((n) => n ** n);
    for (const chunkSize of [6, 50, 40]) {
      expect(await valuesOf(executor.map(calls.power, range(40), range(40), { chunkSize }))).toEqual(expected);
    }
    expect(() => executor.map(calls.power, range(40), range(40), { chunkSize: -1 })).toThrow(RangeError);
  });

  it('has the stack of the worker in an error (ProcessPoolExecutorTest.test_traceback)', async () => {
    const error = (await makeExecutor().submit(calls.raise).exception()) as Error;
    expect(error.constructor).toBe(RangeError);
    expect(error.message).toBe('123');
    expect(error.cause).toBeInstanceOf(RemoteError);
    expect((error.cause as RemoteError).remoteStack).toMatch(/at raise .*futures\/calls\.js:\d+/);
  });

  // Shared objects stand for what is to be collected: their memory is freed when nobody holds it.
  it('has the arguments of a call collected in its worker (ProcessPoolExecutorTest.test_ressources_gced_in_workers)', async () => {
    const executor = makeExecutor({ maxWorkers: 1, initializer: calls.collectsOften });
    // The function has a block of its own, which stays.
    await executor.submit(calls.passed, 1);
    const before = familyHolds();
    await executor.submit(calls.passed, RawArray('d', 1000));
    await vi.waitFor(() => {
      collect();
      expect(familyHolds()).toBeLessThanOrEqual(before);
    }, 20_000);
  });

  it('has no more workers than it may, whatever there is to do (ProcessPoolExecutorTest.test_saturation)', async () => {
    const executor = makeExecutor(3);
    const semaphore = new Semaphore(0);
    const futures = range(45).map(() => executor.submit(calls.acquire, semaphore));
    expect(executor.stats.workers.length).toBe(3);
    for (const _ of futures) await semaphore.release();
    await Promise.all(futures);
    expect(executor.stats.workers.length).toBe(3);
  });

  it('starts no worker while another one is idle (ProcessPoolExecutorTest.test_idle_process_reuse_one)', async () => {
    const executor = makeExecutor(4);
    expect(executor.stats.workers.length).toBe(0);
    for (const [a, b] of [
      [21, 2],
      [6, 7],
      [3, 14],
    ] as const) {
      expect(await executor.submit(calls.multiply, a, b)).toBe(42);
    }
    expect(executor.stats.workers.length).toBe(1);
  });

  it('starts no more workers than calls need (ProcessPoolExecutorTest.test_idle_process_reuse_multiple)', async () => {
    const executor = makeExecutor(5);
    await executor.submit(calls.multiply, 12, 7);
    for (const [a, b] of [
      [33, 18],
      [25, 1],
    ] as const) {
      executor.submit(calls.multiply, a, 25);
      await executor.submit(calls.multiply, b, 26);
    }
    executor.submit(calls.multiply, 0, 9);
    expect(executor.stats.workers.length).toBeLessThanOrEqual(3);
    await executor.shutdown();
  });

  it.skipIf(isThread)(
    'replaces a worker after so many calls (ProcessPoolExecutorTest.test_max_tasks_per_child)',
    async () => {
      const executor = makeExecutor({ maxWorkers: 1, maxTasksPerChild: 3 });
      const pids: number[] = [];
      for (let i = 0; i < 4; i++) {
        pids.push(await executor.submit(calls.pid));
        expect(executor.stats.workers.length).toBe(1);
      }
      expect(new Set(pids.slice(0, 3)).size).toBe(1);
      expect(pids[3]).not.toBe(pids[0]);
      await executor.shutdown();
    },
  );

  it('does all calls before it ends, with a worker for each (ProcessPoolExecutorTest.test_max_tasks_early_shutdown)', async () => {
    const executor = makeExecutor({ maxWorkers: 3, maxTasksPerChild: 1 });
    const futures = range(6).map((i) => executor.submit(calls.multiply, i, i));
    await executor.shutdown();
    expect(futures.map((future) => future.resultSync())).toEqual([0, 1, 4, 9, 16, 25]);
  });
});

describe.each(EXECUTOR_KINDS)('The initializer of an executor: $title', ({ Executor }) => {
  const makeExecutor = executors(Executor);

  it('is called in each worker before its calls (InitializerMixin.test_initializer)', async () => {
    const executor = makeExecutor({ maxWorkers: 2, initializer: calls.initialize, initArgs: ['initialized'] });
    const futures = range(2).map(() => executor.submit(calls.initStatus));
    expect(await Promise.all(futures)).toEqual(['initialized', 'initialized']);
  });

  it('breaks it by failing, and nothing is left behind (FailingInitializerMixin.test_initializer; FailingInitializerResourcesTest.test_spawn)', async () => {
    const before = familyHolds();
    const executor = new Executor({ maxWorkers: 2, initializer: calls.failToInitialize });
    const future = executor.submit(calls.initStatus);
    await expect(future.result()).rejects.toThrow(BrokenPoolError);
    await expect(future.result()).rejects.toThrow(
      'The initializer of the pool has failed: RangeError: error in initializer',
    );
    expect(() => executor.submit(calls.initStatus)).toThrow(BrokenPoolError);
    await executor.shutdown();
    expect(executor.stats.workers).toEqual([]);
    await vi.waitFor(() => {
      collect();
      expect(familyHolds()).toBeLessThanOrEqual(before);
    }, 20_000);
  });
});
