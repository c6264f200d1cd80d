// @ts-check
// @ts-expect-error It has no types.
import multiprocessing from 'multiprocessing';

/** @type {import('../../pool/open-pool.js').Opener} */
export function open(workers) {
  const pool = new multiprocessing.Pool(workers);
  return {
    run: (task, argument) => pool.apply(argument, task),
    map: (task, items, chunkSize) => pool.map(items, task, chunkSize),
    close: () => pool.terminate(),
  };
}
