// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { FixedClusterPool, FixedThreadPool } from 'poolifier';

/** destroy() of a pool of threads sometimes waits for ever. */
const PATIENCE_MS = 1000;

/** @param {string} file */
const path = (file) => fileURLToPath(new URL(file, import.meta.url));

/** @type {import('../../pool/open-pool.js').Opener} */
export function open(workers, variant) {
  const pool =
    variant === 'threads'
      ? new FixedThreadPool(workers, path('poolifier-thread.js'))
      : new FixedClusterPool(workers, path('poolifier-process.cjs'), {
          ...(variant === 'advanced' && { settings: { serialization: 'advanced' } }),
        });
  return {
    run: (task, argument) => pool.execute(argument, task.name),
    map: (task, items) => pool.mapExecute(items, task.name),
    close: () => Promise.race([pool.destroy(), sleep(PATIENCE_MS)]),
  };
}
