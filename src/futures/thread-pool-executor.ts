import { bindMethod } from '../process/bound-method.ts';
import { Executor } from './executor.ts';

/**
 * A `ProcessPoolExecutor` whose workers are threads of this process: the same interface, and the same meaning. Functions and
 * arguments travel in the same way, so that one can be swapped for the other. Threads start faster, and end with the process.
 *
 * Python: `concurrent.futures.ThreadPoolExecutor`. There threads share all objects; here, as everywhere in JavaScript, they share
 * what lives in shared memory (`Value`, `SharedArray`, `Queue`, ...), and everything else is copied. By default there are
 * `cpuCount()` of them, as they really run at the same time.
 *
 * @example
 * await using executor = new ThreadPoolExecutor(4);
 * console.log(await executor.submit((x: number) => x ** 2, 7));
 */
export class ThreadPoolExecutor extends Executor {
  static {
    bindMethod(this, 'threads');
  }
}
