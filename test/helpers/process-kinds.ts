import * as forkless from 'forkless';
import * as dummy from 'forkless/dummy';

import { waitForEver } from '../fixtures/targets.js';

/** What a suite about processes is run with. */
export interface ProcessKind {
  readonly title: string;
  readonly Process: typeof forkless.Process;
  readonly isThread: boolean;
  /** How many processes wait to become one when a test begins. */
  readonly spares: number;
  /** A process that runs until it is ended. */
  readonly waiting: () => forkless.Process<[]>;
}

function kindOf(
  title: string,
  { Process }: Pick<typeof forkless, 'Process'>,
  { isThread = false, spares = 0 } = {},
): ProcessKind {
  const waiting = (): forkless.Process<[]> => new Process({ target: waitForEver, stdio: 'ignore' }).start();
  return { title, Process, isThread, spares, waiting };
}

export const PROCESS_KINDS: readonly ProcessKind[] = [
  kindOf('a process of its own', forkless),
  kindOf('a process that was started ahead', forkless.getContext('prewarm'), { spares: 1 }),
  kindOf('a thread', dummy, { isThread: true }),
];
