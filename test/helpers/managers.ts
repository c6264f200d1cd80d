import { SyncManager } from 'forkless';
import { afterAll, beforeAll } from 'vitest';

/** One manager for the tests of a file: it is started before them and shut down behind them. */
export function sharedManager(): () => SyncManager {
  const manager = new SyncManager();
  beforeAll(() => manager.start());
  afterAll(() => manager.shutdown());
  return () => manager;
}

/** What a call throws. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('The call has thrown nothing');
}
