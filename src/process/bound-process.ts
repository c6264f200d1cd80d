import { bindMethod } from './bound-method.ts';
import { markBase, Process } from './process.ts';
import type { StartMethod } from './start-method.ts';

/**
 * A `Process` that is started anew, whatever `setStartMethod()` says.
 * @public Exported so that it travels by its name.
 */
export class SpawnProcess<P extends readonly unknown[] = readonly unknown[]> extends Process<P> {
  static {
    markBase(this);
    bindMethod(this, 'spawn');
  }
}

/**
 * A `Process` that was started ahead, whatever `setStartMethod()` says.
 * @public Exported so that it travels by its name.
 */
export class PrewarmProcess<P extends readonly unknown[] = readonly unknown[]> extends Process<P> {
  static {
    markBase(this);
    bindMethod(this, 'prewarm');
  }
}

/**
 * A `Process` that is a thread of this process, whatever `setStartMethod()` says.
 * @public Exported so that it travels by its name.
 */
export class ThreadProcess<P extends readonly unknown[] = readonly unknown[]> extends Process<P> {
  static {
    markBase(this);
    bindMethod(this, 'threads');
  }
}

/** The class for each start method. */
export const PROCESS_CLASSES: Readonly<Record<StartMethod, typeof Process>> = {
  spawn: SpawnProcess,
  prewarm: PrewarmProcess,
  threads: ThreadProcess,
};
