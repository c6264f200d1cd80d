import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import {
  Barrier,
  ClosedError,
  Condition,
  fromHandle,
  Lock,
  Process,
  RLock,
  Semaphore,
  toHandle,
} from '../../dist/index.js';
import type { Arena } from '../../dist/memory/arena.js';
import { layout } from '../../dist/memory/layout.js';
import * as work from '../fixtures/synchronize/odd-moments.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

function another<T extends Barrier | Condition>(object: T): T {
  return keep(fromHandle<T>(toHandle(object)));
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

// A sleeper asks every 75 ms whether others live: without a wake these take longer than a test may.
describe.each(['sync', 'async'])('Who sleeps, %s,', (form) => {
  const times = 800;
  const count = (): number => Atomics.load(counters, 0);

  it('for a permit is woken by a release', async () => {
    const semaphore = keep(new Semaphore(0));
    const child = start(work.sleepForPermits, form, semaphore, counters, times);
    for (let i = 1; i <= times; i++) {
      await sleep(1);
      semaphore.release();
      while (count() !== i) await new Promise(setImmediate);
    }
    await child.join();
    expect(child.exitCode).toBe(0);
  });

  it('for a notification is woken by it', async () => {
    const condition = keep(new Condition());
    const child = start(work.sleepForNotifications, form, condition, counters, times);
    for (let i = 1; i <= times; i++) {
      while (count() !== i) await new Promise(setImmediate);
      await sleep(1);
      condition.acquireSync();
      condition.notify();
      condition.release();
    }
    await child.join();
    expect(child.exitCode).toBe(0);
  });
});

describe('Condition', () => {
  it('takes nobody his notification when it was closed while a wait of it wanted the lock back', async () => {
    const lock = keep(new Lock());
    const condition = keep(new Condition(lock));
    const other = another(condition);
    await other.acquire();
    const closed = condition.wait();
    await other.acquire();
    other.notify();
    await sleep(20);
    condition.close();
    const waiting = other.wait();
    lock.acquireSync();
    other.notify();
    lock.release();
    await expect(closed).rejects.toThrow(ClosedError);
    lock.release();
    expect(await waiting).toBe(true);
    other.release();
  });

  it('counts no wait any more that failed because the lock was closed', async () => {
    const lock = keep(new Lock());
    const condition = keep(new Condition(lock));
    const other = another(condition);
    await condition.acquire();
    const waiting = condition.wait();
    lock.close();
    await other.acquire();
    other.notify();
    other.release();
    await expect(waiting).rejects.toThrow(ClosedError);
    expect(inspect(other)).toBe('Condition { free, 0 waiting }');
  });

  it('lets go of nothing when it is closed that was acquired by another object of its lock', async () => {
    for (const lock of [keep(new Lock()), keep(new RLock())]) {
      const other = another(keep(new Condition(lock)));
      lock.acquireSync();
      expect(other.waitSync({ timeout: 0 })).toBe(false);
      expect(await other.wait({ timeout: 1 })).toBe(false);
      lock.release();
      lock.acquireSync();
      other.close();
      expect(lock.locked).toBe(true);
      lock.release();
    }
  });

  it('keeps no notification of one who has died for a wait that begins later', async () => {
    const condition = keep(new Condition());
    condition.acquireSync();
    expect(condition.waitSync({ timeout: 0 })).toBe(false);
    condition.release();
    const child = start(work.waitForNotification, condition, counters);
    await until(() => counters[0] === 1, 'the child waits');
    condition.acquireSync();
    condition.notify();
    child.kill();
    await child.join();
    expect(condition.waitSync({ timeout: 50 })).toBe(false);
    condition.release();
  });

  it('gives a notification to the wait that was there, not to one that begins later in the same process', async () => {
    const condition = keep(new Condition(keep(new RLock())));
    const other = another(condition);
    for (const late of [condition, other]) {
      for (const form of ['sync', 'async']) {
        await condition.acquire();
        const first = condition.wait();
        await late.acquire();
        late.notify();
        const second = form === 'sync' ? late.waitSync({ timeout: 30 }) : late.wait({ timeout: 30 });
        expect(await first).toBe(true);
        expect(await second).toBe(false);
        late.release();
        condition.release();
        expect(inspect(condition)).toBe('Condition { free, 0 waiting }');
      }
    }
  });

  it('begins no wait in the place of a dead one before his notifications are settled', async () => {
    const condition = keep(new Condition());
    const { arena, words } = (condition as unknown as { block: { arena: Arena; words: Int32Array } }).block;
    const child = start(work.beginAndWait, condition, counters);
    await until(() => counters[0] === 1, 'the child is there');
    const participant = arena.participants().find(({ pid }) => pid === child.pid);
    // As if we, just now, settled what a former owner of the child's slot has left.
    const record = 20 + 4 * (Number(participant?.id) & ((1 << layout.slotBits) - 1));
    words[record] = arena.self | layout.waitersBit;
    counters[1] = 1;
    await until(() => counters[0] === 3, 'the child is about to wait');
    await sleep(100);
    expect(words[record]).toBe(arena.self | layout.waitersBit);
    words[record] = 0;
    condition.acquireSync();
    condition.notify();
    condition.release();
    await child.join();
    expect(counters[2]).toBe(1);
  });
});
