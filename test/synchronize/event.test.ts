import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { ClosedError, Event, fromHandle, Lock, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/events.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

describe('Event', () => {
  it('is clear when it is made, and set or clear as it was told last', () => {
    const event = keep(new Event());
    expect(event.isSet()).toBe(false);
    event.set();
    event.set();
    expect(event.isSet()).toBe(true);
    expect(inspect(event)).toBe('Event { set }');
    event.clear();
    event.clear();
    expect(event.isSet()).toBe(false);
    expect(inspect(event)).toBe('Event { clear }');
  });

  it('ends a wait with false when the time is over, and with true at once when it is set', async () => {
    const event = keep(new Event());
    const start = performance.now();
    expect(await event.wait({ timeout: 30 })).toBe(false);
    expect(event.waitSync({ timeout: 30 })).toBe(false);
    expect(performance.now() - start).toBeGreaterThanOrEqual(60);
    expect(await event.wait({ timeout: 0 })).toBe(false);
    expect(event.waitSync({ timeout: 0 })).toBe(false);
    event.set();
    expect(await event.wait()).toBe(true);
    expect(event.waitSync({ timeout: 0 })).toBe(true);
  });

  it('set by another process ends the waits of all: threads, event loops and many waits of one', async () => {
    const event = keep(new Event());
    const children = ['sync', 'async', 'sync'].map((form, i) => start(work.waitFor, event, counters, i + 1, form));
    const here = Array.from({ length: 50 }, () => event.wait());
    const inTime = event.wait({ timeout: 60_000 });
    await until(() => counters[0] === 3, 'all wait');
    await sleep(50);
    expect([...counters.subarray(1, 4)]).toEqual([0, 0, 0]);
    await start(work.setIt, event).join();
    expect(await Promise.all(here)).toEqual(Array.from({ length: 50 }, () => true));
    expect(await inTime).toBe(true);
    for (const child of children) await child.join();
    expect([...counters.subarray(1, 4)]).toEqual([1, 1, 1]);
    expect(event.isSet()).toBe(true);
  });

  it('lets those go on who waited at the moment of set(), even if clear() follows at once', async () => {
    const event = keep(new Event());
    for (let round = 0; round < 20; round++) {
      const before = [event.wait({ timeout: 20_000 }), event.wait({ timeout: 20_000 })];
      if (round % 2 === 0) await sleep(2);
      event.set();
      event.clear();
      const after = event.wait({ timeout: 1 });
      expect(await Promise.all(before)).toEqual([true, true]);
      expect(await after).toBe(false);
    }
  });

  it('passes a turn between two processes thousands of times', async () => {
    const ping = keep(new Event());
    const pong = keep(new Event());
    const child = start(work.answer, ping, pong, 5000);
    for (let i = 0; i < 5000; i++) {
      ping.set();
      if (i % 2 === 0) pong.waitSync();
      else await pong.wait();
      pong.clear();
    }
    await child.join();
    expect(child.exitCode).toBe(0);
  });

  it('ends a wait with the reason of its signal', async () => {
    const event = keep(new Event());
    await expect(event.wait({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    const controller = new AbortController();
    const waiting = event.wait({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('travels as a handle, and is found by its name', () => {
    const name = freshName();
    const event = new Event({ name });
    const opened = Event.open(name);
    const attached = fromHandle<Event>(toHandle(event));
    event.set();
    expect([opened.isSet(), attached.isSet()]).toEqual([true, true]);
    expect(inspect(opened)).toBe(`Event "${name}" { set }`);
    for (const each of [event, opened, attached]) each.close();
    expect(filesOf(name)).toEqual([]);
    expect(() => Event.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }));
  });

  it('cannot be used after close(), which ends its waits', async () => {
    const event = new Event();
    const waiting = event.wait();
    event.close();
    event.close();
    await expect(waiting).rejects.toThrow(ClosedError);
    for (const use of [() => event.set(), () => event.clear(), () => event.isSet(), () => event.waitSync()]) {
      expect(use).toThrow(ClosedError);
    }
    await expect(event.wait()).rejects.toThrow(ClosedError);
    expect(inspect(event)).toBe('Event { closed }');
  });

  it('refuses what it does not know', async () => {
    expect(() => new Event({ set: true } as never)).toThrow(/"set"/);
    const event = keep(new Event());
    await expect(event.wait({ timeout: -1 })).rejects.toThrow(RangeError);
    expect(() => event.waitSync({ timeout: '1' } as never)).toThrow(TypeError);
    const name = freshName();
    keep(new Lock({ name }));
    expect(() => Event.open(name)).toThrow(/not a Event|not an Event/);
  });
});
