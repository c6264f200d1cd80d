// @ts-check
import { Piscina } from 'piscina';

const filename = new URL('../../pool/tasks.js', import.meta.url).href;

/** @type {import('../../pool/open-pool.js').Opener} */
export function open(workers, variant) {
  const concurrentTasksPerWorker = variant === '64' ? 64 : 1;
  const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers, concurrentTasksPerWorker });
  return {
    run: (task, argument) => pool.run(argument, { name: task.name }),
    close: () => pool.destroy(),
  };
}
