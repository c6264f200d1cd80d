import { Process } from 'forkless';

import { waitForEver } from '../fixtures/targets.js';

/** A process that runs until it is ended. */
export function waiting(): Process<[]> {
  return new Process({ target: waitForEver, stdio: 'ignore' }).start();
}
