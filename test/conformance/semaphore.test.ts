import { inspect } from 'node:util';

import { expect, it } from 'vitest';

import { type BoundedSemaphore, type Semaphore, StateError } from '../../dist/index.js';
import * as work from '../fixtures/conformance/semaphores.js';
import { until } from '../helpers/leaks.ts';
import { conformance, type World } from '../helpers/parties.ts';
import { counters } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

type AnySemaphore = Semaphore | BoundedSemaphore;

conformance('A Semaphore', (world) => {
  const { make, call } = world;

  it('counts its free permits, and more of them than at its beginning (_TestSemaphore.test_semaphore)', async () => {
    const semaphore = make.semaphore(2);
    await takeAllAndGiveBack(world, semaphore);
    semaphore.release();
    expect(semaphore.value).toBe(3);
    semaphore.release();
    expect(semaphore.value).toBe(4);
  });

  it('waits for as long as it was told, in ms, and no shorter (_TestSemaphore.test_timeout)', async () => {
    const semaphore = make.semaphore(0);
    expect(semaphore.tryAcquire()).toBe(false);
    for (const timeout of [0, 80, 200]) {
      const start = performance.now();
      expect(await call(semaphore, 'acquire', { timeout })).toBe(false);
      expect(performance.now() - start).toBeGreaterThanOrEqual(timeout);
    }
  });

  it('may be released by who has not acquired it (lock_tests.SemaphoreTests.test_release_unacquired)', async () => {
    const semaphore = make.semaphore(1);
    semaphore.release();
    await call(semaphore, 'acquire');
    await call(semaphore, 'acquire');
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });

  it('shows how many permits are free (lock_tests.SemaphoreTests.test_repr)', async () => {
    const semaphore = make.semaphore(3);
    expect(inspect(semaphore)).toBe('Semaphore { 3 of 3 free }');
    await call(semaphore, 'acquire');
    expect(inspect(semaphore)).toBe('Semaphore { 2 of 3 free }');
    semaphore.release();
    semaphore.release();
    expect(inspect(semaphore)).toBe('Semaphore { 4 free }');
  });

  anySemaphore('SemaphoreTests', world, make.semaphore);
});

conformance('A BoundedSemaphore', (world) => {
  const { make, call } = world;

  it('counts its free permits, and refuses one too many (_TestSemaphore.test_bounded_semaphore)', async () => {
    const semaphore = make.boundedSemaphore(2);
    await takeAllAndGiveBack(world, semaphore);
    // Python: ValueError.
    expect(() => semaphore.release()).toThrow(StateError);
    expect(semaphore.value).toBe(2);
  });

  it('refuses a release without an acquisition (lock_tests.BoundedSemaphoreTests.test_release_unacquired)', async () => {
    const semaphore = make.boundedSemaphore();
    expect(() => semaphore.release()).toThrow(StateError);
    await call(semaphore, 'acquire');
    semaphore.release();
    expect(() => semaphore.release()).toThrow(StateError);
  });

  it('shows how many of its permits are free (lock_tests.BoundedSemaphoreTests.test_repr)', async () => {
    const semaphore = make.boundedSemaphore(3);
    expect(inspect(semaphore)).toBe('BoundedSemaphore { 3 of 3 free }');
    await call(semaphore, 'acquire');
    expect(inspect(semaphore)).toBe('BoundedSemaphore { 2 of 3 free }');
    semaphore.release();
  });

  anySemaphore('BoundedSemaphoreTests', world, make.boundedSemaphore);
});

async function takeAllAndGiveBack({ call }: World, semaphore: AnySemaphore): Promise<void> {
  expect(semaphore.value).toBe(2);
  expect(await call(semaphore, 'acquire')).toBe(true);
  expect(semaphore.value).toBe(1);
  expect(await call(semaphore, 'acquire')).toBe(true);
  expect(semaphore.value).toBe(0);
  expect(semaphore.tryAcquire()).toBe(false);
  expect(semaphore.value).toBe(0);
  expect(semaphore.release()).toBeUndefined();
  expect(semaphore.value).toBe(1);
  expect(semaphore.release()).toBeUndefined();
  expect(semaphore.value).toBe(2);
}

