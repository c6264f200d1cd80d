// @ts-check
import { Pool } from 'forkless';

/** @type {import('./open-pool.js').Opener} */
export function open(workers, variant) {
  const pool = new Pool(workers);
  return {
    run:
      variant === 'apply'
        ? (task, argument) => pool.apply(task, [argument])
        : (task, argument) => pool.applyAsync(task, [argument]),
    map: (task, items, chunkSize) => pool.map(task, items, chunkSize === undefined ? {} : { chunkSize }),
    imapUnordered: (task, items, chunkSize) => pool.imapUnordered(task, items, { chunkSize }),
    close: async () => {
      pool.terminate();
      await pool.join();
    },
  };
}
