import { inspect } from 'node:util';

import { expect, it } from 'vitest';

import { type Lock, type RLock, StateError } from '../../dist/index.js';
import { call as inForm } from '../fixtures/conformance/forms.js';
import * as work from '../fixtures/conformance/locks.js';
import { until } from '../helpers/leaks.ts';
import { conformance, type World } from '../helpers/parties.ts';
import { counters } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

conformance('A Lock', (world) => {
  const { form, make, others, othersEnd, call } = world;

  it('is acquired once only, and released once only (_TestLock.test_lock)', async () => {
    const lock = make.lock();
    expect(await call(lock, 'acquire')).toBe(true);
    expect(lock.tryAcquire()).toBe(false);
    expect(lock.release()).toBeUndefined();
    // Python: ValueError.
    expect(() => lock.release()).toThrow(StateError);
  });

  it('is held for the time of a function (_TestLock.test_lock_context)', async () => {
    const lock = make.lock();
    expect(await call(lock, 'with', () => lock.locked)).toBe(true);
    expect(lock.locked).toBe(false);
  });

  it('is acquired by one flow when another flow of the same process has released it (lock_tests.LockTests.test_reacquire)', async () => {
    const lock = make.lock();
    await call(lock, 'acquire');
    // Python blocks for ever; here a blocking call that would wait for its own thread is refused.
    if (form === 'sync') expect(() => lock.acquireSync()).toThrow(StateError);
    let again = false;
    const second = lock.acquire().then(() => (again = true));
    await sleep(20);
    expect(again).toBe(false);
    lock.release();
    await second;
    lock.release();
  });

  it('is released by nobody but its holder (lock_tests.LockTests.test_different_thread)', async () => {
    const lock = make.lock();
    await call(lock, 'acquire');
    // Python lets any thread release a Lock.
    await others(1, work.releaseOfAnother, lock, counters);
    await othersEnd();
    expect(counters[0]).toBe(1);
    expect(lock.locked).toBe(true);
    lock.release();
    expect(await call(lock, 'acquire')).toBe(true);
    lock.release();
  });

  it('is as it was after a wait in vain (lock_tests.LockTests.test_state_after_timeout)', async () => {
    const lock = make.lock();
    await others(1, work.hold, lock, counters);
    await until(() => counters[0] === 1, 'another holds it');
    expect(await call(lock, 'acquire', { timeout: 10 })).toBe(false);
    Atomics.store(counters, 1, 1);
    await othersEnd();
    expect(lock.locked).toBe(false);
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  anyLock('LockTests', world, () => make.lock());
});

conformance('An RLock', (world) => {
  const { make, others, othersEnd, call } = world;

  it('is released as often as it was acquired, and no more (_TestLock.test_rlock)', async () => {
    const lock = make.rLock();
    for (let i = 0; i < 3; i++) expect(await call(lock, 'acquire')).toBe(true);
    for (let i = 0; i < 3; i++) expect(lock.release()).toBeUndefined();
    expect(() => lock.release()).toThrow(StateError);
  });

  it('may be acquired again by its holder at any depth (lock_tests.RLockTests.test_reacquire)', async () => {
    const lock = make.rLock();
    await call(lock, 'acquire');
    await call(lock, 'acquire');
    lock.release();
    await call(lock, 'acquire');
    lock.release();
    expect(lock.locked).toBe(true);
    lock.release();
    expect(lock.locked).toBe(false);
  });

  it('is not released by who does not hold it (lock_tests.RLockTests.test_release_unacquired)', async () => {
    const lock = make.rLock();
    expect(() => lock.release()).toThrow(StateError);
    for (const change of ['acquire', 'acquire', 'release', 'acquire', 'release', 'release']) {
      if (change === 'acquire') await call(lock, 'acquire');
      else lock.release();
    }
    expect(() => lock.release()).toThrow(StateError);
  });

  it('is not given up for a wait by who does not hold it (lock_tests.RLockTests.test_release_save_unacquired)', async () => {
    const lock = make.rLock();
    const condition = make.condition(lock);
    await expect(call(condition, 'wait', { timeout: 0 })).rejects.toThrow(StateError);
    await call(lock, 'acquire');
    lock.release();
    await expect(call(condition, 'wait', { timeout: 0 })).rejects.toThrow(StateError);
  });

  it('says how often it is held, and by whom (lock_tests.RLockTests.test_recursion_count)', async () => {
    const lock = make.rLock();
    expect(inspect(lock)).toBe('RLock { free }');
    await call(lock, 'acquire');
    expect(inspect(lock)).toMatch(/held by: /);
    await call(lock, 'acquire');
    await call(lock, 'acquire');
    expect(inspect(lock)).toMatch(/held 3 times by: /);
    lock.release();
    expect(inspect(lock)).toMatch(/held 2 times by: /);
    lock.release();
    lock.release();
    expect(inspect(lock)).toBe('RLock { free }');
  });

  it('is released by nobody but its holder (lock_tests.RLockTests.test_different_thread)', async () => {
    const lock = make.rLock();
    await others(1, work.hold, lock, counters);
    await until(() => counters[0] === 1, 'another holds it');
    expect(() => lock.release()).toThrow(StateError);
    Atomics.store(counters, 1, 1);
    await othersEnd();
  });

  it('tells its holder from all others (lock_tests.RLockTests.test__is_owned)', async () => {
    const lock = make.rLock();
    await call(lock, 'acquire');
    await call(lock, 'acquire');
    await others(1, work.releaseOfAnother, lock, counters);
    await othersEnd();
    expect(counters[0]).toBe(1);
    lock.release();
    lock.release();
    expect(lock.locked).toBe(false);
  });

  anyLock('RLockTests', world, () => make.rLock());
});

/** What CPython's BaseLockTests ask of both. */
function anyLock(tests: string, { form, others, othersEnd, call }: World, make: () => Lock | RLock): void {
  it(`is free when it is made (lock_tests.${tests}.test_constructor)`, () => {
    expect(make().locked).toBe(false);
  });

  it(`shows whether it is free (lock_tests.${tests}.test_repr; lock_tests.${tests}.test_locked_repr)`, async () => {
    const lock = make();
    expect(inspect(lock)).toMatch(/Lock \{ free \}$/);
    await call(lock, 'acquire');
    expect(inspect(lock)).toMatch(/Lock \{ held by: .*\(pid \d+\) \}$/);
    lock.release();
  });

  it(`may be closed while it is held (lock_tests.${tests}.test_acquire_destroy)`, async () => {
    const lock = make();
    await call(lock, 'acquire');
    expect(() => lock.close()).not.toThrow();
  });

  it(`is free again after its release (lock_tests.${tests}.test_acquire_release; lock_tests.${tests}.test_try_acquire)`, async () => {
    const lock = make();
    await call(lock, 'acquire');
    lock.release();
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
    expect(lock.locked).toBe(false);
  });

  it(`is not acquired by a try while another holds it (lock_tests.${tests}.test_try_acquire_contended)`, async () => {
    const lock = make();
    await call(lock, 'acquire');
    await others(1, work.tryOnce, lock, counters);
    await othersEnd();
    expect(counters[0]).toBe(2);
    lock.release();
  });

  it(`goes to one after the other of those who wait (lock_tests.${tests}.test_acquire_contended)`, async () => {
    const lock = make();
    await call(lock, 'acquire');
    await others(5, work.takeAndRelease, lock, counters);
    await sleep(50);
    expect(counters[0]).toBe(0);
    lock.release();
    await othersEnd();
    expect(counters[0]).toBe(5);
  });

  it(`is free after a function that used it, whatever that threw (lock_tests.${tests}.test_with)`, async () => {
    const lock = make();
    await call(lock, 'with', () => undefined);
    await others(1, work.takeAndRelease, lock, counters);
    await othersEnd();
    const failing = (): never => {
      throw new TypeError('inside');
    };
    await expect(call(lock, 'with', failing)).rejects.toThrow('inside');
    await others(1, work.takeAndRelease, lock, counters);
    await othersEnd();
    expect(counters[0]).toBe(2);
  });

  it(`waits for as long as it was told, in ms, and no shorter (lock_tests.${tests}.test_timeout)`, async () => {
    const lock = make();
    expect(() => inForm(form, lock, 'acquire', { timeout: 1 })).not.toThrow();
    lock.release();
    await expect(call(lock, 'acquire', { timeout: -100 })).rejects.toThrow(RangeError);
    await expect(call(lock, 'acquire', { timeout: NaN })).rejects.toThrow(RangeError);
    // Python: OverflowError. Here any time is good, and Infinity is for ever.
    for (const timeout of [1e100, Infinity, 5000]) {
      expect(await call(lock, 'acquire', { timeout })).toBe(true);
      lock.release();
    }
    await call(lock, 'acquire');
    await others(1, work.acquireInVain, lock, counters, 300);
    await othersEnd();
    expect(counters[0]).toBe(2);
    expect(counters[1]).toBeGreaterThanOrEqual(300);
    lock.release();
  });
}
