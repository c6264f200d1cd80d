import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';

import { ClosedError, currentProcess, isMainProcess, parentProcess, Process, StateError } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as targets from '../fixtures/targets.js';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { PIPE, printedBy } from '../helpers/output.ts';
import { waiting } from '../helpers/waiting-process.ts';

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

describe('A Process object', () => {
  expectNoLeaks();

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

  it('is printed with its name, pid and state', async () => {
    const process = new Process({ target: targets.exitWith, args: [3], name: 'clock' });
    expect(inspect(process)).toBe("Process { name: 'clock', state: 'initial' }");
    process.start();
    expect(inspect(process)).toBe(`Process { name: 'clock', pid: ${process.pid}, state: 'running' }`);
    await process.join();
    expect(inspect(process)).toBe(`Process { name: 'clock', pid: ${process.pid}, state: 'ended', exitCode: 3 }`);
  });
});
