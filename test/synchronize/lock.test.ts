import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { ClosedError, Lock, RLock, StateError, TimeoutError, toHandle, fromHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/locks.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const KINDS = [
  ['Lock', Lock],
  ['RLock', RLock],
] as const;
expectNoHolds();

describe.each(KINDS)('%s', (title, Class) => {
  it('is free when it is made, held once it is acquired, and free again after the release', async () => {
    const lock = keep(new Class());
    expect(lock.locked).toBe(false);
    expect(await lock.acquire()).toBe(true);
    expect(lock.locked).toBe(true);
    lock.release();
    expect(lock.locked).toBe(false);
    expect(lock.acquireSync()).toBe(true);
    lock.release();
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
    expect(lock.abandoned).toBe(false);
  });

  it('refuses a release of what nobody holds', () => {
    const lock = keep(new Class());
    expect(() => lock.release()).toThrow(StateError);
    lock.acquireSync();
    lock.release();
    expect(() => lock.release()).toThrow(/does not hold/);
  });

  it('keeps other processes out, whose waits end when it is released', async () => {
    const lock = keep(new Class());
    lock.acquireSync();
    const child = start(work.whetherFree, lock, counters);
    await child.join();
    expect(counters[0]).toBe(2);
    const waiting = start(work.waitFor, lock, counters, 'sync');
    await until(() => counters[1] === 1, 'the child waits');
    await sleep(50);
    expect(waiting.isAlive()).toBe(true);
    lock.release();
    await waiting.join();
    expect(waiting.exitCode).toBe(0);
  });

  it('refuses the release by a process that does not hold it, and says who does', async () => {
    const lock = keep(new Class());
    const child = start(work.hold, lock, counters);
    await until(() => counters[0] === 1, 'the child holds it');
    expect(lock.locked).toBe(true);
    expect(() => lock.release()).toThrow(new RegExp(`held by .*\\(pid ${child.pid}\\)`));
    expect(inspect(lock)).toMatch(new RegExp(`^${title} \\{ held by: .*\\(pid ${child.pid}\\) \\}$`));
    expect(lock.tryAcquire()).toBe(false);
    expect(await lock.acquire({ timeout: 20 })).toBe(false);
    expect(lock.acquireSync({ timeout: 20 })).toBe(false);
    await expect(lock.with(() => 1, { timeout: 20 })).rejects.toThrow(TimeoutError);
    counters[6] = 1;
    await child.join();
    expect(inspect(lock)).toBe(`${title} { free }`);
  });

  it.each(['sync', 'async'])('excludes two processes and this one from each other, %s', async (form) => {
    const lock = keep(new Class());
    const times = form === 'sync' ? 20_000 : 3_000;
    const target = form === 'sync' ? work.add : work.addInTurns;
    const children = [start(target, lock, counters, times), start(target, lock, counters, times)];
    await work.addInTurns(lock, counters, times);
    for (const child of children) {
      await child.join();
      expect(child.exitCode).toBe(0);
    }
    expect(counters[0]).toBe(3 * times);
  });

  // A sleeper asks every 75 ms whether the holder lives: without a wake this takes longer than a test may.
  it.each(['sync', 'async'])('wakes the one who sleeps for it, %s', async (form) => {
    const lock = keep(new Class());
    const times = 800;
    const other = start(work.takeOver, lock, counters, times, form);
    for (let i = 1; i <= times; i++) {
      lock.acquireSync();
      Atomics.store(counters, 1, i);
      await sleep(1);
      lock.release();
      while (Atomics.load(counters, 0) !== i) await new Promise(setImmediate);
    }
    await other.join();
    expect(other.exitCode).toBe(0);
  });

  it('goes to the next, marked as abandoned, when its holder is killed', async () => {
    const lock = keep(new Class());
    for (const form of ['sync', 'async']) {
      counters.fill(0);
      const holder = start(work.hold, lock, counters);
      await until(() => counters[0] === 1, 'the child holds it');
      const waiting = start(work.waitFor, lock, counters, form);
      await until(() => counters[1] === 1, 'the other child waits');
      holder.kill();
      await holder.join();
      await waiting.join();
      expect(waiting.exitCode).toBe(0);
      expect(counters[0]).toBe(1);
      expect(lock.locked).toBe(false);
    }
  });

  it('is abandoned when its holder ends without a release', async () => {
    const lock = keep(new Class());
    await start(work.takeAlong, lock, counters).join();
    expect(counters[0]).toBe(1);
    expect(lock.locked).toBe(false);
    expect(lock.acquireSync()).toBe(true);
    expect(lock.abandoned).toBe(true);
    lock.release();
    expect(lock.abandoned).toBe(false);
    lock.acquireSync();
    expect(lock.abandoned).toBe(false);
    lock.release();
  });

  it('releases by itself at the end of a function or of a scope, whatever is thrown', async () => {
    const lock = keep(new Class());
    expect(await lock.with(async () => lock.locked)).toBe(true);
    expect(lock.withSync(() => lock.locked)).toBe(true);
    await expect(lock.with(() => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
    expect(() =>
      lock.withSync(() => {
        throw new Error('inside');
      }),
    ).toThrow('inside');
    expect(lock.locked).toBe(false);
    const held = await lock.hold();
    expect(lock.locked).toBe(true);
    held[Symbol.dispose]();
    held[Symbol.dispose]();
    expect(lock.locked).toBe(false);
    lock.holdSync()[Symbol.dispose]();
    expect(lock.locked).toBe(false);
  });

  it('ends a wait with the reason of its signal, and takes nothing then', async () => {
    const lock = keep(new Class());
    const child = start(work.hold, lock, counters);
    await until(() => counters[0] === 1, 'the child holds it');
    const controller = new AbortController();
    const waiting = lock.acquire({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    counters[6] = 1;
    await child.join();
    expect(lock.locked).toBe(false);
  });

  it('is found by its name, which goes with its last user', async () => {
    const name = freshName();
    const lock = new Class({ name });
    const other = Class.open(name);
    expect(filesOf(name)).toHaveLength(1);
    lock.acquireSync();
    expect(other.locked).toBe(true);
    expect(other.name).toBe(name);
    lock.release();
    other.close();
    lock.close();
    expect(filesOf(name)).toEqual([]);
    expect(() => Class.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }));
  });

  it('travels as a handle', () => {
    const lock = keep(new Class());
    const other = keep(fromHandle<Lock | RLock>(toHandle(lock)));
    lock.acquireSync();
    expect(other.locked).toBe(true);
    expect(other).toBeInstanceOf(Class);
    lock.release();
  });

  it('cannot be used after close(), which lets go of it', async () => {
    const lock = keep(new Class());
    const other = keep(fromHandle<Lock | RLock>(toHandle(lock)));
    lock.acquireSync();
    lock.close();
    lock.close();
    expect(other.locked).toBe(false);
    expect(inspect(lock)).toBe(`${title} { closed }`);
    await expect(lock.acquire()).rejects.toThrow(ClosedError);
    for (const use of [() => lock.acquireSync(), () => lock.tryAcquire(), () => lock.release(), () => lock.locked]) {
      expect(use).toThrow(ClosedError);
    }
  });

  it.each([
    ['an unknown option', () => new Class({ nam: 'x' } as never), TypeError, /"nam"/],
    ['a name that is none', () => new Class({ name: 'a/b' }), RangeError, /a\/b/],
    ['the name of nothing', () => Class.open('forkless-no-such-lock'), Error, /no object of this name/],
  ] as const)('refuses %s', (_, make, kind, message) => {
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });

  it('refuses waits with wrong options and bodies that are no functions', async () => {
    const lock = keep(new Class());
    await expect(lock.acquire({ timeout: -1 })).rejects.toThrow(RangeError);
    await expect(lock.acquire({ time: 1 } as never)).rejects.toThrow(/"time"/);
    expect(() => lock.acquireSync({ signal: AbortSignal.abort() } as never)).toThrow(TypeError);
    await expect(lock.with(1 as never)).rejects.toThrow(TypeError);
    expect(lock.locked).toBe(false);
  });

  it('does not open an object of another kind', () => {
    const name = freshName();
    const other = title === 'Lock' ? keep(new RLock({ name })) : keep(new Lock({ name }));
    expect(() => Class.open(name)).toThrow(new RegExp(`not a ${title}`));
    expect(other.locked).toBe(false);
  });
});

describe('Lock', () => {
  it('contends between two flows of one process like between two processes', async () => {
    const lock = keep(new Lock());
    await lock.acquire();
    expect(lock.tryAcquire()).toBe(false);
    expect(await lock.acquire({ timeout: 0 })).toBe(false);
    const order: string[] = [];
    const flows = ['a', 'b', 'c'].map((flow) => lock.with(() => void order.push(flow)));
    await sleep(20);
    expect(order).toEqual([]);
    lock.release();
    await Promise.all(flows);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('refuses a blocking wait for itself instead of hanging', () => {
    const lock = keep(new Lock());
    lock.acquireSync();
    expect(() => lock.acquireSync()).toThrow(StateError);
    lock.release();
  });

  it.each([
    ['holds it for no time', 0],
    ['holds it so long that the other sleeps', 1],
  ])('gives each of two processes a fair share, when whoever %s comes back at once', async (_, holdMs) => {
    const lock = keep(new Lock());
    // The machine may be busy with something else for a while: one second of several must be fair.
    const shares: number[] = [];
    do {
      counters.fill(0);
      const children = [4, 5].map((index) => start(work.hammer, lock, counters, index, holdMs));
      await until(() => counters[3] === 2, 'both hammer');
      await sleep(1000);
      counters[2] = 1;
      for (const child of children) await child.join();
      const [first = 0, second = 0] = counters.subarray(4, 6);
      shares.push(first / (first + second));
    } while (!shares.some((share) => share > 0.3 && share < 0.7) && shares.length < 5);
    expect(shares.at(-1), `shares of the first: ${shares.join(', ')}`).toBeGreaterThan(0.3);
    expect(shares.at(-1)).toBeLessThan(0.7);
  });
});

describe('RLock', () => {
  it('is free after as many releases as acquisitions', async () => {
    const lock = keep(new RLock());
    await lock.acquire();
    lock.acquireSync();
    expect(lock.tryAcquire()).toBe(true);
    expect(inspect(lock)).toMatch(/held 3 times by/);
    lock.release();
    lock.release();
    expect(lock.locked).toBe(true);
    await start(work.whetherFree, lock, counters).join();
    expect(counters[0]).toBe(2);
    lock.release();
    expect(lock.locked).toBe(false);
    expect(() => lock.release()).toThrow(StateError);
  });
});
