import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Semaphore } from '../../dist/index.js';
import { untilKilled, WAITING, WAKING, wasKilled } from '../helpers/kill-points.ts';
import { expectNothingLeft, lastLines, party, sleepers } from '../helpers/named-parties.ts';
import { freshName } from '../helpers/shared-memory.ts';

/** All permits are there, each once, and they still belong to whoever acquires them. */
function expectWhole(semaphore: Semaphore, name: string, permits: number): void {
  expect(semaphore.value).toBe(permits);
  for (let i = 0; i < permits; i++) expect(semaphore.tryAcquire()).toBe(true);
  expect(semaphore.tryAcquire()).toBe(false);
  for (let i = 0; i < permits; i++) semaphore.release();
  expect(inspect(semaphore)).toContain(`${permits} of ${permits} free`);
  expectNothingLeft(semaphore, name);
}

describe('A Semaphore', () => {
  it.concurrent.each([
    ['permits.guarded', 'sync'],
    ['permits.taken', 'sync'],
    ['permits.taken', 'async'],
    ['permits.acquired', 'sync'],
    ['permits.acquired', 'async'],
  ])('has the permit come back, once, of one who dies in the acquisition, at %s, %s', async (point, form) => {
    const name = freshName();
    const semaphore = new Semaphore(2, { name });
    semaphore.acquireSync();
    expect(await party('semaphore', name, form, point).end).toMatchObject({ signal: 'SIGKILL' });
    const others = [party('semaphore', name, 'sync'), party('semaphore', name, 'async')];
    expect(await lastLines(others)).toEqual(['released', 'released']);
    semaphore.release();
    expectWhole(semaphore, name, 2);
  });

  it.concurrent.each(['permits.guarded:2', 'permits.given', 'permits.released', 'lock.released:2', ...WAKING])(
    'lets those go on who wait for a permit when its holder dies at %s, in the middle of the release',
    (point) =>
      untilKilled(async () => {
        const name = freshName();
        const semaphore = new Semaphore(1, { name });
        const victim = party('semaphore-until-signal', name, 'sync', point);
        await victim.printed('acquired');
        const others = await sleepers('semaphore', name);
        victim.child.kill('SIGUSR2');
        const killed = wasKilled(await victim.end);
        expect(await lastLines(others)).toEqual(['released', 'released']);
        expectWhole(semaphore, name, 1);
        return killed;
      }),
  );

  it.concurrent.each(['permits.back', 'permits.counted', 'permits.taken'])(
    'has the permits of the dead come back though who takes them back dies, too, at %s',
    async (point) => {
      const name = freshName();
      const semaphore = new Semaphore(2, { name });
      const holders = [party('semaphore-until-signal', name, 'sync'), party('semaphore-until-signal', name, 'sync')];
      for (const holder of holders) await holder.printed('acquired');
      const victim = party('semaphore', name, 'sync', point);
      await victim.printed('ready');
      for (const { child, end } of holders) {
        child.kill('SIGKILL');
        await end;
      }
      expect(await victim.end).toMatchObject({ signal: 'SIGKILL' });
      const others = [party('semaphore', name, 'sync'), party('semaphore', name, 'async')];
      expect(await lastLines(others)).toEqual(['released', 'released']);
      expectWhole(semaphore, name, 2);
    },
  );

  it.concurrent.each([...WAITING, ['sync', 'permits.acquired'], ['async', 'permits.acquired']] as const)(
    'one of whose waiters dies, %s, at %s, goes to the others',
    (form, point) =>
      untilKilled(async () => {
        const name = freshName();
        const semaphore = new Semaphore(1, { name });
        semaphore.acquireSync();
        const victim = party('semaphore', name, form, point);
        await victim.printed('ready');
        const others = await sleepers('semaphore', name);
        semaphore.release();
        const killed = wasKilled(await victim.end);
        expect(await lastLines(others)).toEqual(['released', 'released']);
        expectWhole(semaphore, name, 1);
        return killed;
      }),
  );

  it.concurrent('that becomes a signal is one, or is not, when who makes it one dies', async () => {
    const name = freshName();
    const semaphore = new Semaphore(2, { name });
    semaphore.acquireSync();
    expect(await party('semaphore-signal', name, 'sync', 'permits.signal').end).toMatchObject({ signal: 'SIGKILL' });
    expect(semaphore.value).toBe(1);
    expect(semaphore.tryAcquire()).toBe(true);
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.release();
    expect(inspect(semaphore)).toBe(`Semaphore "${name}" { 1 free }`);
    expectNothingLeft(semaphore, name);
  });

  it.concurrent('keeps the permit of a stopped process', async () => {
    const name = freshName();
    const semaphore = new Semaphore(1, { name });
    const holder = party('semaphore-until-signal', name, 'sync');
    await holder.printed('acquired');
    holder.child.kill('SIGSTOP');
    expect(await semaphore.acquire({ timeout: 300 })).toBe(false);
    expect(semaphore.acquireSync({ timeout: 300 })).toBe(false);
    holder.child.kill('SIGKILL');
    await holder.end;
    expect(semaphore.acquireSync()).toBe(true);
    expect(semaphore.abandoned).toBe(true);
    semaphore.release();
    expectWhole(semaphore, name, 1);
  });
});
