import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { ClosedError, Condition, fromHandle, Lock, RLock, StateError, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/conditions.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

/** Processes that wait, each in its own form, all of them asleep. */
async function sleepers(condition: Condition, forms: readonly string[], timeout?: number) {
  const before = counters[0] as number;
  const children = forms.map((form) => start(work.waitOnce, condition, counters, form, timeout));
  await until(() => counters[0] === before + forms.length, 'all wait');
  await condition.with(() => sleep(60));
  return children;
}

describe('Condition', () => {
  it.each(['sync', 'async'])('ends as many waits as are notified, no more and no fewer, %s', async (form) => {
    const condition = keep(new Condition());
    const children = await sleepers(condition, [form, form, form, form]);
    expect(inspect(condition)).toBe('Condition { free, 4 waiting }');
    for (const [count, awake] of [
      [1, 1],
      [2, 3],
      [0, 3],
    ] as const) {
      await condition.with(() => condition.notify(count));
      await until(() => counters[1] === awake, `${awake} are awake`);
      await sleep(60);
      expect(counters[1]).toBe(awake);
    }
    await condition.with(() => condition.notify(7));
    for (const child of children) await child.join();
    expect([counters[1], counters[2]]).toEqual([4, 0]);
    expect(inspect(condition)).toBe('Condition { free, 0 waiting }');
  });

  it('ends all waits with notifyAll, of processes and of flows of one process', async () => {
    const condition = keep(new Condition());
    const children = await sleepers(condition, ['sync', 'async']);
    const flows = [1, 2, 3].map(() => condition.with(() => condition.wait()));
    await until(() => inspect(condition).includes('5 waiting'), 'all wait');
    await condition.with(() => condition.notifyAll());
    expect(await Promise.all(flows)).toEqual([true, true, true]);
    for (const child of children) await child.join();
    expect(counters[1]).toBe(2);
  });

  it('wakes the flows of one process one by one, in the order of their coming', async () => {
    const condition = keep(new Condition());
    const order: number[] = [];
    const flows = [0, 1, 2].map((flow) =>
      condition.with(async () => {
        await condition.wait();
        order.push(flow);
      }),
    );
    await until(() => inspect(condition).includes('3 waiting'), 'all wait');
    for (let awake = 1; awake <= 3; awake++) {
      await condition.with(() => condition.notify());
      await until(() => order.length === awake, `${awake} are awake`);
      await sleep(20);
      expect(order).toHaveLength(awake);
    }
    await Promise.all(flows);
    expect(order).toEqual([0, 1, 2]);
  });

  it.each(['sync', 'async'])('takes turns between two processes, %s', async (form) => {
    const condition = keep(new Condition());
    const times = form === 'sync' ? 3000 : 1000;
    const other = start(work.answer, condition, counters, times, form);
    for (let i = 0; i < times; i++) {
      await condition.with(async () => {
        await condition.waitFor(() => (counters[3] as number) % 2 === 0);
        counters[3] = (counters[3] as number) + 1;
        condition.notify();
      });
    }
    await other.join();
    expect(other.exitCode).toBe(0);
    expect(counters[3]).toBe(2 * times);
  });

  it('has the lock again after a wait whose time is over, and says so', async () => {
    const condition = keep(new Condition());
    await condition.acquire();
    expect(await condition.wait({ timeout: 20 })).toBe(false);
    expect(condition.waitSync({ timeout: 20 })).toBe(false);
    expect(condition.locked).toBe(true);
    expect(await condition.waitFor(() => 0, { timeout: 20 })).toBe(0);
    expect(condition.waitForSync(() => '', { timeout: 20 })).toBe('');
    expect(await condition.waitFor(() => 'yes')).toBe('yes');
    condition.release();
    expect(condition.locked).toBe(false);
  });

  it('gives up an RLock however often it is held, and has it as often again', async () => {
    const condition = keep(new Condition(keep(new RLock())));
    condition.acquireSync();
    condition.acquireSync();
    const waiting = condition.wait();
    const child = start(work.waitOnce, condition, counters, 'sync', 10);
    await child.join();
    expect(counters[2]).toBe(1);
    condition.acquireSync();
    condition.notify();
    condition.release();
    expect(await waiting).toBe(true);
    condition.release();
    expect(condition.locked).toBe(true);
    condition.release();
    expect(condition.locked).toBe(false);
  });

  it('does not lose a notification to waits whose time was over, or that were aborted', async () => {
    const condition = keep(new Condition());
    const controller = new AbortController();
    const aborted = condition.with(() => condition.wait({ signal: controller.signal }));
    const late = condition.with(() => condition.wait({ timeout: 20 }));
    const early = await sleepers(condition, ['sync'], 20);
    const children = await sleepers(condition, ['sync', 'async']);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(await late).toBe(false);
    for (const child of early) await child.join();
    await condition.with(() => condition.notify(2));
    for (const child of children) await child.join();
    expect(counters[1]).toBe(2);
  });

  it('gives the notification of a waiter that is killed before it has the lock again to another', async () => {
    const condition = keep(new Condition());
    const victims = await sleepers(condition, ['sync']);
    const others = await sleepers(condition, ['sync', 'async']);
    condition.acquireSync();
    condition.notify(1);
    condition.notify(1);
    // Whoever they are for, nobody can have the lock, so nobody has taken them.
    victims[0]?.kill();
    await victims[0]?.join();
    condition.release();
    await until(() => counters[1] === 2, 'both notifications have arrived');
    for (const other of others) await other.join();
    expect(inspect(condition)).toBe('Condition { free, 0 waiting }');
  });

  it('tells the next holder when a notified waiter dies with the lock', async () => {
    const condition = keep(new Condition());
    const victim = start(work.waitAndStay, condition, counters);
    await until(() => counters[0] === 1, 'it waits');
    condition.withSync(() => condition.notify());
    await until(() => counters[1] === 1, 'it has the lock');
    victim.kill();
    await condition.acquire();
    expect(condition.abandoned).toBe(true);
    condition.release();
  });

  it.each([Lock, RLock])('uses the lock that it is given, in other processes, too', async (Class) => {
    const lock = keep(new Class());
    const condition = keep(new Condition(lock));
    const children = await sleepers(condition, ['sync', 'async']);
    lock.acquireSync();
    expect(condition.locked).toBe(true);
    condition.notifyAll();
    await sleep(20);
    expect(counters[1]).toBe(0);
    lock.release();
    for (const child of children) await child.join();
    expect(counters[1]).toBe(2);
  });

  it('is found by its name, with its lock', async () => {
    const name = freshName();
    const condition = new Condition(undefined, { name });
    const same = Condition.open(name);
    condition.acquireSync();
    expect(same.locked).toBe(true);
    const waiting = condition.wait();
    await same.with(() => same.notify());
    expect(await waiting).toBe(true);
    condition.release();
    expect(inspect(same)).toBe(`Condition "${name}" { free, 0 waiting }`);
    condition.close();
    same.close();
    expect(filesOf(name)).toEqual([]);
  });

  it('travels as a handle, with its own lock or another', () => {
    const lock = keep(new Lock());
    for (const condition of [keep(new Condition()), keep(new Condition(lock))]) {
      const same = keep(fromHandle(toHandle(condition)) as Condition);
      same.acquireSync();
      expect(condition.locked).toBe(true);
      same.release();
    }
    expect(lock.locked).toBe(false);
  });

  it('ends its waits when it is closed, and leaves no waiter behind', async () => {
    const condition = new Condition();
    const other = keep(fromHandle(toHandle(condition)) as Condition);
    const waiting = condition.with(() => condition.wait());
    await until(() => inspect(other).includes('1 waiting'), 'it waits');
    condition.close();
    await expect(waiting).rejects.toThrow(ClosedError);
    expect(inspect(other)).toBe('Condition { free, 0 waiting }');
    expect(() => condition.notify()).toThrow(ClosedError);
    expect(inspect(condition)).toBe('Condition { closed }');
  });

  it('refuses to wait or notify without the lock', async () => {
    const condition = keep(new Condition());
    expect(() => condition.notify()).toThrow(StateError);
    expect(() => condition.notifyAll()).toThrow(/notifyAll\(\): this process does not hold the Lock/);
    expect(() => condition.waitSync()).toThrow(StateError);
    await expect(condition.wait()).rejects.toThrow(/wait\(\): this process does not hold/);
    await expect(condition.waitFor(() => true)).rejects.toThrow(StateError);
    expect(() => condition.release()).toThrow(StateError);
  });

  it('refuses what is no lock, no count and no function', async () => {
    expect(() => new Condition({} as Lock)).toThrow(/the lock must be a Lock or an RLock, not object/);
    expect(() => new Condition(keep(new Lock()), { name: freshName() })).toThrow(TypeError);
    const condition = keep(new Condition());
    condition.acquireSync();
    expect(() => condition.notify(-1)).toThrow(RangeError);
    expect(() => condition.notify(1.5)).toThrow(RangeError);
    expect(() => condition.notify('1' as unknown as number)).toThrow(TypeError);
    await expect(condition.waitFor(true as unknown as () => boolean)).rejects.toThrow(TypeError);
    expect(() => condition.waitSync({ signal: new AbortController().signal } as object)).toThrow(TypeError);
    condition.release();
  });
});
