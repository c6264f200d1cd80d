import { startPrewarmed } from './prewarm.ts';
import { spawnProcess } from './spawn.ts';
import type { StartMethod } from './start-method.ts';
import type { Started, StartOrder } from './start-order.ts';
import { startThread } from './thread.ts';

const LAUNCHERS: Readonly<Record<StartMethod, (order: StartOrder) => Started>> = {
  spawn: spawnProcess,
  prewarm: startPrewarmed,
  threads: startThread,
};

/**
 * Starts a process by the given method.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function launch(method: StartMethod, order: StartOrder): Started {
  return LAUNCHERS[method](order);
}
