import { inspect } from 'node:util';

import {
  AsyncResult,
  cpuCount,
  Lock,
  Pool,
  RawArray,
  RemoteError,
  SerializationError,
  StateError,
  TimeoutError,
} from 'forkless';
import { describe, expect, it, vi } from 'vitest';

import * as tasks from '../fixtures/pool/tasks.js';
import { pools } from '../helpers/watched-pool.ts';

const makePool = pools();

describe('Pool', () => {
  it('calls a function with arguments and named arguments, sync and async functions alike', async () => {
    const pool = makePool();
    expect(await pool.apply(tasks.add, [1, 2])).toBe(3);
    expect(await pool.apply(tasks.add, new Set(['a', 'b']))).toBe('ab');
    expect(await pool.apply(tasks.named, [3], { factor: 5 })).toBe(15);
    expect(await pool.apply(tasks.squareLater, [4])).toBe(16);
    expect(pool.applySync(tasks.squareLater, [5])).toBe(25);
    expect(pool.applySync(tasks.named, [3], { factor: 2 })).toBe(6);
    expect(await pool.applyAsync(tasks.named, [3], { kwargs: { factor: 7 } })).toBe(21);
  });

  it('has as many workers as there are processors for it, numbered by their names (rows 62, 63, 105, 122)', async () => {
    const pool = makePool({});
    expect(pool.stats.workers.map(({ name }) => name)).toEqual(
      Array.from({ length: cpuCount() }, (_, i) => `PoolWorker-${i + 1}`),
    );
    expect(await pool.apply(tasks.workerName)).toMatch(/^PoolWorker-\d+$/);
  });

  it('calls functions that are only here, with variables as they are at each call', async () => {
    const pool = makePool();
    let factor = 2;
    const scale = (x: number): number => x * factor;
    expect(await pool.map(scale, [1, 2])).toEqual([2, 4]);
    factor = 10;
    expect(await pool.map(scale, [1, 2])).toEqual([10, 20]);
    expect(await Promise.all([1, 2, 3].map((n) => pool.apply(() => n * factor)))).toEqual([10, 20, 30]);
  });

  it('has more functions under way than there are places for', async () => {
    const pool = makePool();
    const results = Array.from({ length: 700 }, (_, n) => pool.applyAsync(() => n));
    expect(await Promise.all(results)).toEqual(Array.from({ length: 700 }, (_, n) => n));
  });

  it('takes arguments as they are at the call, however long they wait', async () => {
    const pool = makePool(1);
    const item = { n: 0 };
    const results: PromiseLike<{ n: number }>[] = [];
    for (let n = 0; n < 2000; n++) {
      item.n = n;
      results.push(pool.applyAsync(tasks.same, [item]));
    }
    expect((await Promise.all(results)).map(({ n }) => n)).toEqual(Array.from({ length: 2000 }, (_, n) => n));
  });

  it('carries what any message carries: large buffers, shared objects, maps', async () => {
    const pool = makePool();
    const bytes = new Uint8Array(3_000_000).fill(9);
    const back = await pool.apply(tasks.same, [bytes]);
    expect(Buffer.from(back).equals(bytes)).toBe(true);
    expect((await pool.apply(tasks.arrayOf, [1_000_000])).length).toBe(1_000_000);
    expect(await pool.apply(tasks.same, [new Map([[1, new Set(['x'])]])])).toEqual(new Map([[1, new Set(['x'])]]));
    const array = RawArray('d', 100);
    const places = Array.from({ length: 100 }, (_, i) => [array, i] as const);
    await pool.starmap(tasks.addTo, places);
    expect([...array]).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect([...(await pool.apply(tasks.makeShared, [3]))]).toEqual([3, 4]);
    expect(await pool.apply(tasks.lockedBy, [new Lock()])).toBe('locked');
  });

  it('keeps class, message and properties of errors, and has the stack of the worker as their cause', async () => {
    const pool = makePool();
    const error: tasks.PriceError = await pool.apply(tasks.failAt, [3, 3]).catch((reason) => reason);
    expect(error).toBeInstanceOf(tasks.PriceError);
    expect(error).toMatchObject({ message: 'no price for 3', price: 3 });
    expect(error.cause).toBeInstanceOf(RemoteError);
    expect((error.cause as RemoteError).remoteStack).toMatch(/at failAt .*tasks\.js:\d+/);
    expect((error.cause as RemoteError).processName).toMatch(/^PoolWorker-\d+$/);
    expect(() => pool.applySync(tasks.failAt, [3, 3])).toThrow('no price for 3');
    await expect(pool.map((x) => tasks.failAt(5, x), [1, 2, 5, 6])).rejects.toThrow('no price for 5');
    expect(() => pool.mapSync((x) => tasks.failAt(5, x), [1, 2, 5, 6])).toThrow('no price for 5');
  });

  it('refuses at the call what cannot travel, and rejects results that cannot', async () => {
    const pool = makePool();
    expect(() => pool.applyAsync(tasks.same, [new WeakMap()])).toThrow(SerializationError);
    await expect(pool.apply(tasks.same, [new WeakMap()])).rejects.toThrow(SerializationError);
    await expect(pool.apply(Math.sqrt, [4])).rejects.toThrow(SerializationError);
    await expect(pool.map(tasks.same, [1, new WeakMap()])).rejects.toThrow(SerializationError);
    await expect(pool.apply(tasks.notInOtherProcesses)).rejects.toThrow(SerializationError);
    expect(await pool.map(tasks.square, [3])).toEqual([9]);
  });

  it('gives an AsyncResult at once: get, wait, ready, successful, in both forms', async () => {
    const pool = makePool();
    await pool.apply(tasks.square, [1]);
    const result = pool.applyAsync(tasks.sleepFor, [150]);
    expect(result).toBeInstanceOf(AsyncResult);
    expect([result.ready(), await result.wait({ timeout: 1 })]).toEqual([false, false]);
    expect(() => result.successful()).toThrow(StateError);
    await expect(result.get({ timeout: 1 })).rejects.toThrow(TimeoutError);
    expect(() => result.getSync({ timeout: 1 })).toThrow(TimeoutError);
    expect(await result.get()).toBe(150);
    expect([result.ready(), result.successful(), await result, result.getSync()]).toEqual([true, true, 150, 150]);
    const failing = pool.applyAsync(tasks.failAt, [1, 1]);
    expect(failing.waitSync({ timeout: 20_000 })).toBe(true);
    expect(failing.successful()).toBe(false);
    await expect(failing).rejects.toThrow('no price for 1');
    const aborted = pool.applyAsync(tasks.sleepFor, [50]);
    await expect(aborted.get({ signal: AbortSignal.timeout(5) })).rejects.toThrow(/timeout/);
    expect(await aborted).toBe(50);
  });

  it('calls back with results and errors, and what a callback throws is no task’s error', async () => {
    const pool = makePool();
    const [told, failed] = [vi.fn<(value: unknown) => void>(), vi.fn<(error: unknown) => void>()];
    const uncaught: unknown[] = [];
    const before = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error.message));
    const callback = (value: unknown): void => {
      told(value);
      throw new Error('of a callback');
    };
    await pool.applyAsync(tasks.square, [3], { callback });
    await pool.mapAsync(tasks.square, [3, 4], { callback: told });
    await pool.starmapAsync(tasks.add, [[1, 2]] as [number, number][], { callback: told });
    await pool.applyAsync(tasks.failAt, [1, 1], { callback, errorCallback: failed }).wait();
    expect(told.mock.calls).toEqual([[9], [[9, 16]], [[3]]]);
    expect(failed.mock.calls.map(([error]) => (error as Error).message)).toEqual(['no price for 1']);
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
    expect(uncaught).toEqual(['of a callback']);
  });

  it('refuses wrong arguments before anything happens', async () => {
    const pool = makePool(1);
    for (const wrong of [0, -1, 1.5, Number.NaN]) expect(() => new Pool(wrong)).toThrow(RangeError);
    expect(() => new Pool('2' as never)).toThrow(TypeError);
    expect(() => new Pool({ worker: 3 } as never)).toThrow(/no option "worker"/);
    expect(() => new Pool({ initializer: 3 as never })).toThrow(/initializer must be a function/);
    expect(() => new Pool({ maxTasksPerChild: 0 })).toThrow(RangeError);
    expect(() => new Pool({ onWorkerDeath: 'ignore' as never })).toThrow(/onWorkerDeath must be/);
    await expect(pool.apply('square' as never)).rejects.toThrow(/expected a function to call, not string/);
    await expect(pool.map(tasks.square, 7 as never)).rejects.toThrow(/must be iterable/);
    await expect(pool.map(tasks.square, [1], { chunkSize: 0 })).rejects.toThrow(RangeError);
    await expect(pool.map(tasks.square, [1], { chunksize: 1 } as never)).rejects.toThrow(/no option "chunksize"/);
    expect(() => pool.imap(tasks.square, [1], { bufferSize: 0 })).toThrow(RangeError);
    expect(() => pool.applyAsync(tasks.square, [1], { callback: 1 as never })).toThrow(/callback must be a function/);
  });

  it('shows what it does', async () => {
    const pool = makePool(2);
    await pool.map(tasks.square, [1, 2, 3], { chunkSize: 1 });
    await pool.apply(tasks.failAt, [1, 1]).catch(() => {});
    const { workers, queued, running, completed, failed, runTime, waitTime } = pool.stats;
    expect([workers.length, queued, running, completed, failed]).toEqual([2, 0, 0, 3, 1]);
    expect([runTime.count, waitTime.count]).toEqual([4, 4]);
    const busy = pool.applyAsync(tasks.sleepFor, [200]);
    await vi.waitFor(() => expect(pool.stats.running).toBe(1), { timeout: 10_000, interval: 5 });
    expect(pool.stats.workers.map(({ state }) => state)).toContain('busy');
    expect(inspect(pool)).toBe('Pool { open, workers: 2, queued: 0, running: 1 }');
    await busy;
  });
});
