// Deaths at moments that only meet now and then: here, what lies between two steps of the owner is stretched.
import { afterEach, describe, expect, it, vi } from 'vitest';

import { Pool, Process, RawArray, ResourceError } from '../../dist/index.js';
import { COMPOUND } from '../../dist/memory/compound.js';
import { Block } from '../../dist/memory/heap.js';
import { PoolChannel } from '../../dist/pool/pool-channel.js';
import { negative, waitForWord, waitAndCount } from '../fixtures/pool/simple.js';
import { MessageStream } from '../../dist/transport/message-stream.js';
import { DyingPool } from '../helpers/dying-pools.ts';
import { until } from '../helpers/leaks.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { sleep } from '../helpers/shared-memory.ts';

vi.hoisted(() => {
  process.env['FORKLESS_KILL_AT'] = 'nowhere';
});

expectNoTraces();
afterEach(() => {
  vi.restoreAllMocks();
});

const STRETCH_MS = 400;
const words: Int32Array = RawArray('i', 4);

function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Whether `waitAndCount` has been begun. */
function isDone(): boolean {
  return Atomics.load(words, 3) > 0;
}

describe('A Pool', () => {
  it.each(['reject', 'retry'] as const)(
    "takes no task for lost whose result comes while it looks into a dead worker's hand: %s",
    async (onWorkerDeath) => {
      // Both die with the same task in hand, and neither has taken it: who replaces the first does it.
      words.set([0, 1, 0, 0]);
      const dying = new DyingPool('pool.noted', { onWorkerDeath });
      await until(() => dying.pool.stats.workers.every(({ state }) => state === 'idle'), 'both wait for a task');
      const result = dying.pool.applyAsync(waitAndCount, [words, 1]);
      const inHand = PoolChannel.prototype.inHand;
      let looks = 0;
      vi.spyOn(PoolChannel.prototype, 'inHand').mockImplementation(function (this: PoolChannel, hand: number) {
        const number = inHand.call(this, hand);
        looks += 1;
        // The owner has read what results there were. Then the second one's comes.
        if (looks === 2) for (let ms = 0; ms < 10_000 && (!isDone() || ms % 200 !== 0); ms += 10) blockFor(10);
        return number;
      });
      expect(await result.get()).toBe('counted');
      expect(looks).toBeGreaterThanOrEqual(2);
      vi.restoreAllMocks();
      await sleep(STRETCH_MS);
      expect(Atomics.load(words, 3)).toBe(1);
      await dying.end('terminate');
    },
  );

  it('stops a worker for a task that is cancelled, but for no task that it has begun meanwhile', async () => {
    words.fill(0);
    const pool = new Pool(1);
    const abort = new AbortController();
    const cancelled = pool.applyAsync(waitForWord, [words, 0], { signal: abort.signal });
    const failure = cancelled.get().catch((error: unknown) => error);
    const next = pool.applyAsync(waitAndCount, [words, 1]);
    await until(() => Atomics.load(words, 2) === 1, 'the first task has begun');
    const kill = Process.prototype.kill;
    vi.spyOn(Process.prototype, 'kill').mockImplementation(function (this: Process) {
      // The first task ends at this moment, and the worker could go on to the second.
      Atomics.store(words, 0, 1);
      blockFor(STRETCH_MS);
      kill.call(this);
    });
    abort.abort(new Error('not wanted'));
    vi.restoreAllMocks();
    Atomics.store(words, 1, 1);
    expect(await failure).toMatchObject({ message: 'not wanted' });
    expect(await next.get()).toBe('counted');
    expect(Atomics.load(words, 3)).toBe(1);
    pool.close();
    await pool.join();
  });

  it('is gone, with the workers that had started, when one of them cannot be started', async () => {
    const start = Process.prototype.start;
    let starts = 0;
    vi.spyOn(Process.prototype, 'start').mockImplementation(function (this: Process) {
      starts += 1;
      if (starts === 3) throw new ResourceError('There is no room for one more');
      return start.call(this);
    });
    const release = vi.spyOn(PoolChannel.prototype, 'release');
    const emptyHand = vi.spyOn(PoolChannel.prototype, 'emptyHand');
    expect(() => new Pool(4)).toThrow('no room for one more');
    await until(() => emptyHand.mock.calls.length === 2 && release.mock.calls.length === 1, 'both have ended');
    // Nobody writes where others may live by now.
    const last = Math.max(...emptyHand.mock.invocationCallOrder);
    expect(release.mock.invocationCallOrder[0]).toBeGreaterThan(last);
  });

  it('keeps what it shares until it has done with it, though it is joined in a callback', async () => {
    const release = vi.spyOn(Block.prototype, 'release');
    const released = (): number =>
      (release.mock.contexts as Block[]).findIndex(({ kind }) => kind === COMPOUND + 0x504f4f4c);
    const uses = [vi.spyOn(PoolChannel.prototype, 'emptyHand'), vi.spyOn(MessageStream.prototype, 'read')];
    const pool = new Pool(2);
    const callback = (result: number): void => {
      if (result !== -1) return;
      pool.terminate();
      pool.joinSync();
    };
    for (let i = 0; i < 5; i++) pool.applyAsync(negative, [i], { callback });
    await until(() => released() >= 0, 'the pool is gone');
    await sleep(10);
    const last = Math.max(...uses.flatMap(({ mock }) => mock.invocationCallOrder));
    expect(release.mock.invocationCallOrder[released()]).toBeGreaterThan(last);
  });
});
