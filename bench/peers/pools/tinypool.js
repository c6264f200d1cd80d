// @ts-check
import { Tinypool } from 'tinypool';

const filename = new URL('../../pool/tasks.js', import.meta.url).href;

/** @type {import('../../pool/open-pool.js').Opener} */
export function open(workers, variant) {
  const pool = new Tinypool({
    filename,
    minThreads: workers,
    maxThreads: workers,
    runtime: variant === 'threads' ? 'worker_threads' : 'child_process',
    ...(variant === 'advanced' && { serialization: 'advanced' }),
  });
  return {
    run: (task, argument) => pool.run(argument, { name: task.name }),
    close: () => pool.destroy(),
  };
}
