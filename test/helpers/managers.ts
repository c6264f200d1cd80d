import { setTimeout as sleep } from 'node:timers/promises';

import { type BaseManager, SyncManager } from 'forkless';
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

const PATIENCE_MS = 20_000;

/** Waits until somebody has proxies of so many objects of the manager. */
export async function untilCount(manager: BaseManager, count: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while ((await manager.countObjects()) !== count) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until the manager has ${count} objects`);
    await sleep(5);
  }
}
