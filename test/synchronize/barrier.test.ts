import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Barrier, BrokenBarrierError, ClosedError, fromHandle, TimeoutError, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/conditions.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

describe('Barrier', () => {
  it.each(['sync', 'async'])('lets all go on when all have arrived, again and again, %s', async (form) => {
    const barrier = keep(new Barrier(3));
    const times = 500;
    const children = [1, 2].map(() => start(work.pass, barrier, counters, times, form));
    await work.pass(barrier, counters, times, 'async');
    for (const child of children) {
      await child.join();
      expect(child.exitCode).toBe(0);
    }
    // Each time one came as the first, one as the second, one as the third.
    expect([...counters.slice(4, 7)]).toEqual([times, times, times]);
    expect(inspect(barrier)).toBe('Barrier { 0 of 3 waiting }');
  });

  it('keeps those who have arrived until the last comes', async () => {
    const barrier = keep(new Barrier(3));
    const child = start(work.pass, barrier, counters, 1, 'sync');
    const flow = barrier.wait();
    await until(() => barrier.nWaiting === 2, 'two wait');
    await sleep(60);
    expect(barrier.nWaiting).toBe(2);
    expect(child.isAlive()).toBe(true);
    await barrier.wait();
    await flow;
    await child.join();
    expect(barrier.nWaiting).toBe(0);
    expect([barrier.parties, barrier.broken]).toEqual([3, false]);
  });

  it('calls the action once per pass, when all are there and before any goes on', async () => {
    let calls = 0;
    let gone = 0;
    const action = async () => {
      calls++;
      expect(gone % 3).toBe(0);
      await sleep(5);
      expect(gone % 3).toBe(0);
    };
    const barrier = keep(new Barrier(3, { action }));
    for (let pass = 1; pass <= 4; pass++) {
      await Promise.all([0, 1, 2].map(() => barrier.wait().then(() => gone++)));
      expect(calls).toBe(pass);
    }
  });

  it('lets one who comes while the action runs arrive in the next cycle, or give up without harm', async () => {
    const actions: (() => void)[] = [];
    const action = () => new Promise<void>((resolve) => actions.push(resolve));
    const barrier = keep(new Barrier(2, { action }));
    const pair = [barrier.wait(), barrier.wait()];
    await until(() => actions.length === 1, 'the action runs');
    await expect(barrier.wait({ timeout: 20 })).rejects.toThrow(TimeoutError);
    const next = barrier.wait();
    actions[0]?.();
    expect(await Promise.all(pair)).toEqual([0, 1]);
    const last = barrier.wait();
    await until(() => actions.length === 2, 'the next action runs');
    actions[1]?.();
    expect(await Promise.all([next, last])).toEqual([0, 1]);
  });

  it('has no handle when it has an action of another module', () => {
    expect(() => toHandle(keep(new Barrier(2, { action: work.countAction })))).toThrow(/open it by that/);
  });

  it('breaks for all when the action fails, and throws what it threw to the one that called it', async () => {
    const barrier = keep(
      new Barrier(2, {
        action: () => {
          throw new RangeError('bad action');
        },
      }),
    );
    const first = barrier.wait();
    await expect(barrier.wait()).rejects.toThrow('bad action');
    await expect(first).rejects.toThrow(BrokenBarrierError);
    expect(barrier.broken).toBe(true);
  });

  it('refuses an asynchronous action in the blocking form', () => {
    const barrier = keep(new Barrier(1, { action: () => Promise.reject(new Error('late')) }));
    expect(() => barrier.waitSync()).toThrow(/asynchronous: use wait\(\)/);
    expect(barrier.broken).toBe(true);
  });

  it.each([
    ['of the call', {}, { timeout: 20 }],
    ['of the barrier', { timeout: 20 }, {}],
  ])('breaks when the time %s is over', async (_title, options, wait) => {
    const barrier = keep(new Barrier(3, options));
    const child = start(work.waitForBreak, barrier, counters, 'sync');
    await until(() => barrier.nWaiting === 1 || counters[2] === 1, 'the child waits');
    await expect(barrier.wait(wait)).rejects.toThrow(BrokenBarrierError);
    await child.join();
    expect(counters[2]).toBe(1);
    expect(barrier.broken).toBe(true);
    expect(() => barrier.waitSync()).toThrow(BrokenBarrierError);
    await expect(barrier.wait()).rejects.toThrow(/reset\(\) makes it usable/);
    expect(inspect(barrier)).toBe('Barrier { broken }');
  });

  it('breaks when a wait is aborted, which gets the reason', async () => {
    const barrier = keep(new Barrier(3));
    const other = barrier.wait();
    const controller = new AbortController();
    const waiting = barrier.wait({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(other).rejects.toThrow(BrokenBarrierError);
  });

  it.each(['sync', 'async'])('breaks when a party dies that has arrived, %s', async (form) => {
    const barrier = keep(new Barrier(4));
    const victim = start(work.waitForBreak, barrier, counters, form);
    const others = ['sync', 'async'].map((other) => start(work.waitForBreak, barrier, counters, other));
    await until(() => barrier.nWaiting === 3, 'three wait');
    await sleep(50);
    victim.kill();
    for (const other of others) await other.join();
    expect(counters[2]).toBe(2);
    expect(barrier.broken).toBe(true);
    barrier.reset();
    expect(barrier.broken).toBe(false);
    await Promise.all([0, 1, 2, 3].map(() => barrier.wait()));
  });

  it('is usable again after a reset, which breaks it for those who wait', async () => {
    const barrier = keep(new Barrier(3));
    barrier.reset();
    const children = ['sync', 'async'].map((form) => start(work.waitForBreak, barrier, counters, form));
    await until(() => barrier.nWaiting === 2, 'both wait');
    barrier.reset();
    for (const child of children) await child.join();
    expect(counters[2]).toBe(2);
    expect([barrier.broken, barrier.nWaiting]).toEqual([false, 0]);
    barrier.abort();
    expect(barrier.broken).toBe(true);
    await expect(barrier.wait()).rejects.toThrow(BrokenBarrierError);
    barrier.reset();
    expect(await Promise.all([0, 1, 2].map(() => barrier.wait()))).toEqual([0, 1, 2]);
  });

  it('tells slow parties of a pass, though it was aborted or passed again since', async () => {
    const barrier = keep(new Barrier(2));
    const slow = barrier.wait();
    // Blocks the event loop: the promise above learns of all this only afterwards.
    expect(barrier.waitSync()).toBe(1);
    barrier.abort();
    expect(await slow).toBe(0);
    barrier.reset();
    const lost = barrier.wait();
    barrier.reset();
    await expect(lost).rejects.toThrow(BrokenBarrierError);
  });

  it('is found by its name, and travels as a handle', async () => {
    const name = freshName();
    const barrier = new Barrier(2, { name, timeout: 10_000 });
    let calls = 0;
    const same = Barrier.open(name, { action: () => calls++ });
    expect(same.parties).toBe(2);
    const waiting = barrier.wait();
    expect(await same.wait()).toBe(1);
    await waiting;
    expect(calls).toBe(1);
    expect(inspect(same)).toBe(`Barrier "${name}" { 0 of 2 waiting }`);
    barrier.close();
    same.close();
    expect(filesOf(name)).toEqual([]);
    const kept = keep(new Barrier(2, { timeout: 20 }));
    const attached = keep(fromHandle(toHandle(kept)) as Barrier);
    await Promise.all([kept.wait(), attached.wait()]);
    await expect(attached.wait()).rejects.toThrow('The time is over');
  });

  it('travels with its action, which one of the parties calls', async () => {
    const barrier = keep(new Barrier(2, { action: work.countAction }));
    const times = 100;
    const child = start(work.passAndCount, barrier, counters, times);
    await work.pass(barrier, counters, times, 'async');
    await child.join();
    expect(work.actions + (counters[7] as number)).toBe(times);
  });

  it('breaks for the others when an object with waits is closed', async () => {
    const barrier = new Barrier(3);
    const other = keep(fromHandle(toHandle(barrier)) as Barrier);
    const waiting = barrier.wait();
    const others = other.wait();
    barrier.close();
    await expect(waiting).rejects.toThrow(ClosedError);
    await expect(others).rejects.toThrow(BrokenBarrierError);
    expect(() => barrier.nWaiting).toThrow(ClosedError);
  });

  it('refuses wrong parties, actions and times', () => {
    expect(() => new Barrier(0)).toThrow(RangeError);
    expect(() => new Barrier(1.5)).toThrow(RangeError);
    expect(() => new Barrier('2' as unknown as number)).toThrow(TypeError);
    expect(() => new Barrier(2, { action: 1 as unknown as () => void })).toThrow(/action must be a function/);
    expect(() => new Barrier(2, { timeout: -1 })).toThrow(RangeError);
    expect(() => new Barrier(2, { act: 1 } as object)).toThrow(/no option "act"/);
  });
});
