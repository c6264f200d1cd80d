import { StateError } from '../support/errors.ts';
import { spawnProcess } from './spawn.ts';
import type { StartMethod } from './start-method.ts';
import { startThread } from './thread.ts';
import type { Started, StartOrder } from './start-order.ts';

const LAUNCHERS: Readonly<Record<StartMethod, (order: StartOrder) => Started>> = {
  spawn: spawnProcess,
  prewarm: () => notYet('prewarm'),
  threads: startThread,
};

/**
 * Starts a process by the given method.
 * @throws SerializationError when the values cannot travel; ResourceError when the system refuses.
 */
export function launch(method: StartMethod, order: StartOrder): Started {
  return LAUNCHERS[method](order);
}

function notYet(method: StartMethod): never {
  throw new StateError(`The start method '${method}' is not available in this version of forkless. Use 'spawn'.`);
}
