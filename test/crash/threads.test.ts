import { setTimeout as sleep } from 'node:timers/promises';

import { ClosedError, Lock, Queue, RawArray, WorkerDiedError } from 'forkless';
import { Pool, Process } from 'forkless/dummy';
import { describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import * as work from '../fixtures/threads/crashing.js';
import { collectUntil } from '../helpers/garbage.ts';
import { expectNoLeaks, until } from '../helpers/leaks.ts';
import { faultsOf } from '../helpers/shared-memory.ts';

const ROUNDS = process.env['FORKLESS_LONG'] === '1' ? 200 : 12;

// For all tests: what has no close() goes only when it is collected.
const words = RawArray('d', 2);
const taken = RawArray('i', ROUNDS);
const OWN_HOLDS = 2;

/** Cuts the thread off somewhere in its work. */
async function cutOff(child: Process<never>): Promise<void> {
  await sleep(Math.random() * 10);
  child.kill();
  expect(await child.exited).toBe(-9);
}

describe('A thread that is cut off anywhere', () => {
  expectNoLeaks();

  it('gives back its lock, and what that guards can be repaired', async () => {
    using lock = new Lock();
    for (let round = 0; round < ROUNDS; round++) {
      const before = words[0] as number;
      const all = [0, 1].map(() => new Process({ target: work.countUnder, args: [lock, words] }).start());
      await until(() => words[0] !== before, 'they count');
      for (const child of all) await cutOff(child as never);
      expect(lock.acquireSync({ timeout: 20_000 })).toBe(true);
      if (lock.abandoned) words[1] = words[0] as number;
      lock.release();
      expect(words[0]).toBe(words[1]);
    }
    expect(faultsOf(familyArena())).toBe(0);
  });

  it('as a producer leaves a queue in order: no message is broken, and none is lost but the last', async () => {
    using queue = new Queue<readonly [number, number, string]>(50);
    const next = new Map<number, number>();
    const receive = ([who, i, filling]: readonly [number, number, string]): void => {
      expect(i).toBe(next.get(who) ?? 0);
      expect(filling).toBe('x'.repeat((i * 37) % 3000));
      next.set(who, i + 1);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const child = new Process({ target: work.produce, args: [queue, round] }).start();
      receive(await queue.get({ timeout: 20_000 }));
      const ended = cutOff(child as never);
      while (child.isAlive()) {
        const message = queue.tryGet();
        if (message === undefined) await sleep(0);
        else receive(message);
      }
      await ended;
      for (let message = queue.tryGet(); message !== undefined; message = queue.tryGet()) receive(message);
    }
    await queue.put([-1, 0, '']);
    expect(await queue.get({ timeout: 20_000 })).toEqual([-1, 0, '']);
    expect(faultsOf(familyArena())).toBe(0);
  });

  it('as a consumer takes one message with it at most', async () => {
    using queue = new Queue<readonly [number, number, string]>();
    let sent = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const child = new Process({ target: work.consume, args: [queue, taken] }).start();
      const send = (): Promise<void> => queue.put([round, sent, 'x'.repeat((sent++ * 37) % 3000)]);
      const before = sent;
      await send();
      await until(() => taken[round] === 1, 'it consumes');
      const ended = cutOff(child as never);
      while (child.isAlive()) await send();
      await ended;
      const left = queue.qsize();
      for (let i = 0; i < left; i++) expect((await queue.get({ timeout: 20_000 }))[0]).toBe(round);
      const lost = sent - before - left - (taken[round] as number);
      expect(lost === 0 || lost === 1).toBe(true);
    }
    expect(faultsOf(familyArena())).toBe(0);
  });

  it('as a worker takes its own task with it, and no other', async () => {
    const pool = new Pool(2);
    const tasks = Array.from({ length: 40 }, (_, x) => pool.apply(work.squareOrEnd, [x]));
    const results = await Promise.allSettled(tasks);
    for (const [x, result] of results.entries()) {
      if (x % 10 !== 3 && x % 10 !== 7) expect(result).toEqual({ status: 'fulfilled', value: x * x });
      else expect(result).toMatchObject({ status: 'rejected', reason: expect.any(WorkerDiedError) as unknown });
      if (result.status === 'rejected') expect((result.reason as WorkerDiedError).message).toContain(`exit code ${x}`);
    }
    pool.close();
    await pool.join();
    await collectUntil((holds) => holds <= OWN_HOLDS);
  });

  it('as a worker that never yields is replaced, when its time is over or it is called off', async () => {
    const pool = new Pool(2);
    const forEver = (): never => {
      for (;;);
    };
    const timedOut = pool.apply(forEver, [], undefined, { timeout: 50 });
    const aborted = pool.apply(forEver, [], undefined, { signal: AbortSignal.timeout(80) });
    await expect(timedOut).rejects.toThrow('has not ended within 50 ms');
    await expect(aborted).rejects.toThrow('aborted');
    expect(await pool.map(work.square, [1, 2, 3])).toEqual([1, 4, 9]);
    const lost = pool.apply(forEver).catch((error: unknown) => error);
    await sleep(20);
    pool.terminate();
    expect(await lost).toBeInstanceOf(ClosedError);
    await pool.join();
    await collectUntil((holds) => holds <= OWN_HOLDS);
  });
});
