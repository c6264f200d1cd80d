import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { BrokenPoolError, Pool, Process, ref, WorkerDiedError } from '../../dist/index.js';
import { begin } from '../fixtures/pool/not-importable.js';
import { exitAtOnce, killSelf, never, pid, rejectLater, throwRange } from '../fixtures/pool/starts.js';
import { isRunning, until } from '../helpers/leaks.ts';
import { runProgram } from '../helpers/output.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { sleep } from '../helpers/shared-memory.ts';

expectNoTraces();
let starts = 0;
/** So many of the next are killed as soon as they are started. */
let kills = 0;
beforeEach(() => {
  starts = 0;
  kills = 0;
  const start = Process.prototype.start;
  vi.spyOn(Process.prototype, 'start').mockImplementation(function (this: Process) {
    starts += 1;
    const started = start.call(this);
    if (kills-- > 0) process.kill(started.pid as number, 'SIGKILL');
    return started;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const MISSING = new URL('missing.js', import.meta.url).href;
const SETTLE_MS = 500;

const FAILING = [
  ['calls process.exit()', { initializer: exitAtOnce, initArgs: [3] }, /exit code 3/],
  ['is killed', { initializer: killSelf }, /signal 9/],
  ['throws', { initializer: throwRange, initArgs: ['no start'] }, /RangeError: no start/],
  ['rejects', { initializer: rejectLater, initArgs: ['no start'] }, /RangeError: no start/],
  ['cannot be imported', { initializer: begin }, /This module is not for workers/],
  ['is in no module', { initializer: ref(MISSING, 'begin') }, /missing\.js/],
  ['never ends, with nothing to wait for', { initializer: never }, /exit code/],
] as const;

describe('A Pool whose initializer', () => {
  it.each(FAILING)('%s is broken, once and for all', async (_, options, message) => {
    const pool = new Pool({ processes: 2, ...options } as never);
    const tasks = [pool.applyAsync(pid), pool.mapAsync(pid, [1, 2, 3])];
    const errors = await Promise.all(tasks.map((task) => task.get().catch((error: unknown) => error)));
    const [error] = errors;
    expect(error).toBeInstanceOf(BrokenPoolError);
    expect((error as Error).message).toMatch(message);
    expect(errors[1]).toBe(error);
    await expect(pool.apply(pid)).rejects.toBe(error);
    await sleep(SETTLE_MS);
    // Its two, and one for each of the three failures that are waited for, at most.
    expect(starts).toBeLessThanOrEqual(5);
    expect(pool.stats.workers).toEqual([]);
    pool.terminate();
    await pool.join();
  });

  it.each(FAILING)('%s is broken for blocking calls, too', (_, options, message) => {
    const pool = new Pool({ processes: 2, ...options } as never);
    expect(() => pool.applySync(pid)).toThrow(BrokenPoolError);
    expect(() => pool.mapSync(pid, [1])).toThrow(message);
    pool.close();
    pool.joinSync();
    expect(starts).toBeLessThanOrEqual(5);
  });

  it('fails is broken though nobody gives it a task', async () => {
    const pool = new Pool({ processes: 2, initializer: throwRange as never, initArgs: ['no start'] });
    pool.close();
    await pool.join();
    expect(starts).toBeLessThanOrEqual(5);
  });
});

describe('A Pool whose workers are killed from outside before they are ready', () => {
  it('goes on with others', async () => {
    kills = 6;
    await using pool = new Pool(2);
    expect(await pool.apply(pid)).toBeTypeOf('number');
    expect(starts).toBeGreaterThanOrEqual(7);
  });

  it('is broken when it happens to all of them', async () => {
    kills = Infinity;
    const pool = new Pool(2);
    await expect(pool.apply(pid)).rejects.toThrow(/10 workers of the pool have ended.*signal 9/);
    expect(starts).toBeLessThanOrEqual(12);
    pool.terminate();
    await pool.join();
  });
});

describe('A task of a Pool', () => {
  it.each([0, 7])('that calls process.exit(%i) rejects, and no other', async (code) => {
    await using pool = new Pool(2);
    const others = Array.from({ length: 10 }, () => pool.applyAsync(pid));
    const error = await pool.apply(exitAtOnce, [code]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkerDiedError);
    expect(error).toMatchObject({ exitCode: code, task: 'exitAtOnce' });
    for (const other of others) expect(await other).toBeTypeOf('number');
    expect(() => pool.applySync(exitAtOnce, [code])).toThrow(WorkerDiedError);
    expect(await pool.apply(pid)).toBeTypeOf('number');
  });

  it('that never ends, and has nothing to wait for, rejects when its worker ends of it', async () => {
    await using pool = new Pool(1);
    await expect(pool.apply(never)).rejects.toThrow(WorkerDiedError);
    expect(await pool.apply(pid)).toBeTypeOf('number');
  });

  it('has errors of its own that nobody has caught, and none of tasks that have ended', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/pool-stray.js');
    expect(JSON.parse(stdout)).toEqual({
      ended: ['ended', 'ended'],
      messages: ['RangeError: of a timer', 'RangeError: of a promise'],
      sameWorker: true,
    });
    expect(stderr.match(/RangeError: of a timer/g)).toHaveLength(1);
    expect(stderr.match(/RangeError: of a promise/g)).toHaveLength(1);
  });
});

describe('The workers of a Pool', () => {
  it('end with its owner, though that is killed', async () => {
    let pids: number[] = [];
    const end = await runProgram('test/fixtures/programs/pool-orphans.js', {
      onOutput: (text, program) => {
        if (!text.endsWith('\n')) return;
        pids = JSON.parse(text) as number[];
        process.kill(program.pid, 'SIGKILL');
      },
    });
    expect(end.signal).toBe('SIGKILL');
    expect(pids).toHaveLength(3);
    await until(() => !pids.some(isRunning), 'the workers have ended');
  });
});