/** What CPython's BaseSemaphoreTests ask of both. */
function anySemaphore(tests: string, { call, others, othersEnd }: World, make: (value?: number) => AnySemaphore): void {
  it(`refuses values that are none (lock_tests.${tests}.test_constructor)`, () => {
    // Python: ValueError.
    for (const value of [-1, -Number.MAX_SAFE_INTEGER, 1.5]) expect(() => make(value)).toThrow(RangeError);
    expect(() => make('1' as never)).toThrow(TypeError);
  });

  it(`gives as many permits as it has (lock_tests.${tests}.test_acquire)`, async () => {
    for (const value of [1, 2]) {
      const semaphore = make(value);
      for (let i = 0; i < value; i++) expect(await call(semaphore, 'acquire')).toBe(true);
      for (let i = 0; i < value; i++) semaphore.release();
      expect(semaphore.value).toBe(value);
    }
  });

  it(`may be closed while a permit is held (lock_tests.${tests}.test_acquire_destroy)`, async () => {
    const semaphore = make();
    await call(semaphore, 'acquire');
    expect(() => semaphore.close()).not.toThrow();
  });

  it(`lets as many go on as permits are released, and no more (lock_tests.${tests}.test_acquire_contended)`, async () => {
    const value = 7;
    const semaphore = make(value);
    await call(semaphore, 'acquire');
    await others(10, work.acquireTwice, semaphore, counters);
    const got = (): number[] => [...counters.subarray(1, 4)];
    const reaches = async (expected: readonly number[]): Promise<void> => {
      await until(() => got().join() === expected.join(), `the counts are ${expected.join()}, not ${got().join()}`);
      await sleep(30);
      expect(got()).toEqual(expected);
    };
    await reaches([value - 1, 0, 0]);
    Atomics.store(counters, 0, 1);
    for (let i = 0; i < value; i++) semaphore.release();
    await reaches([value - 1, value, 0]);
    Atomics.store(counters, 0, 2);
    for (let i = 0; i < value - 1; i++) semaphore.release();
    await reaches([value - 1, value, value - 1]);
    expect(semaphore.tryAcquire()).toBe(false);
    semaphore.release();
    await reaches([value - 1, value, value]);
    Atomics.store(counters, 7, 1);
    await othersEnd();
  });

  it(`gives no more to tries than it has (lock_tests.${tests}.test_try_acquire)`, () => {
    const semaphore = make(2);
    expect([1, 2, 3].map(() => semaphore.tryAcquire())).toEqual([true, true, false]);
    semaphore.release();
    expect(semaphore.tryAcquire()).toBe(true);
  });

  it(`gives no more to the tries of all together than it has (lock_tests.${tests}.test_try_acquire_contended)`, async () => {
    const semaphore = make(4);
    await call(semaphore, 'acquire');
    await others(5, work.tryTwice, semaphore, counters);
    await until(() => Number(counters[1]) + Number(counters[2]) === 10, 'all have tried');
    expect([...counters.subarray(1, 3)]).toEqual([3, 7]);
    Atomics.store(counters, 7, 1);
    await othersEnd();
    // Python: what a process holds when it ends is lost. Here it comes back.
    expect(semaphore.value).toBe(3);
  });

  it(`waits in vain for as long as it was told (lock_tests.${tests}.test_acquire_timeout)`, async () => {
    const semaphore = make(2);
    const acquire = (timeout: number): Promise<boolean> => call(semaphore, 'acquire', { timeout });
    expect([await acquire(5), await acquire(5), await acquire(5)]).toEqual([true, true, false]);
    semaphore.release();
    expect(await acquire(5)).toBe(true);
    const start = performance.now();
    expect(await acquire(200)).toBe(false);
    expect(performance.now() - start).toBeGreaterThanOrEqual(200);
  });

  it(`has one permit unless told otherwise (lock_tests.${tests}.test_default_value)`, async () => {
    const semaphore = make();
    await call(semaphore, 'acquire');
    await others(1, work.acquireAndRelease, semaphore, counters);
    await sleep(50);
    expect(counters[0]).toBe(0);
    semaphore.release();
    await othersEnd();
    expect(counters[0]).toBe(1);
  });

  it(`has its permits back after functions that used them, whatever they threw (lock_tests.${tests}.test_with)`, async () => {
    const semaphore = make(2);
    const use = (inside: () => void): Promise<void> => call(semaphore, 'with', inside);
    await use(() => {
      expect(semaphore.tryAcquire()).toBe(true);
      semaphore.release();
      semaphore.withSync(() => expect(semaphore.tryAcquire()).toBe(false));
    });
    expect(semaphore.value).toBe(2);
    const failing = (): never => {
      throw new TypeError('inside');
    };
    await expect(use(() => semaphore.withSync(failing))).rejects.toThrow('inside');
    expect(semaphore.value).toBe(2);
  });
}
