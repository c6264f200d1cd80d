import { Pool, Process } from 'forkless';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import * as work from '../fixtures/pool/conformance.js';
import { isRunning, until } from '../helpers/leaks.ts';
import { runProgram } from '../helpers/output.ts';
import { expectNothingLeft, poolConformance } from '../helpers/pools.ts';
import { counters } from '../helpers/primitives.ts';

const { square } = work;
// Python has 200; more than 60 were too many for it on Windows.
const WORKERS = process.env['FORKLESS_LONG'] === '1' ? 200 : 64;

poolConformance('A worker of a Pool', ({ Pool, make, call }) => {
  it('is replaced after as many tasks as it is told (_TestPoolWorkerLifetime.test_pool_worker_lifetime)', async () => {
    const pool = make({ processes: 3, maxTasksPerChild: 10 });
    const before = namesOf(pool);
    expect(before.size).toBe(3);
    const results = Array.from({ length: 100 }, (_, i) => pool.applyAsync(work.squareAndWhere, [i]));
    const done = new Map<string, number>();
    for (const [i, result] of results.entries()) {
      const [value, name] = await call<[number, string]>(result, 'get');
      expect(value).toBe(i * i);
      done.set(name, (done.get(name) ?? 0) + 1);
    }
    expect(Math.max(...done.values())).toBeLessThanOrEqual(10);
    expect(done.size).toBeGreaterThanOrEqual(10);
    await until(() => namesOf(pool).size === 3, 'there are three workers again');
    expect(namesOf(pool)).not.toEqual(before);
    expect(pool.stats.workers.every(({ pid }) => pid !== undefined)).toBe(true);
    pool.close();
    await call(pool, 'join');
  });

  it('is replaced in a closed pool, too, until all is done (_TestPoolWorkerLifetime.test_pool_worker_lifetime_early_close)', async () => {
    const pool = make({ processes: 3, maxTasksPerChild: 1 });
    const results = [0, 1, 2, 3, 4, 5].map((i) => pool.applyAsync(square, [i, 300]));
    pool.close();
    await call(pool, 'join');
    expect(results.map((result) => result.ready())).toEqual(results.map(() => true));
    for (const [i, result] of results.entries()) expect(await call(result, 'get')).toBe(i * i);
  });

  it('does at least one task, and whole ones (_TestPoolWorkerLifetime.test_pool_maxtasksperchild_invalid)', () => {
    for (const maxTasksPerChild of [0, -1, 0.5]) {
      // Python: ValueError.
      expect(() => new Pool({ processes: 3, maxTasksPerChild })).toThrow(RangeError);
    }
    expect(() => new Pool({ processes: 3, maxTasksPerChild: '12' as never })).toThrow(TypeError);
  });

  it('calls the initializer before its first task (TestInitializers.test_pool_initializer)', async () => {
    expect(() => new Pool({ initializer: 1 as never })).toThrow(TypeError);
    const pool = make({ processes: 1, initializer: work.countIn, initArgs: [counters, 7] });
    pool.close();
    await call(pool, 'join');
    expect(counters[0]).toBe(7);
  });
});

describe('A Pool that nobody ends', () => {
  it.each(['map', 'mapSync'])(
    'ends with its program, with %s (_TestPoolWorkerLifetime.test_worker_finalization_via_atexit_handler_of_multiprocessing)',
    async (method) => {
      await expectToEnd([method, 'keep'], true);
    },
  );

  it.each(['map', 'mapSync'])(
    'may be dropped, with %s: it still ends with its program (_TestPool.test_resource_warning)',
    async (method) => {
      // Python: ResourceWarning.
      await expectToEnd([method, 'drop'], false);
    },
  );

  async function expectToEnd(args: readonly string[], isKept: boolean): Promise<void> {
    const program = 'test/fixtures/programs/forgotten-pool.mjs';
    const { stdout, stderr, code } = await runProgram(program, { args, nodeArgs: ['--expose-gc'] });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const printed = JSON.parse(stdout) as { values: number[]; pids: number[]; isKept: boolean };
    expect(printed).toMatchObject({ values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], isKept });
    expect(printed.pids).toHaveLength(1);
    await until(() => !printed.pids.some(isRunning), 'its worker has ended');
  }
});

describe('A Pool of processes', { timeout: 60_000 }, () => {
  expectNothingLeft();
  beforeEach(() => void counters.fill(0));
  afterEach(() => void vi.restoreAllMocks());

  it('that cannot be made leaves no worker behind (TestPoolNotLeakOnFailure.test_release_unused_processes)', async () => {
    const pids: number[] = [];
    const { start } = Process.prototype;
    vi.spyOn(Process.prototype, 'start').mockImplementation(function start3(this: Process) {
      if (pids.length === 3) throw new Error('Manually induced error');
      const started = start.call(this);
      pids.push(started.pid ?? 0);
      return started;
    });
    expect(() => new Pool(5)).toThrow('Manually induced error');
    expect(pids).toHaveLength(3);
    await until(() => !pids.some(isRunning), 'those that were started have ended');
  });

  it('can be had in a child process (TestStdinBadfiledescriptor.test_pool_in_process)', async () => {
    const child = new Process({ target: work.poolInProcess, args: [counters] }).start();
    await child.join();
    expect(child.exitCode).toBe(0);
    expect(counters[0]).toBe(140);
  });

  it('may have many workers (MiscTestCase.test_large_pool)', { timeout: 300_000 }, async () => {
    const program = 'test/fixtures/programs/large-pool.mjs';
    const output = await runProgram(program, { args: [String(WORKERS)], watchdogMs: 280_000 });
    expect(output).toEqual({ stdout: '332833500\n', stderr: '', code: 0, signal: null });
  });
});

function namesOf(pool: Pool): Set<string> {
  return new Set(pool.stats.workers.map(({ name }) => name));
}
