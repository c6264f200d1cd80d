import { expect } from 'vitest';

import { Process } from '../../dist/index.js';

/** A process that dies at the kill point. */
export function dying(killAt: string, target: (...args: never[]) => unknown, ...args: unknown[]): Process {
  const env = { FORKLESS_KILL_AT: killAt };
  return new Process({ target, args, env } as never).start() as unknown as Process;
}

export async function expectKilled(child: Process): Promise<void> {
  await child.join();
  expect(child.exitCode).toBe(-9);
}
