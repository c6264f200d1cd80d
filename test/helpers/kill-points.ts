/** Where one who wakes others can die, from his change on. */
export const WAKING = ['wake.before', 'wake.bumped', 'wake.some-woken', 'wake.sync-done', 'ring.rung', 'wake.rung'];

/** Where one who waits can die: the form of his wait, and the point. */
export const WAITING = [
  ['sync', 'park.announced'],
  ['sync', 'park.bit-set'],
  ['sync', 'park.woken'],
  ['async', 'loop.armed'],
  ['async', 'loop.announced'],
] as const;

const TRIES = 5;

/**
 * Runs a scenario, which checks all that it can, until its victim has come to its kill point: whether somebody must be
 * rung for, say, depends on whether he happens to be looking at this very moment.
 */
export async function untilKilled(scenario: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) if (await scenario()) return;
  throw new Error(`The victim has not come to its kill point in ${TRIES} runs`);
}

/** Whether a program was killed; it must have ended well if it was not. */
export function wasKilled({ code, signal }: { readonly code: number | null; readonly signal: string | null }): boolean {
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`The victim ended with ${signal ?? code}`);
  return signal === 'SIGKILL';
}
