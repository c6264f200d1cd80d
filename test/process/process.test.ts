import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { activeChildren } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as targets from '../fixtures/targets.js';
import { expectNoLeaks, isRunning, until } from '../helpers/leaks.ts';
import { outputOf, PIPE, printedBy } from '../helpers/output.ts';
import { PROCESS_KINDS } from '../helpers/process-kinds.ts';
import { readySpares } from '../helpers/spares.ts';

describe.each(PROCESS_KINDS)('Process, $title', ({ Process, isThread, spares, waiting }) => {
  expectNoLeaks();
  readySpares(spares);

  describe('what it calls', () => {
    it('calls the target with the arguments', async () => {
      const process = new Process({
        target: targets.printArguments,
        args: [1, 'two', { three: [3] }],
        ...PIPE,
      }).start();
      expect(await printedBy(process)).toEqual([1, 'two', { three: [3] }]);
    });

    it('passes kwargs as a last object argument', async () => {
      const process = new Process({
        target: targets.printArguments,
        args: [1],
        kwargs: { verbose: true },
        ...PIPE,
      }).start();
      expect(await printedBy(process)).toEqual([1, { verbose: true }]);
    });

    it('takes any iterable as args', async () => {
      const numbers = function* (): Generator<number> {
        yield 1;
        yield 2;
      };
      const fromSet = new Process({ target: targets.printArguments, args: new Set(['a', 'b']), ...PIPE }).start();
      const fromGenerator = new Process({ target: targets.printArguments, args: numbers(), ...PIPE }).start();
      expect(await printedBy(fromSet)).toEqual(['a', 'b']);
      expect(await printedBy(fromGenerator)).toEqual([1, 2]);
    });

    it('carries arguments that JSON does not know', async () => {
      const args = [
        new Map([[1n, new Date(0)]]),
        undefined,
        -0,
        new Float64Array([0.5]),
        Buffer.from('x'),
        targets.nothing,
      ];
      const process = new Process({ target: targets.printInspected, args, ...PIPE }).start();
      expect((await outputOf(process)).stdout).toBe(inspect(args));
    });

    it('keeps the identity of an object that is in two arguments', async () => {
      const twice = { name: 'twice' };
      const process = new Process({ target: targets.printInspected, args: [[twice, twice]], ...PIPE }).start();
      expect((await outputOf(process)).stdout).toBe(inspect([[twice, twice]]));
    });

    it('calls functions of CommonJS modules', async () => {
      const { default: common } = await import('../fixtures/common.cjs');
      const sum = new Process({ target: common.printSum, args: [2, 3], ...PIPE }).start();
      const product = new Process({
        target: (common as unknown as { printProduct: (...args: number[]) => void }).printProduct,
        args: [2, 3],
        ...PIPE,
      }).start();
      expect((await outputOf(sum)).stdout).toBe('5\n');
      expect((await outputOf(product)).stdout).toBe('6\n');
    });

    it('does nothing without a target', async () => {
      const process = new Process().start();
      await process.join();
      expect(process.exitCode).toBe(0);
    });

    it('has memory of its own: variables are not shared', async () => {
      targets.shared.counter = 10;
      const process = new Process({ target: targets.changeShared, ...PIPE }).start();
      expect(await printedBy(process)).toBe(1);
      expect(targets.shared.counter).toBe(10);
    });

    it('refuses a target that cannot travel, naming the way out', () => {
      const process = new Process({ target: Math.max });
      expect(() => process.start()).toThrow(/'Process-\d+'\.target .*native code.*wrap it in a function of your own/);
      expect(process.pid).toBeUndefined();
    });

    it('refuses an argument that cannot travel, at the call', () => {
      const process = new Process({ target: targets.printArguments, args: [{ inner: Symbol('here') }] });
      expect(() => process.start()).toThrow(expect.objectContaining({ code: 'ERR_MP_SERIALIZATION' }));
      expect(() => process.start()).toThrow(/args\[0\]\.inner/);
    });
  });

  // Their base class is that of processes: see test/process/threads.test.ts for the others.
  describe.skipIf(isThread)('subclasses', () => {
    it('run() is called on an object with the own fields of the instance', async () => {
      const process = new targets.ClockProcess(3, PIPE);
      process.ticks = 5;
      expect(await printedBy(process.start())).toEqual({
        ticks: 5,
        since: '1970-01-01T00:00:00.000Z',
        isDate: true,
        name: process.name,
        isSelf: true,
        isClock: true,
      });
    });

    it('without run() of their own call their target', async () => {
      const process = new targets.TargetProcess({ target: targets.greet, args: ['Ada'], ...PIPE });
      process.greeting = 'good evening';
      expect(await printedBy(process.start())).toBe('good evening Ada');
    });

    it('are named after their class', () => {
      expect(new targets.ClockProcess(1).name).toMatch(/^ClockProcess-\d+$/);
    });
  });

  describe('exit codes', () => {
    it('are null before and while it runs, and 0 after', async () => {
      const process = new Process({ target: targets.nothing });
      expect(process.exitCode).toBeNull();
      process.start();
      expect(process.exitCode).toBeNull();
      expect(await process.exited).toBe(0);
      expect(process.exitCode).toBe(0);
    });

    it('are those of process.exit() and process.exitCode', async () => {
      const exited = new Process({ target: targets.exitWith, args: [7] }).start();
      const set = new Process({ target: targets.setExitCode, args: [9] }).start();
      expect(await exited.exited).toBe(7);
      expect(await set.exited).toBe(9);
    });

    it('are -N when signal N has killed it', async () => {
      const terminated = waiting();
      const killed = waiting();
      terminated.terminate();
      killed.kill();
      expect(await terminated.exited).toBe(-15);
      expect(await killed.exited).toBe(-9);
    });

    it.each([
      ['a target that throws', targets.fail],
      ['a target that rejects', targets.failLater],
      ['an error outside of the target', targets.failOutside],
      ['a rejection that nobody handles', targets.rejectOutside],
    ])('are 1 for %s, with its stack under the name of the process', async (_what, target) => {
      const process = new Process({ target, args: ['no luck'], name: 'unlucky', ...PIPE }).start();
      const { stderr, exitCode } = await outputOf(process);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^Process unlucky:\nRangeError: no luck\n {4}at .*targets\.js/);
      expect(stderr.match(/no luck/g)).toHaveLength(1);
    });

    it('leave uncaught errors to a listener that the child has', async () => {
      const process = new Process({ target: targets.catchUncaught, ...PIPE }).start();
      expect(await outputOf(process)).toEqual({ stdout: '"caught late"\n', stderr: '', exitCode: 0 });
    });

    it('come when the event loop of the child is empty', async () => {
      const process = new Process({ target: targets.leaveTimers, ...PIPE }).start();
      expect(await outputOf(process)).toEqual({ stdout: '"timer"\n"exit"\n', stderr: '', exitCode: 0 });
    });
  });

  describe('waiting', () => {
    it('join() tells whether the process has ended in time', async () => {
      const process = waiting();
      expect(await process.join({ timeout: 0 })).toBe(false);
      const before = performance.now();
      expect(await process.join({ timeout: 30 })).toBe(false);
      expect(performance.now() - before).toBeGreaterThanOrEqual(29);
      process.kill();
      expect(await process.join({ timeout: 20_000 })).toBe(true);
      expect(await process.join()).toBe(true);
    });

    it('joinSync() blocks the thread as long', () => {
      const process = waiting();
      const before = performance.now();
      expect(process.joinSync({ timeout: 30 })).toBe(false);
      expect(performance.now() - before).toBeGreaterThanOrEqual(29);
      process.kill();
      expect(process.joinSync()).toBe(true);
      expect(process.exitCode).toBe(-9);
    });

    it('join() rejects with the reason of an aborted signal', async () => {
      const process = waiting();
      const reason = new Error('enough');
      await expect(process.join({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const joined = process.join({ signal: controller.signal });
      controller.abort(reason);
      await expect(joined).rejects.toBe(reason);
      process.kill();
      await process.join();
    });

    it('many may wait for one process', async () => {
      const process = new Process({ target: targets.nothing }).start();
      expect(await Promise.all([process.join(), process.exited, process.sentinel.wait(), process.join()])).toEqual([
        true,
        0,
        true,
        true,
      ]);
    });

    it.skipIf(isThread)('a stopped process has not ended', async () => {
      const child = waiting();
      process.kill(child.pid as number, 'SIGSTOP');
      expect(await child.join({ timeout: 100 })).toBe(false);
      expect(child.isAlive()).toBe(true);
      process.kill(child.pid as number, 'SIGCONT');
      child.kill();
      await child.join();
    });

    it('the sentinel is a descriptor that stays valid until close()', async () => {
      const process = waiting();
      const { sentinel } = process;
      expect(sentinel.fileno()).toBeGreaterThan(2);
      expect(sentinel.fileno()).toBe(process.sentinel.fileno());
      expect(sentinel.ready).toBe(false);
      expect(sentinel.waitSync({ timeout: 1 })).toBe(false);
      process.kill();
      expect(await sentinel.wait()).toBe(true);
      expect(sentinel.ready).toBe(true);
      expect(sentinel.fileno()).toBeGreaterThan(2);
      process.close();
    });

    it.skipIf(isThread)('does not take the ends of other children', async () => {
      const process = new Process({ target: targets.nothing }).start();
      for (let i = 0; i < 5; i++) expect(spawnSync('/bin/sh', ['-c', `exit ${i}`]).status).toBe(i);
      expect(await process.exited).toBe(0);
    });
  });

  describe('groups of processes', () => {
    it('activeChildren() has those that run', async () => {
      const [first, second] = [waiting(), waiting()];
      expect(activeChildren()).toEqual([first, second]);
      first.kill();
      await first.join();
      expect(activeChildren()).toEqual([second]);
      second.kill();
      await second.join();
      expect(activeChildren()).toEqual([]);
    });

    it('twenty at once have twenty pids, unless they are threads', async () => {
      const processes = Array.from({ length: 20 }, () => new Process({ target: targets.nothing }).start());
      expect(new Set(processes.map(({ pid }) => pid)).size).toBe(isThread ? 1 : 20);
      expect(await Promise.all(processes.map((process) => process.exited))).toEqual(Array(20).fill(0));
    });

    it.skipIf(isThread)('outlive the worker thread that started them', async () => {
      const worker = new Worker(new URL('../fixtures/starting-thread.js', import.meta.url));
      const exited = once(worker, 'exit');
      const [pid] = (await once(worker, 'message')) as [number];
      await exited;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(isRunning(pid)).toBe(true);
      process.kill(pid, 'SIGKILL');
      await until(() => !isRunning(pid), 'it has ended');
    });

    it('leaving the scope ends the process', async () => {
      const process = waiting();
      await process[Symbol.asyncDispose]();
      expect(inspect(process)).toContain("state: 'closed'");
      await new Process()[Symbol.asyncDispose]();
    });
  });
});
