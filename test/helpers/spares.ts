import { setStartMethod } from 'forkless';
import { afterAll, beforeEach, expect } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { keepSpares } from '../../dist/process/spares.js';
import { until } from './leaks.ts';

/** The pids of the processes that wait for an order, once there are so many. Those that sleep have nothing else to do. */
export async function waitingSpares(count: number): Promise<number[]> {
  const pids = (): number[] =>
    familyArena()
      .participants()
      .filter(({ name, parks, state }) => name === 'spare' && state === 'live' && parks > 0)
      .map(({ pid }) => pid);
  await until(() => pids().length === count, `${count} spares wait, and no others`);
  return pids();
}

/** Each test begins with so many spares, whatever the start method is. */
export function readySpares(count: number): void {
  beforeEach(async () => {
    if (count === 0) return;
    keepSpares(count);
    await waitingSpares(count);
  });
}

/** Each test begins with so many spares, as they are after `setStartMethod('prewarm')`; after the last there are none. */
export function withSpares(count: number): { readonly pids: readonly number[] } {
  const spares: { pids: readonly number[] } = { pids: [] };
  beforeEach(async () => {
    setStartMethod('prewarm', { spares: count, force: true });
    spares.pids = await waitingSpares(count);
    expect(spares.pids).toHaveLength(count);
  });
  afterAll(async () => {
    setStartMethod(null, { force: true });
    await until(
      () =>
        !familyArena()
          .participants()
          .some(({ name }) => name === 'spare'),
      'no spare is left',
    );
  });
  return spares;
}
