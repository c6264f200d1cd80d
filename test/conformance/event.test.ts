import { inspect } from 'node:util';

import { expect, it } from 'vitest';

import * as work from '../fixtures/conformance/events.js';
import { until } from '../helpers/leaks.ts';
import { conformance } from '../helpers/parties.ts';
import { counters } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

const PARTIES = 5;

conformance('An Event', ({ make, others, othersEnd, call }) => {
  it('is waited for until another sets it, or the time (ms) is over (_TestEvent.test_event)', async () => {
    const event = make.event();
    expect(event.isSet()).toBe(false);
    for (const timeout of [0, 80]) {
      const start = performance.now();
      expect(await call(event, 'wait', { timeout })).toBe(false);
      expect(performance.now() - start).toBeGreaterThanOrEqual(timeout);
    }
    event.set();
    expect(event.isSet()).toBe(true);
    expect(await call(event, 'wait')).toBe(true);
    expect(await call(event, 'wait', { timeout: 80 })).toBe(true);
    event.clear();
    await others(1, work.setLater, event, 50);
    expect(await call(event, 'wait')).toBe(true);
    await othersEnd();
  });

  it('shows whether it is set (_TestEvent.test_repr; lock_tests.EventTests.test_repr)', () => {
    const event = make.event();
    expect(inspect(event)).toBe('Event { clear }');
    event.set();
    expect(inspect(event)).toBe('Event { set }');
    event.clear();
    expect(inspect(event)).toBe('Event { clear }');
  });

  it('is as it was told last, however often (lock_tests.EventTests.test_is_set)', () => {
    const event = make.event();
    expect(event.isSet()).toBe(false);
    for (const change of ['set', 'set', 'clear', 'clear'] as const) {
      event[change]();
      expect(event.isSet()).toBe(change === 'set');
    }
  });

  it('lets all go on who wait, and all who come later, again and again (lock_tests.EventTests.test_notify)', async () => {
    const event = make.event();
    for (let time = 0; time < 2; time++) {
      counters.fill(0);
      await others(PARTIES, work.waitTwice, event, counters);
      await sleep(50);
      expect(counters[0]).toBe(0);
      event.set();
      await othersEnd();
      expect([...counters.subarray(0, 2)]).toEqual([PARTIES, PARTIES]);
      event.clear();
    }
  });

  it('is waited for in vain for as long as that was told (lock_tests.EventTests.test_timeout)', async () => {
    const event = make.event();
    await others(PARTIES, work.waitInVain, event, counters, 200);
    await othersEnd();
    expect([...counters.subarray(0, 2)]).toEqual([PARTIES, PARTIES]);
    event.set();
    await others(PARTIES, work.waitInVain, event, counters, 200);
    await othersEnd();
    expect([...counters.subarray(0, 2)]).toEqual([PARTIES, PARTIES]);
  });

  it('lets those go on who wait even if it is cleared at once (lock_tests.EventTests.test_set_and_clear)', async () => {
    const event = make.event();
    await others(PARTIES, work.waitOnce, event, counters);
    await until(() => counters[2] === PARTIES, 'all are about to wait');
    await sleep(100);
    event.set();
    event.clear();
    await othersEnd();
    expect([...counters.subarray(0, 2)]).toEqual([PARTIES, 0]);
  });
});
