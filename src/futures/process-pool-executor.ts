import { Executor } from './executor.ts';

/**
 * Calls functions in worker processes, and has a Future for each call. Workers are started when there are calls for them, and
 * stay. Leaving the scope of `await using` is `shutdown()`: it waits for all calls.
 *
 * Python: `concurrent.futures.ProcessPoolExecutor`. There the death of a worker breaks the executor, with all of its futures; here
 * it rejects with WorkerDiedError only the future whose call the worker had begun (or, with `onWorkerDeath: 'retry'`, the call is
 * tried again), and another worker takes its place. Only an initializer that fails, and workers that cannot start, break it.
 * A function or argument that cannot travel is refused by `submit` itself.
 *
 * @example
 * await using executor = new ProcessPoolExecutor(4);
 * const future = executor.submit((x: number) => x ** 2, 7);
 * console.log(await future);
 * for await (const power of executor.map((a, b) => a ** b, [2, 3], [5, 2])) console.log(power);
 */
export class ProcessPoolExecutor extends Executor {}
