import { Semaphore, StateError } from 'forkless';
import { CancelledError } from 'forkless/futures';
import { describe, expect, it, vi } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { executors } from '../helpers/executors.ts';
import { isRunning, until } from '../helpers/leaks.ts';
import { runProgram } from '../helpers/output.ts';

const makeExecutor = executors();
const numbers = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4];
const sames = (): number[] => numbers;

async function valuesOf<R>(results: AsyncIterable<R>): Promise<R[]> {
  const values: R[] = [];
  for await (const value of results) values.push(value);
  return values;
}

describe('The shutdown of an executor', () => {
  it('leaves it without new calls (ExecutorShutdownTest.test_run_after_shutdown)', async () => {
    const executor = makeExecutor();
    await executor.shutdown();
    await executor.shutdown();
    expect(() => executor.submit(calls.power, 2, 5)).toThrow(StateError);
    expect(() => executor.map(calls.same, [1])).toThrow('map(): the executor was shut down and takes no new calls');
  });

  it.each(['leaves', 'shutsDown'])(
    'need not be waited for: a program ends when its calls have (ExecutorShutdownTest.test_interpreter_shutdown)',
    async (program) => {
      const { stdout, stderr, code } = await runProgram('test/fixtures/futures/ends.js', { args: [program] });
      expect({ stdout, stderr, code }).toEqual({ stdout: 'apple\n', stderr: '', code: 0 });
    },
  );

  it('waits for many calls (ExecutorShutdownTest.test_hang_issue12364)', async () => {
    const executor = makeExecutor(5);
    const futures = Array.from({ length: 50 }, () => executor.submit(calls.sleepFor, 20));
    await executor.shutdown();
    for (const future of futures) expect(future.resultSync()).toBe(undefined);
  });

  // Workers are still starting when the calls are submitted: the first are waited for.
  it('cancels what has not begun, if that is asked for (ExecutorShutdownTest.test_cancel_futures)', async () => {
    const executor = makeExecutor(5);
    const futures = Array.from({ length: 50 }, () => executor.submit(calls.sleepFor, 300));
    await vi.waitFor(() => expect(futures.some((future) => future.running())).toBe(true), 20_000);
    await executor.shutdown({ cancelFutures: true });
    const cancelled = futures.filter((future) => future.cancelled());
    expect(cancelled.length).toBeGreaterThan(20);
    for (const future of cancelled) expect(() => future.resultSync()).toThrow(CancelledError);
    const others = futures.filter((future) => !future.cancelled());
    expect(others.length).toBeGreaterThan(0);
    for (const future of others) expect(future.exceptionSync({ timeout: 0 })).toBe(undefined);
  });

  it('does not wait for what was cancelled just before (ExecutorShutdownTest.test_hang_gh94440)', async () => {
    const executor = makeExecutor(1);
    await executor.submit(calls.pid);
    executor.submit(calls.pid).cancel();
    await executor.shutdown();
    expect(executor.stats.workers).toEqual([]);
  });

  it('ends the workers when their calls have ended (ProcessPoolShutdownTest.test_processes_terminate)', async () => {
    const executor = makeExecutor(5);
    const semaphore = new Semaphore(0);
    const futures = Array.from({ length: 3 }, () => executor.submit(calls.acquire, semaphore));
    const pids = executor.stats.workers.map(({ pid }) => pid as number);
    expect(pids.length).toBe(3);
    for (const _ of futures) await semaphore.release();
    await executor.shutdown();
    expect(pids.filter(isRunning)).toEqual([]);
    await Promise.all(futures);
  });

  it('is how its scope is left (ProcessPoolShutdownTest.test_context_manager_shutdown)', async () => {
    let pids: number[];
    {
      await using executor = makeExecutor(5);
      expect(await valuesOf(executor.map(calls.same, numbers))).toEqual(sames());
      pids = executor.stats.workers.map(({ pid }) => pid as number);
      expect(pids.length).toBeGreaterThan(0);
    }
    expect(pids.filter(isRunning)).toEqual([]);
  });

  // Nothing that a user sees depends on the garbage collector here: an executor that is forgotten does what it has been given.
  it('need not come for a map to be done (ProcessPoolShutdownTest.test_del_shutdown)', async () => {
    const results = makeExecutor(5).map(calls.same, numbers);
    expect(await valuesOf(results)).toEqual(sames());
  });

  it('does everything and ends the workers without being waited for (ProcessPoolShutdownTest.test_shutdown_no_wait)', async () => {
    const executor = makeExecutor(5);
    const results = executor.map(calls.same, numbers);
    const pids = executor.stats.workers.map(({ pid }) => pid as number);
    await executor.shutdown({ wait: false });
    expect(await valuesOf(results)).toEqual(sames());
    await until(() => executor.stats.workers.length === 0, 'all workers had ended');
    expect(pids.filter(isRunning)).toEqual([]);
  });
});
