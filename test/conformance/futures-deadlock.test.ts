import { SerializationError, WorkerDiedError } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import * as traps from '../fixtures/futures/traps.js';
import { executors } from '../helpers/executors.ts';
import { runProgram } from '../helpers/output.ts';

const makeExecutor = executors();
const BIG = 1 << 20;

type Failure = abstract new (...args: never[]) => Error;

/** A call fails in this way, its executor goes on and ends. Python's is broken where a worker has died. */
async function fails<A extends unknown[]>(error: Failure, fn: (...args: A) => unknown, ...args: A): Promise<Error> {
  const executor = makeExecutor(2);
  const raised = await executor.submit(fn, ...args).exception({ timeout: 25_000 });
  expect(raised).toBeInstanceOf(error);
  expect(await executor.submit(calls.multiply, 6, 7)).toBe(42);
  await executor.shutdown();
  return raised as Error;
}

describe('An executor does not hang, and goes on', () => {
  // `submit` itself encodes, and throws.
  it('when encoding an argument throws (ExecutorDeadlockTest.test_error_at_task_pickle)', async () => {
    const executor = makeExecutor();
    expect(() => executor.submit(calls.passed, new traps.ErrorAtEncode())).toThrow('error in encode');
    expect(await executor.submit(calls.multiply, 6, 7)).toBe(42);
    await executor.shutdown();
  });

  it('when the worker exits while it decodes an argument (ExecutorDeadlockTest.test_exit_at_task_unpickle)', async () => {
    expect((await fails(WorkerDiedError, calls.passed, new traps.ExitAtDecode())).message).toMatch(/exit code 7/);
  });

  // Only that call fails, with the error itself.
  it('when decoding an argument throws (ExecutorDeadlockTest.test_error_at_task_unpickle)', async () => {
    expect((await fails(Error, calls.passed, new traps.ErrorAtDecode())).message).toMatch(/error in decode/);
  });

  it('when the worker crashes while it decodes an argument (ExecutorDeadlockTest.test_crash_at_task_unpickle)', async () => {
    await fails(WorkerDiedError, calls.passed, new traps.CrashAtDecode());
  });

  it('when the worker crashes in the function (ExecutorDeadlockTest.test_crash_during_func_exec_on_worker)', async () => {
    expect((await fails(WorkerDiedError, calls.crash)).message).toMatch(/signal 11 while it ran 'crash'/);
  });

  // In Python, exit() is an exception.
  it('when the function exits (ExecutorDeadlockTest.test_exit_during_func_exec_on_worker)', async () => {
    expect((await fails(WorkerDiedError, calls.exit)).message).toMatch(/exit code 1 while it ran 'exit'/);
  });

  it('when the function throws (ExecutorDeadlockTest.test_error_during_func_exec_on_worker)', async () => {
    await fails(RangeError, calls.raise);
  });

  it('when the worker crashes while it encodes the result (ExecutorDeadlockTest.test_crash_during_result_pickle_on_worker)', async () => {
    await fails(WorkerDiedError, calls.make, traps.CrashAtEncode);
  });

  it('when the worker exits while it encodes the result (ExecutorDeadlockTest.test_exit_during_result_pickle_on_worker)', async () => {
    await fails(WorkerDiedError, calls.make, traps.ExitAtEncode);
  });

  it('when encoding the result throws (ExecutorDeadlockTest.test_error_during_result_pickle_on_worker)', async () => {
    expect((await fails(Error, calls.make, traps.ErrorAtEncode)).message).toMatch(/error in encode/);
  });

  it('when decoding the result throws here (ExecutorDeadlockTest.test_error_during_result_unpickle_in_result_handler)', async () => {
    expect((await fails(Error, calls.make, traps.ErrorAtDecode)).message).toMatch(/error in decode/);
  });

  // What decodes is the program itself: it exits.
  it('when decoding the result exits (ExecutorDeadlockTest.test_exit_during_result_unpickle_in_result_handler)', async () => {
    const { stdout, code } = await runProgram('test/fixtures/futures/ends.js', { args: ['exitsAtDecode'] });
    expect({ stdout, code }).toEqual({ stdout: '', code: 7 });
  });

  it('when a worker crashes during the shutdown (ExecutorDeadlockTest.test_shutdown_deadlock)', async () => {
    await using executor = makeExecutor();
    const future = executor.submit(calls.crash, 100);
    await executor.shutdown();
    expect(future.exceptionSync()).toBeInstanceOf(WorkerDiedError);
  });

  it('when it is shut down after an argument that could not travel (ExecutorDeadlockTest.test_shutdown_deadlock_pickle)', async () => {
    await using executor = makeExecutor();
    await executor.submit(calls.pid);
    expect(() => executor.submit(calls.passed, new WeakMap())).toThrow(SerializationError);
    await executor.shutdown({ wait: false });
    await executor.shutdown();
    expect(executor.stats.workers).toEqual([]);
  });

  it('when workers crash that got much data (ExecutorDeadlockTest.test_crash_big_data)', async () => {
    await using executor = makeExecutor();
    const data = 'a'.repeat(BIG);
    const iterate = async (): Promise<void> => {
      for await (const _ of executor.map(
        calls.crashWith,
        Array.from({ length: 10 }, () => data),
      ));
    };
    await expect(iterate()).rejects.toThrow(WorkerDiedError);
  });

  // There is no thread of its own that could be woken too often: all calls are submitted before the first result is taken.
  it('when many calls are submitted at once (ExecutorDeadlockTest.test_gh105829_should_not_deadlock_if_wakeup_pipe_full)', async () => {
    await using executor = makeExecutor();
    const results = executor.mapSync(
      calls.same,
      Array.from({ length: 5000 }, (_, i) => i),
    );
    expect([...results].reduce((sum, x) => sum + x, 0)).toBe((5000 * 4999) / 2);
  });
});
