import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Condition } from '../../dist/index.js';
import { untilKilled, WAITING, WAKING, wasKilled } from '../helpers/kill-points.ts';
import { until } from '../helpers/leaks.ts';
import { expectNothingLeft, lastLines, party, sleepers } from '../helpers/named-parties.ts';
import { freshName } from '../helpers/shared-memory.ts';

function expectWhole(condition: Condition, name: string): void {
  expect(inspect(condition)).toBe(`Condition "${name}" { free, 0 waiting }`);
  expectNothingLeft(condition, name);
}

async function notify(condition: Condition, count: number): Promise<void> {
  await condition.with(() => condition.notify(count));
}

describe('A Condition', () => {
  it.concurrent.each([
    ['sync', 'condition.joined'],
    ['sync', 'condition.taken'],
    ['async', 'condition.taken'],
    ['sync', 'lock.acquired:2'],
    ['async', 'lock.acquired:2'],
    ...WAITING,
  ] as const)('loses no notification to a waiter that dies, %s, at %s', (form, point) =>
    untilKilled(async () => {
      const name = freshName();
      const condition = new Condition(undefined, { name });
      // It comes first, so the first notification is for it.
      const victim = party('wait', name, form, point);
      if (point !== 'condition.joined') await victim.printed('ready');
      const others = await sleepers('wait', name);
      await notify(condition, 1);
      const killed = wasKilled(await victim.end);
      // Its own notification counts as used only if it had the lock again.
      await notify(condition, 2);
      expect(await lastLines(others)).toEqual(['notified', 'notified']);
      await until(() => !condition.locked, 'the lock is free');
      condition.acquireSync();
      condition.release();
      expectWhole(condition, name);
      return killed;
    }),
  );

  it.concurrent.each([
    ['sync', 'park.woken'],
    ['sync', 'lock.acquired:2'],
    ['async', 'lock.acquired:2'],
  ] as const)('gives the notification of a waiter to another when it dies, %s, at %s', (form, point) =>
    untilKilled(async () => {
      const name = freshName();
      const condition = new Condition(undefined, { name });
      // It comes first, so the first notification is for it.
      const victim = party('wait', name, form, point);
      await victim.printed('ready');
      const others = await sleepers('wait', name);
      const hasNotified = () => others.some(({ lines }) => lines.includes('notified'));
      await notify(condition, 1);
      const killed = wasKilled(await victim.end);
      if (killed) await until(hasNotified, 'another has been notified in its place');
      await notify(condition, killed ? 1 : 2);
      expect(await lastLines(others)).toEqual(['notified', 'notified']);
      expectWhole(condition, name);
      return killed;
    }),
  );

  it.concurrent.each(['condition.granted', 'condition.granted:2', ...WAKING])(
    'wakes those who have been notified when who notifies dies at %s',
    (point) =>
      untilKilled(async () => {
        const name = freshName();
        const condition = new Condition(undefined, { name });
        const others = await sleepers('wait', name);
        const killed = wasKilled(await party('notify', name, 'sync', point).end);
        const notified = inspect(condition).includes('1 waiting') ? 1 : 2;
        if (notified === 1) await notify(condition, 1);
        expect(await lastLines(others)).toEqual(['notified', 'notified']);
        condition.acquireSync();
        condition.release();
        expectWhole(condition, name);
        return killed;
      }),
  );

  it.concurrent.each(['condition.settling', 'condition.granted', 'condition.settled'])(
    'goes on though who passes the notification of a dead waiter on dies, too, at %s',
    (point) =>
      untilKilled(async () => {
        const name = freshName();
        const condition = new Condition(undefined, { name });
        const first = party('wait', name, 'sync', 'park.woken');
        await first.printed('ready');
        const second = party('wait', name, 'sync', point);
        await until(() => inspect(condition).includes('2 waiting'), 'both wait');
        await notify(condition, 1);
        const killed = wasKilled(await first.end);
        if (!killed) await notify(condition, 1);
        expect(wasKilled(await second.end)).toBe(killed);
        const others = await sleepers('wait', name);
        await notify(condition, 2);
        expect(await lastLines(others)).toEqual(['notified', 'notified']);
        expectWhole(condition, name);
        return killed;
      }),
  );

  it.concurrent('loses no notification to a waiter that dies when its time is over', async () => {
    const name = freshName();
    const condition = new Condition(undefined, { name });
    const victim = party('wait-a-moment', name, 'sync', 'condition.left');
    await victim.printed('ready');
    const others = await sleepers('wait', name);
    expect(await victim.end).toMatchObject({ signal: 'SIGKILL' });
    await notify(condition, 2);
    expect(await lastLines(others)).toEqual(['notified', 'notified']);
    expectWhole(condition, name);
  });
});
