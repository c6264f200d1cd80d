import { describe, expect, it } from 'vitest';

import { Barrier } from '../../dist/index.js';
import { untilKilled, WAITING, WAKING, wasKilled } from '../helpers/kill-points.ts';
import { until } from '../helpers/leaks.ts';
import { expectNothingLeft, lastLines, party, sleepers } from '../helpers/named-parties.ts';
import { freshName, sleep } from '../helpers/shared-memory.ts';

/** It can be used again. */
async function expectWhole(barrier: Barrier, name: string): Promise<void> {
  barrier.reset();
  expect([barrier.broken, barrier.nWaiting]).toEqual([false, 0]);
  await Promise.all(Array.from({ length: barrier.parties }, () => barrier.wait()));
  expectNothingLeft(barrier, name);
}

describe('A Barrier', () => {
  it.concurrent.each([...WAITING, ['sync', 'barrier.arrived'], ['sync', 'barrier.counted']] as const)(
    'is broken for all when a party dies that has arrived, %s, at %s',
    (form, point) =>
      untilKilled(async () => {
        const name = freshName();
        const barrier = new Barrier(4, { name });
        const others = await sleepers('barrier', name);
        await until(() => barrier.nWaiting === 2, 'two wait');
        const victim = party('barrier', name, form, point);
        if (point === 'park.woken') {
          await until(() => barrier.nWaiting === 3, 'three wait');
          await sleep(150);
          barrier.abort();
        }
        const killed = wasKilled(await victim.end);
        expect(await lastLines(others)).toEqual(['broken', 'broken']);
        expect(barrier.broken).toBe(true);
        await expectWhole(barrier, name);
        return killed;
      }),
  );

  it.concurrent.each(['barrier.arrived', 'barrier.counted'])(
    'is broken when the last party dies at %s, before the pass',
    async (point) => {
      const name = freshName();
      const barrier = new Barrier(3, { name });
      const others = await sleepers('barrier', name);
      expect(await party('barrier', name, 'sync', point).end).toMatchObject({ signal: 'SIGKILL' });
      expect(await lastLines(others)).toEqual(['broken', 'broken']);
      await expectWhole(barrier, name);
    },
  );

  it.concurrent.each(['barrier.moved', 'lock.released:2', 'barrier.ended', ...WAKING])(
    'has been passed when the last party dies at %s, after the pass',
    (point) =>
      untilKilled(async () => {
        const name = freshName();
        const barrier = new Barrier(3, { name });
        const others = await sleepers('barrier', name);
        const killed = wasKilled(await party('barrier', name, 'sync', point).end);
        expect(await lastLines(others)).toEqual(['passed', 'passed']);
        await expectWhole(barrier, name);
        return killed;
      }),
  );

  it.concurrent.each([
    ['barrier-abort', 'barrier.broken'],
    ['barrier-abort', 'wake.before'],
    ['barrier-abort', 'wake.bumped'],
    ['barrier-reset', 'barrier.moved'],
    ['barrier-reset', 'barrier.ended'],
    ['barrier-reset', 'wake.bumped'],
  ])('is broken for those who wait when who calls %s dies at %s', async (what, point) => {
    const name = freshName();
    const barrier = new Barrier(3, { name });
    const others = await sleepers('barrier', name);
    expect(await party(what, name, 'sync', point).end).toMatchObject({ signal: 'SIGKILL' });
    expect(await lastLines(others)).toEqual(['broken', 'broken']);
    expect(barrier.broken).toBe(what === 'barrier-abort');
    await expectWhole(barrier, name);
  });
});
