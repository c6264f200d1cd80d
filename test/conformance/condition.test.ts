import { expect, it } from 'vitest';

import { type Condition, StateError } from '../../dist/index.js';
import * as work from '../fixtures/conformance/conditions.js';
import { until } from '../helpers/leaks.ts';
import { BOTH, conformance, PROCESSES, THREADS } from '../helpers/parties.ts';
import { counters } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

const MANY = 6;
const [SLEEPING, WOKEN, LATE] = [0, 1, 2];

conformance(
  'A Condition',
  ({ make, others, othersEnd, call }) => {
    const count = (place: number): number => Atomics.load(counters, place);

    /** Acquires, changes something, releases. With the lock held, all who counted themselves do wait. */
    async function holding(condition: Condition, use: () => unknown): Promise<void> {
      expect(await call(condition, 'acquire')).toBe(true);
      use();
      condition.release();
    }

    /** That many have been notified in all, and no more. */
    async function expectWoken(expected: number): Promise<void> {
      await until(() => count(WOKEN) >= expected, `${expected} are woken`);
      await sleep(40);
      expect(count(WOKEN)).toBe(expected);
    }

    async function sleepers(condition: Condition, many: number, timeout?: number): Promise<void> {
      await others(many, work.sleepOnce, condition, counters, timeout);
      await until(() => count(SLEEPING) === many, 'all sleep');
      await holding(condition, () => undefined);
      if (timeout === undefined) await expectWoken(0);
    }

    it('wakes one for each notification (_TestCondition.test_notify)', async () => {
      const condition = make.condition();
      await sleepers(condition, 2);
      await holding(condition, () => condition.notify());
      await expectWoken(1);
      await holding(condition, () => condition.notify());
      await expectWoken(2);
      await othersEnd();
    });

    it('wakes all at once, those not who have given up before (_TestCondition.test_notify_all)', async () => {
      const condition = make.condition();
      await sleepers(condition, MANY, 100);
      await othersEnd();
      expect([count(WOKEN), count(LATE)]).toEqual([0, MANY]);
      counters.fill(0);
      await sleepers(condition, MANY);
      await holding(condition, () => condition.notifyAll());
      await expectWoken(MANY);
      await othersEnd();
    });

    it('wakes as many as it is told to, and nobody is no error (_TestCondition.test_notify_n)', async () => {
      const condition = make.condition();
      await sleepers(condition, MANY);
      await holding(condition, () => condition.notify(2));
      await expectWoken(2);
      await holding(condition, () => condition.notify(4));
      await expectWoken(6);
      await othersEnd();
      await holding(condition, () => condition.notify(3));
      // And that was not kept for later.
      await call(condition, 'acquire');
      expect(await call(condition, 'wait', { timeout: 20 })).toBe(false);
      condition.release();
    });

    it('is waited for as long as that was told, in ms, and no shorter (_TestCondition.test_timeout)', async () => {
      const condition = make.condition();
      await call(condition, 'acquire');
      const start = performance.now();
      expect(await call(condition, 'wait', { timeout: 150 })).toBe(false);
      expect(performance.now() - start).toBeGreaterThanOrEqual(150);
      condition.release();
    });

    it('is waited for until something is so (_TestCondition.test_waitfor; lock_tests.ConditionTests.test_waitfor)', async () => {
      const condition = make.condition();
      counters[0] = -1;
      await others(1, work.waitForFour, condition, counters);
      await call(condition, 'acquire');
      expect(await call(condition, 'waitFor', () => counters[0] === 0)).toBe(true);
      expect(counters[0]).toBe(0);
      condition.release();
      for (let i = 0; i < 4; i++) {
        await sleep(10);
        await holding(condition, () => {
          counters[0] = count(0) + 1;
          condition.notify();
        });
      }
      await othersEnd();
    });

    it('says that something was not so in time (_TestCondition.test_waitfor_timeout; lock_tests.ConditionTests.test_waitfor_timeout)', async () => {
      const condition = make.condition();
      await others(1, work.waitForFourInVain, condition, counters, 150);
      await until(() => count(2) === 1, 'the other waits');
      for (let i = 0; i < 3; i++) {
        await sleep(10);
        await holding(condition, () => {
          counters[0] = count(0) + 1;
          condition.notify();
        });
      }
      await othersEnd();
      expect(counters[1]).toBe(1);
    });

    it('returns whether it was notified, and is interrupted by a signal with the lock held (_TestCondition.test_wait_result)', async () => {
      const condition = make.condition();
      await call(condition, 'acquire');
      expect(await call(condition, 'wait', { timeout: 0 })).toBe(false);
      expect(await call(condition, 'wait', { timeout: 50 })).toBe(false);
      await others(1, work.notifyAndInterrupt, condition, counters, process.pid);
      expect(await call(condition, 'wait', { timeout: 60_000 })).toBe(true);
      // Python interrupts a blocking wait by KeyboardInterrupt. Here the signals of Node end those that are promises.
      const controller = new AbortController();
      process.once('SIGUSR2', () => controller.abort(new Error('interrupted')));
      counters[1] = 1;
      await expect(condition.wait({ signal: controller.signal })).rejects.toThrow('interrupted');
      expect(condition.locked).toBe(true);
      condition.release();
      expect(condition.locked).toBe(false);
      await othersEnd();
    });

    // Python's own lock is an RLock, ours a Lock: recursion needs an RLock.
    it('is held at any depth of an RLock, or as the Lock that it was given (lock_tests.ConditionTests.test_acquire)', async () => {
      const own = make.condition(make.rLock());
      await call(own, 'acquire');
      await call(own, 'acquire');
      own.release();
      own.release();
      const lock = make.lock();
      const condition = make.condition(lock);
      await call(condition, 'acquire');
      expect(lock.tryAcquire()).toBe(false);
      condition.release();
      expect(lock.tryAcquire()).toBe(true);
      expect(condition.tryAcquire()).toBe(false);
      lock.release();
      await call(condition, 'with', () => expect(lock.tryAcquire()).toBe(false));
      expect(lock.locked).toBe(false);
    });

    it('refuses a wait without the lock (lock_tests.ConditionTests.test_unacquired_wait)', async () => {
      await expect(call(make.condition(), 'wait')).rejects.toThrow(StateError);
    });

    it('refuses a notification without the lock (lock_tests.ConditionTests.test_unacquired_notify)', () => {
      const condition = make.condition();
      expect(() => condition.notify()).toThrow(StateError);
      expect(() => condition.notifyAll()).toThrow(StateError);
    });

    it('wakes neither more nor others than those who wait, time after time (lock_tests.ConditionTests.test_notify)', async () => {
      const condition = make.condition();
      const [all, some] = [5, 3];
      const ended = (phase: number): number[] => [count(2 + phase), count(6 + phase)];
      for (let time = 0; time < 2; time++) {
        counters.fill(0);
        await others(all, work.sleepTwice, condition, counters);
        await until(() => count(0) === all, 'all are in their first wait');
        await holding(condition, () => {
          Atomics.store(counters, 1, 1);
          condition.notify(some);
        });
        await until(() => count(0) === all + some, 'those are in their second wait');
        await sleep(30);
        expect(ended(1)).toEqual([some, 0]);
        await holding(condition, () => {
          Atomics.store(counters, 1, 2);
          condition.notify(all);
        });
        await until(() => count(0) === 2 * all, 'the others are in their second wait');
        await until(() => count(8) === some, 'those are notified, too');
        expect(ended(2)).toEqual([all - some, some]);
        await holding(condition, () => {
          Atomics.store(counters, 1, 3);
          condition.notifyAll();
        });
        await othersEnd();
        expect([ended(1), ended(2), ended(3)]).toEqual([
          [some, 0],
          [all - some, some],
          [0, all - some],
        ]);
      }
    });

    it('is waited for in vain by many for as long as that was told (lock_tests.ConditionTests.test_timeout)', async () => {
      const condition = make.condition();
      await sleepers(condition, 5, 200);
      await othersEnd();
      expect([count(WOKEN), count(LATE)]).toEqual([0, 5]);
    });
  },
  [PROCESSES, THREADS, BOTH],
);
