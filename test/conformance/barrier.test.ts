import { inspect } from 'node:util';

import { expect, it } from 'vitest';

import { type Barrier, FloatChannel } from '../../dist/index.js';
import * as work from '../fixtures/conformance/barriers.js';
import { until } from '../helpers/leaks.ts';
import { conformance } from '../helpers/parties.ts';
import { counters, keep } from '../helpers/primitives.ts';
import { freshName } from '../helpers/shared-memory.ts';

const PARTIES = 5;
/** Only so that a fault ends a test. */
const TIMEOUT = 60_000;
const PASSES = 1000;

conformance('A Barrier', ({ form, make, others, othersEnd, call }) => {
  const makeBarrier = (): Barrier => make.barrier(PARTIES, { timeout: TIMEOUT });
  const words = (): number[] => [...counters.subarray(0, 3)];

  /** The others and this process do the same. */
  async function together<A extends unknown[]>(
    does: (form: string, ...args: A) => Promise<unknown>,
    ...args: A
  ): Promise<void> {
    await others(PARTIES - 1, does, ...args);
    await does(form, ...args);
    await othersEnd();
  }

  it('is passed in lockstep (_TestBarrier.test_barrier; lock_tests.BarrierTests.test_barrier)', async () => {
    await together(work.multipass, makeBarrier(), counters, 1);
    expect(words()).toEqual([PARTIES, PARTIES, 0]);
  });

  it('is passed in lockstep ten times in a row (_TestBarrier.test_barrier_10; lock_tests.BarrierTests.test_barrier_10)', async () => {
    await together(work.multipass, makeBarrier(), counters, 10);
    expect(words()).toEqual([10 * PARTIES, 10 * PARTIES, 0]);
  });

  it('gives each of the parties another number (_TestBarrier.test_wait_return; lock_tests.BarrierTests.test_wait_return)', async () => {
    const channel = keep(new FloatChannel(1, { slots: 8 }));
    await together(work.sendIndex, makeBarrier(), channel);
    const indices = new Set(Array.from({ length: PARTIES }, () => channel.tryRecv()?.[0]));
    expect(indices).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('calls its action once, before anybody goes on (_TestBarrier.test_action; lock_tests.BarrierTests.test_action)', async () => {
    const name = freshName();
    make.barrier(PARTIES, { action: work.countAction, name });
    await together(work.passWithAction, name, counters);
    expect(counters[0]).toBe(1);
  });

  it('is broken for all by an abort (_TestBarrier.test_abort; lock_tests.BarrierTests.test_abort)', async () => {
    const barrier = makeBarrier();
    await together(work.abortInTheMiddle, barrier, counters);
    expect(words()).toEqual([0, PARTIES - 1, 0]);
    expect(barrier.broken).toBe(true);
  });

  it('lets go of those who wait by a reset, and is passed again (_TestBarrier.test_reset; lock_tests.BarrierTests.test_reset)', async () => {
    await together(work.resetInTheMiddle, makeBarrier(), counters);
    expect(words()).toEqual([0, PARTIES - 1, PARTIES]);
  });

  it('is passed again when it was broken and reset (_TestBarrier.test_abort_and_reset; lock_tests.BarrierTests.test_abort_and_reset)', async () => {
    const barrier = makeBarrier();
    await together(work.abortAndReset, barrier, make.barrier(PARTIES), counters);
    expect(words()).toEqual([0, PARTIES - 1, PARTIES]);
    expect(barrier.broken).toBe(false);
  });

  it('is broken for all when the time (ms) of one is over (_TestBarrier.test_timeout; lock_tests.BarrierTests.test_timeout)', async () => {
    const barrier = makeBarrier();
    await together(work.comeLate, barrier, counters, 200);
    expect(counters[0]).toBe(PARTIES);
    expect(barrier.broken).toBe(true);
  });

  it('has a time (ms) for waits that have none of their own (_TestBarrier.test_default_timeout; lock_tests.BarrierTests.test_default_timeout)', async () => {
    const barrier = make.barrier(PARTIES, { timeout: 200 });
    await together(work.comeLate, barrier, counters, undefined);
    expect(counters[0]).toBe(PARTIES);
    expect(barrier.broken).toBe(true);
  });

  it('of a single party is passed at once (_TestBarrier.test_single_thread; lock_tests.BarrierTests.test_single_thread)', async () => {
    const barrier = make.barrier(1);
    expect(await call(barrier, 'wait')).toBe(0);
    expect(await call(barrier, 'wait')).toBe(0);
  });

  it('keeps five parties together for a thousand rounds (_TestBarrier.test_thousand)', async () => {
    const channel = keep(new FloatChannel(1));
    const lock = make.lock();
    await others(PARTIES, work.passAndSend, makeBarrier(), channel, lock, PASSES);
    for (let i = 0; i < PASSES * PARTIES; i++) {
      const [round] = await call<Float64Array>(channel, 'recv');
      if (round !== Math.floor(i / PARTIES)) expect(round, `the message ${i}`).toBe(Math.floor(i / PARTIES));
    }
    await othersEnd();
    expect(channel.tryRecv()).toBeUndefined();
  });

  it('shows how many wait (lock_tests.BarrierTests.test_repr)', async () => {
    const barrier = make.barrier(3);
    expect(inspect(barrier)).toBe('Barrier { 0 of 3 waiting }');
    await others(2, work.passOnce, barrier);
    await until(() => barrier.nWaiting === 2, 'two wait');
    expect(inspect(barrier)).toBe('Barrier { 2 of 3 waiting }');
    await call(barrier, 'wait');
    await othersEnd();
    expect(inspect(barrier)).toBe('Barrier { 0 of 3 waiting }');
  });
});
