// @ts-check
import { fileURLToPath } from 'node:url';

import workerpool from 'workerpool';

const script = fileURLToPath(new URL('workerpool-worker.js', import.meta.url));

/** @type {import('../../pool/open-pool.js').Opener} */
export function open(workers, variant) {
  const pool = workerpool.pool(script, {
    minWorkers: workers,
    maxWorkers: workers,
    workerType: variant === 'threads' ? 'thread' : 'process',
    ...(variant === 'advanced' && { forkOpts: { serialization: 'advanced' } }),
  });
  return {
    run: (task, argument) => pool.exec(task.name, [argument]),
    close: () => pool.terminate(true),
  };
}
