import { Future, ProcessPoolExecutor, ThreadPoolExecutor } from 'forkless/futures';
import type { Executor, ExecutorOptions } from 'forkless/futures';
import { afterEach } from 'vitest';

type MakeExecutor = (options?: number | ExecutorOptions) => Executor;

/** Both classes, for suites that are about either. */
export const EXECUTOR_KINDS = [
  { title: 'ProcessPoolExecutor', Executor: ProcessPoolExecutor, isThread: false },
  { title: 'ThreadPoolExecutor', Executor: ThreadPoolExecutor, isThread: true },
] as const;

/** Executors that end with their test, whatever becomes of it. */
export function executors(
  Class: typeof ProcessPoolExecutor | typeof ThreadPoolExecutor = ProcessPoolExecutor,
): MakeExecutor {
  const open: Executor[] = [];
  afterEach(async () => {
    const all = open.splice(0);
    for (const executor of all) executor.killWorkers();
    await Promise.all(all.map((executor) => executor.shutdown()));
  });
  return (options = 2) => {
    const executor = new Class(options);
    open.push(executor);
    return executor;
  };
}

/** A future in each of its states. */
export const futureThat = {
  pends: (): Future<number> => new Future(),
  runs(): Future<number> {
    const future = new Future<number>();
    future.setRunningOrNotifyCancel();
    return future;
  },
  isCancelled(): Future<number> {
    const future = new Future<number>();
    future.cancel();
    return future;
  },
  isNotified(): Future<number> {
    const future = this.isCancelled();
    future.setRunningOrNotifyCancel();
    return future;
  },
  hasRaised(error: unknown = new RangeError('raised')): Future<number> {
    const future = new Future<number>();
    future.setException(error);
    return future;
  },
  hasReturned(value = 42): Future<number> {
    const future = new Future<number>();
    future.setResult(value);
    return future;
  },
};

/** Runs something, and gives the messages of the errors that nobody has caught meanwhile. */
export async function uncaughtDuring(action: () => unknown): Promise<string[]> {
  const uncaught: string[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error.message));
  try {
    await action();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return uncaught;
}
