export { Future } from './future.ts';
export type { FutureDriver, FutureState } from './future.ts';
export { ProcessPoolExecutor } from './process-pool-executor.ts';
export { ThreadPoolExecutor } from './thread-pool-executor.ts';
export { Executor } from './executor.ts';
export type { ExecutorMapOptions, ExecutorOptions, ShutdownOptions } from './executor-options.ts';
export { wait, waitSync } from './wait.ts';
export type { AsyncFuturesWaitOptions, FuturesWaitOptions, ReturnWhen, WaitResult } from './wait.ts';
export { asCompleted, asCompletedSync } from './as-completed.ts';
export type { CompletedFuture } from './as-completed.ts';
export {
  BrokenPoolError,
  CancelledError,
  InvalidStateError,
  TimeoutError,
  WorkerDiedError,
} from '../support/errors.ts';
