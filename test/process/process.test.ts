import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import {
  activeChildren,
  ClosedError,
  currentProcess,
  isMainProcess,
  parentProcess,
  Process,
  StateError,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import * as targets from '../fixtures/targets.js';
import { expectNoLeaks, isRunning, until } from '../helpers/leaks.ts';
import { outputOf, printedBy } from '../helpers/output.ts';

interface Self {
  name: string;
  pid: number;
  daemon: boolean;
  isMainProcess: boolean;
  isAlive: boolean;
  authkey: string;
  parent: { name: string; pid: number; isAlive: boolean };
  ppid: number;
  argv: string[];
  execArgv: string[];
  cwd: string;
  env: Record<string, string>;
  commandLine: string;
}

const PIPE = { stdio: 'pipe' } as const;
const QUIET = { stdio: 'ignore' } as const;

/** A process that runs until it is ended. */
function waiting(options?: { daemon?: boolean }): Process<[]> {
  return new Process({ target: targets.waitForEver, ...QUIET, ...options }).start();
}

describe('Process', () => {
  expectNoLeaks();

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

    it('refuses a target that is not exported, naming the way out', () => {
      const process = new Process({ target: () => {} });
      expect(() => process.start()).toThrow(/export|ref\(/);
      expect(process.pid).toBeUndefined();
    });

    it('refuses an argument that cannot travel, at the call', () => {
      const process = new Process({ target: targets.printArguments, args: [{ inner: Symbol('here') }] });
      expect(() => process.start()).toThrow(expect.objectContaining({ code: 'ERR_MP_SERIALIZATION' }));
      expect(() => process.start()).toThrow(/args\[0\]\.inner/);
    });
  });

  describe('subclasses', () => {
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
      await until(() => isRunning(terminated.pid as number), 'it runs');
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

    it('a stopped process has not ended', async () => {
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

    it('does not take the ends of other children', async () => {
      const process = new Process({ target: targets.nothing }).start();
      for (let i = 0; i < 5; i++) expect(spawnSync('/bin/sh', ['-c', `exit ${i}`]).status).toBe(i);
      expect(await process.exited).toBe(0);
    });
  });

  describe('names, daemons and keys', () => {
    it('is named Process-N by default, and children of Process-N are Process-N:1, Process-N:2', async () => {
      const process = new Process({ target: targets.startNested, args: [{}], ...PIPE }).start();
      expect(process.name).toMatch(/^Process-\d+$/);
      expect((await printedBy<Self>(process)).name).toBe(`${process.name}:1`);
    });

    it('takes a name that need not be unique and may change before the start', async () => {
      const process = new Process({ target: targets.printSelf, name: 'first', ...PIPE });
      process.name = 'second';
      expect((await printedBy<Self>(process.start())).name).toBe('second');
    });

    it('inherits daemon unless it is set', async () => {
      const daemon = new Process({ target: targets.startNested, args: [{}], daemon: true, ...PIPE }).start();
      const other = new Process({ target: targets.startNested, args: [{ daemon: true }], ...PIPE }).start();
      expect(new Process().daemon).toBe(false);
      expect((await printedBy<Self>(daemon)).daemon).toBe(true);
      expect((await printedBy<Self>(other)).daemon).toBe(true);
    });

    it('daemon can be set before start() only', async () => {
      const process = new Process({ target: targets.printSelf, ...PIPE });
      process.daemon = true;
      process.start();
      expect(() => (process.daemon = false)).toThrow(StateError);
      expect((await printedBy<Self>(process)).daemon).toBe(true);
    });

    it('has a key of 32 bytes that its children inherit, and that nobody else sees', async () => {
      const key = Buffer.from(currentProcess().authkey);
      const process = new Process({ target: targets.startNested, args: [{}], ...PIPE }).start();
      const self = await printedBy<Self>(process);
      expect(key.byteLength).toBe(32);
      expect(self.authkey).toBe(key.toString('hex'));
      const visible = JSON.stringify([self.env, self.commandLine, inspect(process)]);
      for (const form of ['hex', 'base64', 'latin1'] as const) expect(visible).not.toContain(key.toString(form));
    });

    it('takes a key of its own', async () => {
      const process = new Process({ target: targets.startNested, args: [{}], ...PIPE });
      process.authkey = Buffer.from('secret');
      expect((await printedBy<Self>(process.start())).authkey).toBe(Buffer.from('secret').toString('hex'));
      expect(() => (process.authkey = 'secret' as never)).toThrow(TypeError);
    });
  });

  describe('what the child sees', () => {
    it('knows itself and its parent', async () => {
      const child = new Process({ target: targets.printSelf, ...PIPE }).start();
      const self = await printedBy<Self>(child);
      expect(self).toMatchObject({
        name: child.name,
        pid: child.pid,
        isMainProcess: false,
        isAlive: true,
        ppid: process.pid,
      });
      expect(self.parent).toEqual({ name: 'MainProcess', pid: process.pid, isAlive: true });
      expect(isMainProcess).toBe(true);
      expect(currentProcess().name).toBe('MainProcess');
      expect(currentProcess().pid).toBe(process.pid);
      expect(parentProcess()).toBeUndefined();
    });

    it('cannot start, join or end itself', async () => {
      const child = new Process({ target: targets.misuseSelf, ...PIPE }).start();
      expect(await printedBy(child)).toEqual(Array(4).fill('ERR_MP_STATE'));
      expect(() => currentProcess().start()).toThrow(StateError);
    });

    it('knows itself in its worker threads, too', async () => {
      const child = new Process({ target: targets.printFromThread, ...PIPE }).start();
      expect(await printedBy(child)).toEqual({ name: child.name, isMainProcess: false });
    });

    it('has the environment of its parent with env merged over it, and nothing of ours', async () => {
      process.env['FORKLESS_TEST_A'] = 'a';
      process.env['FORKLESS_TEST_B'] = 'b';
      const env = { FORKLESS_TEST_B: undefined, FORKLESS_TEST_C: 'ü=c' };
      const self = await printedBy<Self>(new Process({ target: targets.printSelf, env, ...PIPE }).start());
      delete process.env['FORKLESS_TEST_A'];
      delete process.env['FORKLESS_TEST_B'];
      expect(self.env).toMatchObject({ FORKLESS_TEST_A: 'a', FORKLESS_TEST_C: 'ü=c' });
      expect(self.env).not.toHaveProperty('FORKLESS_TEST_B');
      expect(self.env).not.toHaveProperty('FORKLESS_CHILD');
    });

    it('runs in cwd with execArgv, and with the arguments of the program', async () => {
      const options = { cwd: tmpdir(), execArgv: ['--stack-trace-limit=3'], ...PIPE };
      const self = await printedBy<Self>(new Process({ target: targets.printSelf, ...options }).start());
      expect(self).toMatchObject({ cwd: tmpdir(), execArgv: ['--stack-trace-limit=3'], argv: process.argv.slice(2) });
    });

    it('has its streams as pipes on request', async () => {
      const child = new Process({ target: targets.waitForEver, ...PIPE });
      expect(child.stdout).toBeNull();
      child.start();
      await once(child.stdout as NodeJS.ReadableStream, 'readable');
      expect(child.stdin?.writable).toBe(true);
      child.kill();
      await child.join();
      expect(await text(child.stdout as NodeJS.ReadableStream)).toBe('"waiting"\n');
      child.close();
    });
  });

  describe('misuse', () => {
    it('a process starts once', async () => {
      const process = new Process({ target: targets.nothing }).start();
      expect(() => process.start()).toThrow(StateError);
      await process.join();
      expect(() => process.start()).toThrow(/Make a new Process object/);
    });

    it('what needs a started process says so before', async () => {
      const process = new Process();
      await expect(process.join()).rejects.toThrow(StateError);
      expect(() => process.joinSync()).toThrow(StateError);
      expect(() => process.terminate()).toThrow(StateError);
      expect(() => process.kill()).toThrow(StateError);
      expect(() => process.sentinel).toThrow(StateError);
      expect(() => process.exited).toThrow(StateError);
      expect(process.isAlive()).toBe(false);
    });

    it('a running process cannot be closed, an ended one can be closed twice', async () => {
      const process = waiting();
      expect(() => process.close()).toThrow(StateError);
      process.kill();
      await process.join();
      process.close();
      process.close();
      expect(() => process.isAlive()).toThrow(ClosedError);
      expect(() => process.exitCode).toThrow(ClosedError);
      expect(() => process.start()).toThrow(ClosedError);
      await expect(process.join()).rejects.toThrow(ClosedError);
    });

    it('terminate() and kill() of an ended process do nothing', async () => {
      const process = new Process({ target: targets.nothing }).start();
      await process.join();
      process.terminate();
      process.kill();
      expect(process.exitCode).toBe(0);
    });

    it.each([
      [{ traget: targets.nothing }, /traget/],
      [{ group: 1 }, /group/],
      [{ target: 'work' }, /target/],
      [{ args: 1 }, /args/],
      [{ kwargs: 1 }, /kwargs/],
      [{ name: '' }, /name/],
      [{ daemon: 1 }, /daemon/],
      [{ env: { A: 1 } }, /env/],
      [{ execArgv: '--inspect' }, /execArgv/],
      [{ cwd: 1 }, /cwd/],
      [{ stdio: 'pipes' }, /stdio/],
      [null, /null/],
    ])('refuses the options %o', (options, message) => {
      expect(() => new Process(options as object)).toThrow(TypeError);
      expect(() => new Process(options as object)).toThrow(message);
    });

    it('takes group: null, as Python', () => {
      expect(new Process({ group: null }).pid).toBeUndefined();
    });

    it.each([
      [{ timeout: -1 }, RangeError],
      [{ timeout: 'soon' }, TypeError],
      [{ tiemout: 1 }, TypeError],
      [{ signal: {} }, TypeError],
    ])('join(%o) is refused', async (options, error) => {
      const process = new Process({ target: targets.nothing }).start();
      await expect(process.join(options as object)).rejects.toThrow(error);
      await process.join();
    });

    it('a folder that does not exist is a ResourceError, and leaves nothing behind', () => {
      const process = new Process({ target: targets.nothing, cwd: '/nowhere/at/all' });
      expect(() => process.start()).toThrow(expect.objectContaining({ code: 'ERR_MP_RESOURCE', errno: 'ENOENT' }));
      expect(() => process.start()).toThrow(/nowhere/);
      expect(process.pid).toBeUndefined();
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

    it('twenty at once have twenty pids', async () => {
      const processes = Array.from({ length: 20 }, () => new Process({ target: targets.nothing }).start());
      expect(new Set(processes.map(({ pid }) => pid)).size).toBe(20);
      expect(await Promise.all(processes.map((process) => process.exited))).toEqual(Array(20).fill(0));
    });

    it('outlive the worker thread that started them', async () => {
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

  it('is printed with its name, pid and state', async () => {
    const process = new Process({ target: targets.exitWith, args: [3], name: 'clock' });
    expect(inspect(process)).toBe("Process { name: 'clock', state: 'initial' }");
    process.start();
    expect(inspect(process)).toBe(`Process { name: 'clock', pid: ${process.pid}, state: 'running' }`);
    await process.join();
    expect(inspect(process)).toBe(`Process { name: 'clock', pid: ${process.pid}, state: 'ended', exitCode: 3 }`);
  });
});
