import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { BoundedSemaphore, ClosedError, fromHandle, Semaphore, StateError, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/synchronize/semaphores.js';
import { until } from '../helpers/leaks.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const KINDS = [
  ['Semaphore', Semaphore],
  ['BoundedSemaphore', BoundedSemaphore],
] as const;
expectNoHolds();

describe.each(KINDS)('%s', (title, Class) => {
  it('has one permit unless told otherwise', () => {
    expect(keep(new Class()).value).toBe(1);
    expect(keep(new Class(7)).value).toBe(7);
    expect(keep(new Class(0)).value).toBe(0);
  });

  it('gives out its permits and then makes wait', async () => {
    const semaphore = keep(new Class(3));
    expect(await semaphore.acquire()).toBe(true);
    expect(semaphore.acquireSync()).toBe(true);
    expect(semaphore.locked).toBe(false);
    expect(semaphore.tryAcquire()).toBe(true);
    expect(semaphore.value).toBe(0);
    expect(semaphore.locked).toBe(true);
    expect(semaphore.tryAcquire()).toBe(false);
    expect(semaphore.acquireSync({ timeout: 10 })).toBe(false);
    expect(await semaphore.acquire({ timeout: 10 })).toBe(false);
    const waiting = semaphore.acquire();
    semaphore.release();
    expect(await waiting).toBe(true);
    for (let i = 0; i < 3; i++) semaphore.release();
    expect(semaphore.value).toBe(3);
  });

  it.each(['sync', 'async'])('lets as many processes in at once as it has permits, and no more, %s', async (form) => {
    const semaphore = keep(new Class(2));
    const others = [1, 2, 3].map(() => start(work.enterOften, semaphore, counters, 1500, form, 4));
    await work.enterOften(semaphore, counters, 500, 'async', 4);
    for (const other of others) {
      await other.join();
      expect(other.exitCode).toBe(0);
    }
    expect(counters[1]).toBe(2);
    expect(semaphore.value).toBe(2);
    expect(inspect(semaphore)).toBe(`${title} { 2 of 2 free }`);
  });

  it('has the permits of a killed holder come back, each once', async () => {
    const semaphore = keep(new Class(3));
    const holder = start(work.hold, semaphore, counters, 2);
    await until(() => counters[0] === 1, 'the child holds two');
    expect(semaphore.value).toBe(1);
    semaphore.acquireSync();
    expect(semaphore.abandoned).toBe(false);
    const waiting = [
      start(work.waitFor, semaphore, counters, 'sync'),
      start(work.waitFor, semaphore, counters, 'async'),
    ];
    await until(() => counters[1] === 2, 'two others wait');
    await sleep(30);
    holder.kill();
    for (const child of waiting) {
      await child.join();
      expect(child.exitCode).toBe(0);
    }
    expect([...counters.slice(2, 4)]).toEqual([2, 0]);
    expect(semaphore.value).toBe(2);
    semaphore.release();
    expect(semaphore.value).toBe(3);
    expect(inspect(semaphore)).toBe(`${title} { 3 of 3 free }`);
  });

  it('has the permits of a process that ends without a release come back', async () => {
    const semaphore = keep(new Class(3));
    await start(work.takeAlong, semaphore, 3).join();
    expect(semaphore.value).toBe(3);
  });

  it('does not count a permit twice that was handed on by a process which then died', async () => {
    const semaphore = keep(new Class(2));
    await start(work.takeAlong, semaphore, 2).join();
    expect(semaphore.value).toBe(2);
    // Handed on to us before that: these are the permits that have come back already.
    semaphore.release();
    semaphore.release();
    expect(semaphore.value).toBe(2);
  });

  it('counts right when the dead have left so many records that one is used anew', async () => {
    const semaphore = keep(new Class(3));
    for (let dead = 0; dead < 10; dead++) {
      await start(work.takeAlong, semaphore, 1).join();
      expect(semaphore.value).toBe(3);
    }
    await start(work.takeAlong, semaphore, 2).join();
    semaphore.acquireSync();
    expect(semaphore.value).toBe(2);
    semaphore.release();
    expect(semaphore.value).toBe(3);
  });

  it('is a signal from the first release by a process that holds no permit: none comes back then', async () => {
    const semaphore = keep(new Class(2));
    const holder = start(work.hold, semaphore, counters, 2);
    await until(() => counters[0] === 1, 'the child holds both');
    semaphore.release();
    expect(inspect(semaphore)).toBe(`${title} { 1 free }`);
    holder.kill();
    await holder.join();
    expect(semaphore.value).toBe(1);
  });

  it('does not call a permit abandoned that was handed over after another had come back', async () => {
    const semaphore = keep(new Class(2));
    await start(work.takeAlong, semaphore, 1).join();
    semaphore.acquireSync();
    expect(semaphore.abandoned).toBe(false);
    semaphore.acquireSync();
    expect(semaphore.abandoned).toBe(true);
    // The late holder's permit, and then one more than this process' own.
    await start(work.give, semaphore, 2).join();
    expect(inspect(semaphore)).toBe(`${title} { 1 free }`);
    semaphore.acquireSync();
    expect(semaphore.abandoned).toBe(false);
  });

  it('keeps what was handed over when the process that took it ends', async () => {
    const semaphore = keep(new Class(5, { handOff: true }));
    await start(work.takeAlong, semaphore, 4).join();
    expect(semaphore.value).toBe(1);
  });

  it('ends a wait with the reason of its signal, and takes no permit then', async () => {
    const semaphore = keep(new Class(1));
    semaphore.acquireSync();
    const controller = new AbortController();
    const waiting = semaphore.acquire({ signal: controller.signal });
    await sleep(10);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    semaphore.release();
    expect(semaphore.value).toBe(1);
  });

  it('is found by its name, which goes with its last user', () => {
    const name = freshName();
    const semaphore = new Class(4, { name });
    const same = Class.open(name);
    same.acquireSync();
    expect(semaphore.value).toBe(3);
    expect(same.name).toBe(name);
    expect(inspect(same)).toBe(`${title} "${name}" { 3 of 4 free }`);
    semaphore.close();
    expect(same.value).toBe(3);
    same.close();
    expect(filesOf(name)).toEqual([]);
    expect(() => Class.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }));
  });

  it('travels as a handle', () => {
    const semaphore = keep(new Class(2));
    const same = keep(fromHandle(toHandle(semaphore)) as InstanceType<typeof Class>);
    expect(same).toBeInstanceOf(Class);
    same.acquireSync();
    expect(semaphore.value).toBe(1);
    semaphore.release();
    expect(same.value).toBe(2);
  });

  it('gives back at close() what it has acquired, and cannot be used any more', async () => {
    const semaphore = new Class(2);
    const other = keep(fromHandle(toHandle(semaphore)) as InstanceType<typeof Class>);
    semaphore.acquireSync();
    semaphore.acquireSync();
    const waiting = semaphore.acquire();
    semaphore.close();
    semaphore.close();
    await expect(waiting).rejects.toThrow(ClosedError);
    expect(other.value).toBe(2);
    expect(() => semaphore.release()).toThrow(ClosedError);
    expect(() => semaphore.tryAcquire()).toThrow(ClosedError);
    expect(() => semaphore.value).toThrow(ClosedError);
    expect(inspect(semaphore)).toBe(`${title} { closed }`);
  });

  it.each([
    [-1, RangeError, /whole number from 0 to 2147483647, not -1/],
    [1.5, RangeError, /not 1\.5/],
    [2 ** 31, RangeError, /not 2147483648/],
    [Number.NaN, RangeError, /not NaN/],
    ['2', TypeError, /must be a number, not string/],
    [2n, TypeError, /must be a number, not bigint/],
  ])('refuses %s permits', (value, error, message) => {
    expect(() => new Class(value as number)).toThrow(error);
    expect(() => new Class(value as number)).toThrow(message);
  });

  it('refuses options that there are not', () => {
    expect(() => new Class(1, { limit: 3 } as object)).toThrow(/has no option "limit"/);
    expect(() => new Class(1, { handOff: 1 } as object)).toThrow(/handOff must be true or false/);
    expect(() => keep(new Class(1)).acquireSync({ timeout: -1 })).toThrow(RangeError);
  });
});

