import { describe, expect, it } from 'vitest';

import { Barrier, ClosedError, fromHandle, Process, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/odd-moments.js';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

function another(object: Barrier): Barrier {
  return keep(fromHandle<Barrier>(toHandle(object)));
}

describe('Barrier', () => {
  it('is not broken by an object that is closed when all have passed already', async () => {
    const barrier = keep(new Barrier(2));
    const other = another(barrier);
    const waiting = barrier.wait();
    await sleep(20);
    expect(other.waitSync()).toBe(1);
    barrier.close();
    await expect(waiting).rejects.toThrow(ClosedError);
    expect(other.broken).toBe(false);
  });

  it('is passed by all or by nobody, when the last comes as the time of the others is over', async () => {
    const barrier = keep(new Barrier(2));
    const gate = keep(new Barrier(2));
    const rounds = 1500;
    const child = start(work.raceWithTime, barrier, gate, counters, 1, rounds, 0.9);
    work.raceWithTime(barrier, gate, counters, 0, rounds, 0);
    await child.join();
    expect(child.exitCode).toBe(0);
    expect(counters[2]).toBe(0);
  });

  it('forgets with a reset also a party that has died while it arrived', async () => {
    const barrier = keep(new Barrier(2));
    const env = { FORKLESS_KILL_AT: 'barrier.arrived' };
    const child = new Process({ target: work.arrive, args: [barrier], env } as never).start();
    await child.join();
    expect(child.exitCode).toBe(-9);
    barrier.reset();
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
  });
});
