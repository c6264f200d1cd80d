import { cpuCount, Event, RawArray, Semaphore, Value } from 'forkless';
import { ThreadPoolExecutor } from 'forkless/futures';
import type { Executor } from 'forkless/futures';
import { describe, expect, it } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { executors } from '../helpers/executors.ts';
import { isCollected } from '../helpers/garbage.ts';

const namesOf = (executor: Executor): string[] => executor.stats.workers.map(({ name }) => name);
const finished = RawArray('i', 1);

describe('A ThreadPoolExecutor', () => {
  const makeExecutor = executors(ThreadPoolExecutor);

  it('begins a map before anybody asks for results (ThreadPoolExecutorTest.test_map_submits_without_iteration)', async () => {
    finished[0] = 0;
    const executor = makeExecutor(3);
    executor.map(
      (i: number, words: Int32Array) => void Atomics.add(words, 0, i),
      [1, 2, 3, 4],
      Array(4).fill(finished),
    );
    await executor.shutdown();
    expect(finished[0]).toBe(10);
  });

  // Python: more, as its threads do not run at the same time.
  it('has as many workers as there are processors, unless told (ThreadPoolExecutorTest.test_default_workers)', async () => {
    const executor = new ThreadPoolExecutor();
    using semaphore = new Semaphore(0);
    const futures = Array.from({ length: cpuCount() + 2 }, () => executor.submit(calls.acquire, semaphore));
    expect(executor.stats.workers).toHaveLength(cpuCount());
    for (const _ of futures) semaphore.release();
    await Promise.all(futures);
    await executor.shutdown();
  });

  it('starts a thread for each call, up to its limit (ThreadPoolExecutorTest.test_saturation)', async () => {
    const executor = makeExecutor(4);
    using semaphore = new Semaphore(0);
    const futures = Array.from({ length: 12 }, () => executor.submit(calls.acquire, semaphore));
    expect(executor.stats.workers).toHaveLength(4);
    for (const _ of futures) semaphore.release();
    await Promise.all(futures);
  });

  it('starts none while one is idle (ThreadPoolExecutorTest.test_idle_thread_reuse)', async () => {
    const executor = makeExecutor(4);
    for (const [a, b, product] of [
      [21, 2, 42],
      [6, 7, 42],
      [3, 14, 42],
    ] as const) {
      expect(await executor.submit(calls.multiply, a, b)).toBe(product);
    }
    expect(executor.stats.workers).toHaveLength(1);
  });

  it('has its threads end with it (ThreadPoolShutdownTest.test_threads_terminate)', async () => {
    const executor = makeExecutor(3);
    using semaphore = new Semaphore(0);
    const futures = [0, 1, 2].map(() => executor.submit(calls.acquire, semaphore));
    expect(executor.stats.workers).toHaveLength(3);
    for (const _ of futures) semaphore.release();
    await executor.shutdown();
    expect(executor.stats.workers).toEqual([]);
  });

  it('is shut down by leaving its scope (ThreadPoolShutdownTest.test_context_manager_shutdown)', async () => {
    let left: Executor;
    {
      await using executor = new ThreadPoolExecutor(2);
      left = executor;
      const results: number[] = [];
      for await (const value of executor.map(calls.power, [2, 3], [2, 2])) {
        results.push(value);
      }
      expect(results).toEqual([4, 9]);
    }
    expect(left.stats.workers).toEqual([]);
  });

  it('need not be waited for to do all calls (ThreadPoolShutdownTest.test_shutdown_no_wait)', async () => {
    const executor = makeExecutor(2);
    const results = executor.map(calls.power, [-5, 5], [2, 2]);
    await executor.shutdown({ wait: false });
    const values: number[] = [];
    for await (const value of results) values.push(value);
    expect(values).toEqual([25, 25]);
  });

  it('names its threads as it is told (ThreadPoolShutdownTest.test_thread_names_assigned)', async () => {
    const executor = makeExecutor({ maxWorkers: 2, name: 'SpecialPool' });
    await executor.submit(calls.power, 2, 2);
    expect(namesOf(executor)).toEqual([expect.stringMatching(/^SpecialPool-\d+$/)]);
  });

  it('names them after itself otherwise (ThreadPoolShutdownTest.test_thread_names_default)', async () => {
    const executor = makeExecutor(2);
    await executor.submit(calls.power, 2, 2);
    expect(namesOf(executor)).toEqual([expect.stringMatching(/^ThreadPoolExecutor-\d+$/)]);
  });

  it('cancels what has not begun, and does the rest, though nobody waits (ThreadPoolShutdownTest.test_cancel_futures_wait_false)', async () => {
    const executor = makeExecutor(1);
    using begun = new Event();
    using counter = Value('i', 0);
    const first = executor.submit(
      async (event, value) => {
        event.set();
        await new Promise((resolve) => setTimeout(resolve, 50));
        value.add(1);
      },
      begun,
      counter,
    );
    const second = executor.submit((value) => value.add(10), counter);
    await begun.wait({ timeout: 20_000 });
    await executor.shutdown({ wait: false, cancelFutures: true });
    await first;
    expect([counter.value, second.cancelled()]).toEqual([1, true]);
  });

  it('is collected when nobody has it, with its threads (ThreadPoolShutdownTest.test_del_shutdown)', async () => {
    const used = async (): Promise<WeakRef<object>> => {
      const executor = new ThreadPoolExecutor(2);
      await executor.submit(calls.power, 2, 2);
      await executor.shutdown();
      return new WeakRef(executor);
    };
    expect(await isCollected(await used())).toBe(true);
  });
});
