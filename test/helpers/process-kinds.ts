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

export const PROCESS_KINDS: readonly ProcessKind[] = [
  kindOf('a process of its own', forkless, false),
  kindOf('a thread', dummy, true),
];
