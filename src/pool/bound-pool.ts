import { bindMethod } from '../process/bound-method.ts';
import type { StartMethod } from '../process/start-method.ts';
import { Pool } from './pool.ts';

/**
 * A `Pool` whose workers are started anew, whatever `setStartMethod()` says.
 * @public Exported so that it travels by its name.
 */
export class SpawnPool extends Pool {
  static {
    bindMethod(this, 'spawn');
  }
}

/**
 * A `Pool` whose workers were started ahead, whatever `setStartMethod()` says.
 * @public Exported so that it travels by its name.
 */
export class PrewarmPool extends Pool {
  static {
    bindMethod(this, 'prewarm');
  }
}

/**
 * A `Pool` whose workers are threads of this process, whatever `setStartMethod()` says. Python: `multiprocessing.pool.ThreadPool`.
 * @public Exported so that it travels by its name.
 */
export class ThreadPool extends Pool {
  static {
    bindMethod(this, 'threads');
  }
}

/** The class for each start method. */
export const POOL_CLASSES: Readonly<Record<StartMethod, typeof Pool>> = {
  spawn: SpawnPool,
  prewarm: PrewarmPool,
  threads: ThreadPool,
};
