import { ClosedError, RawArray, StateError, TimeoutError, WorkerDiedError } from 'forkless';
import { describe, expect, it, vi } from 'vitest';

import * as tasks from '../fixtures/pool/tasks.js';
import { pools } from '../helpers/watched-pool.ts';

const makePool = pools();
const FOREVER_MS = 60_000;

describe('A task of a pool', () => {
  it('is stopped when its time is over, though it never yields; its worker is replaced', async () => {
    const pool = makePool(2);
    await pool.map(tasks.square, [1, 2]);
    const pids = pool.stats.workers.map(({ pid }) => pid);
    const begun = RawArray('i', 1);
    const other = pool.applyAsync(tasks.sleepFor, [200]);
    // On a busy machine its time may be over before a worker comes to it.
    while (begun[0] === 0) {
      const spinning = pool.apply(tasks.countAndSpin, [begun, FOREVER_MS], undefined, { timeout: 50 });
      await expect(spinning).rejects.toThrow(TimeoutError);
    }
    expect(await other).toBe(200);
    await vi.waitFor(() => expect(pool.stats.workers.every(({ state }) => state === 'idle')).toBe(true), 10_000);
    const kept = pool.stats.workers.filter(({ pid }) => pids.includes(pid));
    expect(kept.length).toBeLessThan(2);
    expect(pool.stats.workers.length).toBe(2);
  });

  it('that is cancelled before it is begun does not count for maxTasksPerChild', async () => {
    const pool = makePool({ processes: 1, maxTasksPerChild: 3 });
    const worker = await pool.apply(tasks.workerPid);
    const stop = new AbortController();
    const busy = pool.applyAsync(tasks.sleepFor, [300]);
    const cancelled = Array.from({ length: 5 }, () => pool.applyAsync(tasks.square, [1], { signal: stop.signal }));
    stop.abort(new Error('not needed'));
    for (const task of cancelled) await expect(task).rejects.toThrow('not needed');
    await busy;
    expect(await pool.apply(tasks.workerPid)).toBe(worker);
    expect(await pool.apply(tasks.workerPid)).not.toBe(worker);
  });

  it('is stopped when its signal is aborted, and never begun when it was before', async () => {
    const pool = makePool(1);
    await pool.apply(tasks.square, [1]);
    const stop = new AbortController();
    const begun = RawArray('i', 1);
    const spinning = pool.applyAsync(tasks.spinFor, [FOREVER_MS], { signal: stop.signal });
    const waiting = pool.applyAsync(tasks.countBegun, [begun, 0], { signal: stop.signal });
    await vi.waitFor(() => expect(pool.stats.running).toBe(1), 10_000);
    stop.abort(new Error('enough'));
    await expect(spinning).rejects.toThrow('enough');
    await expect(waiting).rejects.toThrow('enough');
    expect(await pool.apply(tasks.square, [3])).toBe(9);
    expect(begun[0]).toBe(0);
    expect(() => pool.applyAsync(tasks.square, [1], { signal: stop.signal })).toThrow('enough');
  });

  it('ends a map with all of its chunks, running ones too', async () => {
    const pool = makePool(2);
    const begun = RawArray('i', 1);
    const items = Array.from({ length: 100 }, () => [begun, FOREVER_MS] as const);
    const map = pool.starmap(tasks.countBegun, items, { timeout: 300, chunkSize: 1 });
    await expect(map).rejects.toThrow(/not ended within 300 ms/);
    expect(await pool.map(tasks.square, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(begun[0]).toBeLessThanOrEqual(2);
  });

  it('leaves nothing behind when it ends in time', async () => {
    const pool = makePool(1);
    const { signal } = new AbortController();
    for (let i = 0; i < 20; i++)
      expect(await pool.apply(tasks.square, [i], undefined, { timeout: 20_000, signal })).toBe(i * i);
    expect(await pool.map(tasks.square, [], { timeout: 20_000, signal })).toEqual([]);
    expect(pool.stats.workers.length).toBe(1);
  });

  it('is tried again when its worker dies, as often as was asked for', async () => {
    const pool = makePool({ processes: 2, onWorkerDeath: 'retry', maxRetries: 2 });
    const counts = RawArray('i', 1);
    expect(await pool.apply(tasks.dieFirst, [2, counts])).toBe('survived');
    expect(counts[0]).toBe(3);
    const error: WorkerDiedError = await pool.apply(tasks.exitNow, [5]).catch((reason) => reason);
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error.message).toMatch(/exit code 5 while it ran 'exitNow', as 2 before it$/);
    const large = new Uint8Array(200_000).fill(3);
    counts[0] = 0;
    expect(await pool.starmap(tasks.dieFirst, [[1, counts, large]] as never)).toEqual(['survived']);
  });
});

describe('A pool', () => {
  it('takes no new tasks after close, and does those that it has', async () => {
    const pool = makePool(2);
    const results = Array.from({ length: 50 }, (_, i) => pool.applyAsync(tasks.squareLater, [i]));
    const map = pool.map(tasks.squareLater, [1, 2, 3], { chunkSize: 1 });
    pool.close();
    await expect(pool.apply(tasks.square, [1])).rejects.toThrow(StateError);
    expect(() => pool.imap(tasks.square, [1])).toThrow(/the pool is closed and takes no new tasks/);
    await pool.join();
    expect(await map).toEqual([1, 4, 9]);
    expect(await results[49]).toBe(49 * 49);
    expect(pool.stats.workers).toEqual([]);
    await pool.join();
  });

  it('rejects what is not done when it is terminated', async () => {
    const pool = makePool(2);
    const results = Array.from({ length: 5 }, () => pool.apply(tasks.spinFor, [FOREVER_MS]));
    const map = pool.map(tasks.spinFor, [FOREVER_MS, FOREVER_MS]);
    const items = pool.imap(tasks.spinFor, [FOREVER_MS]);
    pool.terminate();
    for (const result of [...results, map, items.next()]) await expect(result).rejects.toThrow(ClosedError);
    await pool.join();
    expect(pool.stats.workers).toEqual([]);
  });

  it('ends an iteration when it is terminated: what was under way is rejected, and then once what was not read', async () => {
    const pool = makePool(2);
    let read = 0;
    function* endless(): Generator<number> {
      for (;;) yield read++;
    }
    const items = pool.imap(tasks.square, endless());
    expect(await items.next()).toEqual({ done: false, value: 0 });
    pool.terminate();
    const rest = await Promise.allSettled(Array.from({ length: 100 }, () => items.next()));
    const over = rest.filter((next) => next.status === 'fulfilled' && next.value.done === true);
    const rejected = rest.filter((next) => next.status === 'rejected');
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected.every(({ reason }) => reason instanceof ClosedError)).toBe(true);
    // The first was taken before; every item that was read has one outcome, and the rest of the input one for all.
    expect(rest.length - over.length).toBe(read - 1 + 1);
  });

  it('does all of an iteration after it is closed, though its results are asked for later', async () => {
    const pool = makePool(2);
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    const items = pool.imap(tasks.square, numbers, { bufferSize: 10 });
    expect((await items.next()).value).toBe(0);
    pool.close();
    await pool.join();
    const rest: unknown[] = [];
    for await (const item of items) rest.push(item);
    expect(rest).toEqual(numbers.slice(1).map((x) => x * x));
  });

  it('is to be closed before it is joined', async () => {
    const pool = makePool(1);
    await expect(pool.join()).rejects.toThrow(StateError);
    expect(() => pool.joinSync()).toThrow(/close the pool first/);
    pool.close();
    pool.joinSync();
    const terminated = makePool(1);
    terminated.terminate();
    terminated.joinSync();
  });

  it('has workers that listen to SIGTERM end as they like', async () => {
    const heard = RawArray('i', 1);
    const pool = makePool({ processes: 2, initializer: tasks.listenToEnd, initArgs: [heard] });
    await vi.waitFor(() => expect(pool.stats.workers.every(({ state }) => state === 'idle')).toBe(true), 20_000);
    pool.terminate();
    await pool.join();
    expect(heard[0]).toBe(2);
  });

  it('can be in a task of another pool', async () => {
    const pool = makePool(2);
    expect(await pool.map(tasks.nested, [4, 5])).toEqual([14, 30]);
  });

  it('lets what a task has left behind go on', async () => {
    const pool = makePool(1);
    const counts = RawArray('i', 1);
    await pool.apply(tasks.ticking, [counts]);
    await vi.waitFor(() => expect(counts[0]).toBeGreaterThan(10), 10_000);
    expect(await pool.map(tasks.square, [2, 3])).toEqual([4, 9]);
  });

  it('starts workers that die without a task less and less often, and has one when there is a task', async () => {
    const pool = makePool({ processes: 1, initializer: tasks.exitSoon, initArgs: [3, 10] });
    const pids = new Set<number | undefined>();
    const note = (): void => pool.stats.workers.forEach(({ pid }) => pids.add(pid));
    const noting = setInterval(note, 5);
    await vi.waitFor(() => expect(pids.size).toBeGreaterThan(5), 20_000);
    clearInterval(noting);
    expect(await pool.apply(tasks.square, [3])).toBe(9);
    expect(pool.applySync(tasks.square, [4])).toBe(16);
  });

  it('can be polled by a thread that never comes to its event loop', () => {
    const result = makePool(1).applyAsync(tasks.square, [3]);
    while (!result.waitSync({ timeout: 0 }));
    expect(result.getSync()).toBe(9);
  });
});
