import * as forkless from 'forkless';
import * as dummy from 'forkless/dummy';

import { waitForEver } from '../fixtures/targets.js';

/** What a suite about processes is run with. */
export interface ProcessKind {
  readonly title: string;
  readonly Process: typeof forkless.Process;
  readonly isThread: boolean;
  /** A process that runs until it is ended. */
  readonly waiting: () => forkless.Process<[]>;
}

function kindOf(title: string, { Process }: Pick<typeof forkless, 'Process'>, isThread: boolean): ProcessKind {
  const waiting = (): forkless.Process<[]> => new Process({ target: waitForEver, stdio: 'ignore' }).start();
  return { title, Process, isThread, waiting };
}

export const OF_PROCESSES: ProcessKind = kindOf('a process of its own', forkless, false);
export const OF_THREADS: ProcessKind = kindOf('a thread', dummy, true);
export const PROCESS_KINDS: readonly ProcessKind[] = [OF_PROCESSES, OF_THREADS];
