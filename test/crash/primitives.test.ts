import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Barrier, BrokenBarrierError, Condition, Lock, Semaphore } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/dying.js';
import { dying, expectKilled } from '../helpers/dying.ts';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

describe('A Semaphore', () => {
  it.each(['permits.acquired', 'permits.guarded', 'permits.taken', 'permits.given', 'permits.released'])(
    'has all its permits back when a holder dies at %s, and those who wait get them',
    async (point) => {
      const semaphore = keep(new Semaphore(2));
      await semaphore.acquire();
      await expectKilled(dying(point, work.takeAndRelease, semaphore));
      const waiting = [semaphore.acquire(), semaphore.acquire()];
      await waiting[0];
      expect(inspect(semaphore)).toBe('Semaphore { 0 of 2 free }');
      semaphore.release();
      await waiting[1];
      for (const left of [1, 2]) {
        semaphore.release();
        expect(semaphore.value).toBe(left);
      }
    },
  );

  it.each(['permits.back', 'permits.counted'])(
    'has the permit of a dead holder back although who takes it back dies at %s',
    async (point) => {
      const semaphore = keep(new Semaphore(1));
      await start(work.takeAlong, semaphore).join();
      await expectKilled(dying(point, work.takeAndRelease, semaphore));
      expect(semaphore.value).toBe(1);
      expect(semaphore.tryAcquire()).toBe(true);
      expect(semaphore.tryAcquire()).toBe(false);
      semaphore.release();
      expect(semaphore.value).toBe(1);
    },
  );

  it('counts on when who makes a signal of it dies before it has released', async () => {
    const semaphore = keep(new Semaphore(1));
    semaphore.acquireSync();
    await expectKilled(dying('permits.signal', work.releaseOnly, semaphore));
    expect(semaphore.value).toBe(0);
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });
});

describe('A Condition', () => {
  // Flows of one process exclude each other by a Lock only.
  const makeCondition = (): Condition => keep(new Condition(keep(new Lock())));

  /** Two waits of this process, each ended by one notification, neither by none. */
  async function expectOneByOne(condition: Condition): Promise<void> {
    let ended = 0;
    const waits = [1, 2].map(async () => {
      await condition.acquire();
      const waiting = condition.wait();
      expect(await waiting).toBe(true);
      ended++;
      condition.release();
    });
    await until(() => inspect(condition) === 'Condition { free, 2 waiting }', 'both wait');
    for (const notified of [1, 2]) {
      await sleep(30);
      expect(ended).toBe(notified - 1);
      condition.withSync(() => condition.notify());
      await until(() => ended === notified, 'one is woken');
    }
    await Promise.all(waits);
    expect(inspect(condition)).toBe('Condition { free, 0 waiting }');
  }

  it.each([
    ['condition.joined', 0],
    ['condition.left', 20],
  ])('forgets a wait that dies at %s', async (point, timeout) => {
    const condition = makeCondition();
    await expectKilled(dying(point, work.waitOnce, condition, counters, timeout));
    await expectOneByOne(condition);
  });

  it('forgets a wait that dies at condition.taken, with the notification that has ended it', async () => {
    const condition = makeCondition();
    const child = dying('condition.taken', work.waitOnce, condition, counters, 60_000);
    await until(() => counters[0] === 1, 'the child waits');
    condition.withSync(() => condition.notify());
    await expectKilled(child);
    await expectOneByOne(condition);
  });

  it('wakes the one whose notifier dies at condition.granted', async () => {
    const condition = makeCondition();
    await condition.acquire();
    const waiting = condition.wait();
    await sleep(50);
    await expectKilled(dying('condition.granted', work.notifyOne, condition));
    expect(await waiting).toBe(true);
    condition.release();
    await expectOneByOne(condition);
  });
});

describe('A Barrier', () => {
  it.each(['barrier.arrived', 'barrier.counted'])('is broken by a party that dies at %s', async (point) => {
    const barrier = keep(new Barrier(3));
    const waiting = barrier.wait();
    const failed = waiting.catch((error: unknown) => error);
    await expectKilled(dying(point, work.arrive, barrier));
    expect(await failed).toBeInstanceOf(BrokenBarrierError);
    barrier.reset();
    expect(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()])).toEqual([0, 1, 2]);
  });

  it.each(['barrier.moved', 'barrier.ended'])('is passed by the others when the last dies at %s', async (point) => {
    const barrier = keep(new Barrier(2));
    const waiting = barrier.wait();
    await sleep(50);
    await expectKilled(dying(point, work.arrive, barrier));
    expect(await waiting).toBe(0);
    expect(barrier.nWaiting).toBe(0);
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
  });

  it.each([
    ['barrier.broken', work.breakIt],
    ['barrier.moved', work.resetIt],
    ['barrier.ended', work.resetIt],
  ] as const)('lets go of those who wait when who breaks or resets it dies at %s', async (point, target) => {
    const barrier = keep(new Barrier(2));
    const waiting = barrier.wait();
    const failed = waiting.catch((error: unknown) => error);
    await sleep(50);
    await expectKilled(dying(point, target, barrier));
    expect(await failed).toBeInstanceOf(BrokenBarrierError);
    expect(barrier.broken).toBe(point === 'barrier.broken');
    barrier.reset();
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
  });
});