describe('Semaphore', () => {
  it('may have more permits than at its beginning', () => {
    const semaphore = keep(new Semaphore(0));
    for (let i = 0; i < 1000; i++) semaphore.release();
    expect(semaphore.value).toBe(1000);
    expect(keep(new Semaphore(2 ** 31 - 1)).value).toBe(2 ** 31 - 1);
  });

  it('hands over between two processes, in turns (row 79)', async () => {
    const [ping, pong] = [keep(new Semaphore(0)), keep(new Semaphore(0))];
    const times = 5000;
    const other = start(work.answer, ping, pong, times);
    for (let i = 0; i < times; i++) {
      ping.release();
      if (i % 2 === 0) pong.acquireSync();
      else await pong.acquire();
    }
    await other.join();
    expect(other.exitCode).toBe(0);
    expect([ping.value, pong.value]).toEqual([0, 0]);
  });

  it('wakes one sleeper for each release', async () => {
    const semaphore = keep(new Semaphore(0));
    const waiting = ['sync', 'async', 'sync'].map((form) => start(work.waitFor, semaphore, counters, form));
    await until(() => counters[1] === 3, 'all wait');
    await sleep(100);
    for (let given = 1; given <= 3; given++) {
      semaphore.release();
      await until(() => counters[3] === given, `${given} went on`);
      await sleep(20);
      expect(counters[3]).toBe(given);
    }
    for (const child of waiting) await child.join();
  });
});

describe('BoundedSemaphore', () => {
  it('refuses a release too many, by whomever, and nothing has changed then', async () => {
    const semaphore = keep(new BoundedSemaphore(1));
    expect(() => semaphore.release()).toThrow(StateError);
    const child = start(work.give, semaphore, 1);
    await child.join();
    expect(child.exitCode).toBe(1);
    expect(inspect(semaphore)).toBe('BoundedSemaphore { 1 of 1 free }');
    semaphore.acquireSync();
    semaphore.release();
    expect(() => semaphore.release()).toThrow(/released more often/);
  });

  it('is no Semaphore to those who open it, and the other way round', () => {
    const name = freshName();
    keep(new BoundedSemaphore(1, { name }));
    expect(() => Semaphore.open(name)).toThrow(/not a Semaphore/);
  });
});
