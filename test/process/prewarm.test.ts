import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { activeChildren, Pool, Process, Queue, setStartMethod } from 'forkless';
import { describe, expect, it } from 'vitest';

import { exitWith, printSelf } from '../fixtures/targets.js';
import { answer, makeFile, pidOf, stay, tellSelf, Teller } from '../fixtures/process/prewarmed.js';
import { childrenOf, isRunning, until } from '../helpers/leaks.ts';
import { PIPE, printedBy, runProgram } from '../helpers/output.ts';
import { socketPair } from '../helpers/sockets.ts';
import { waitingSpares, withSpares } from '../helpers/spares.ts';

interface Self {
  readonly pid: number;
  readonly name: string;
  readonly daemon: boolean;
  readonly isMainProcess: boolean;
  readonly parent: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly execArgv: readonly string[];
  readonly given?: string;
  readonly removed?: string;
  readonly args: readonly unknown[];
}

/** What a process says of itself. */
async function selfOf(options: object = {}, ...args: unknown[]): Promise<Self> {
  using queue = new Queue<Self>();
  const child = new Process({ target: tellSelf, args: [queue, ...args], ...options }).start();
  const self = await queue.get({ timeout: 20_000 });
  expect(await child.exited).toBe(0);
  expect(self.pid).toBe(child.pid);
  return self;
}

describe('A process that was started ahead', () => {
  const spares = withSpares(1);

  it('becomes the process that is started: with its name, its arguments and its parent', async () => {
    const self = await selfOf({ name: 'chosen' }, 1, { deep: [2n] });
    expect(spares.pids).toContain(self.pid);
    expect(self).toMatchObject({ name: 'chosen', daemon: false, isMainProcess: false, parent: process.pid });
    expect(self.args).toEqual([1, { deep: [2n] }]);
    expect(self.argv).toEqual(process.argv.slice(2));
  });

  it('is daemonic if that is asked for', async () => {
    const self = await selfOf({ daemon: true });
    expect(spares.pids).toContain(self.pid);
    expect(self.daemon).toBe(true);
  });

  it('has the exit code of what it does', async () => {
    const exiting = new Process({ target: exitWith, args: [7] }).start();
    expect(spares.pids).toContain(exiting.pid);
    expect(await exiting.exited).toBe(7);
    await waitingSpares(1);
    const killed = new Process({ target: stay }).start();
    killed.kill();
    expect(await killed.exited).toBe(-9);
  });

  it('knows the environment of the moment of the start', async () => {
    process.env['FOR_PREWARM'] = 'of the parent';
    process.env['NOT_FOR_PREWARM'] = 'gone soon';
    await selfOf();
    await waitingSpares(1);
    delete process.env['NOT_FOR_PREWARM'];
    process.env['FOR_PREWARM'] = 'now';
    const self = await selfOf();
    expect(self).toMatchObject({ given: 'now', removed: undefined });
    const [spare] = await waitingSpares(1);
    const other = await selfOf({ env: { FOR_PREWARM: 'an option' } });
    expect(other).toMatchObject({ pid: spare, given: 'an option' });
    delete process.env['FOR_PREWARM'];
  });

  it('brings an instance of a subclass to life', async () => {
    using queue = new Queue<{ pid: number; secret: string; name: string }>();
    const teller = new Teller(queue, 'told').start();
    expect(await queue.get()).toEqual({ pid: spares.pids[0], secret: 'told', name: teller.name });
    await teller.join();
  });

  it('gets the sockets in its arguments', async () => {
    const [here, there] = await socketPair();
    const child = new Process({ target: answer, args: [there] }).start();
    here.write('hello');
    expect(await text(here)).toBe(`${spares.pids[0]} hello`);
    await child.join();
  });

  it('counts as no child while it waits, and another takes its place', async () => {
    expect(activeChildren()).toEqual([]);
    const child = new Process({ target: stay }).start();
    expect(child.pid).toBe(spares.pids[0]);
    expect(activeChildren()).toEqual([child]);
    child.kill();
    await child.join();
    const [next] = await waitingSpares(1);
    expect(next).not.toBe(child.pid);
  });

  it('is passed over when it is dead', async () => {
    process.kill(spares.pids[0] as number, 'SIGKILL');
    const self = await selfOf();
    expect(spares.pids).not.toContain(self.pid);
    await waitingSpares(1);
  });

  it('is ended when it does not answer, and what it was to do is done once', async () => {
    process.kill(spares.pids[0] as number, 'SIGSTOP');
    const self = await selfOf({}, 'once');
    expect(spares.pids).not.toContain(self.pid);
    expect(self.args).toEqual(['once']);
    await until(() => !isRunning(spares.pids[0] as number), 'the stopped spare has ended');
  });

  it('is not used where the options ask for something else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prewarm-'));
    try {
      expect(await selfOf({ cwd: folder })).toMatchObject({ cwd: folder });
      expect(await selfOf({ execArgv: ['--no-warnings'] })).toMatchObject({ execArgv: ['--no-warnings'] });
      expect((await printedBy<Self>(new Process({ target: printSelf, ...PIPE }).start())).pid).toBeGreaterThan(0);
      const hidden = await selfOf({ env: { UV_THREADPOOL_SIZE: '2' } });
      expect(spares.pids).not.toContain(hidden.pid);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is replaced when this process has changed what children inherit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prewarm-'));
    const umask = process.umask(0o027);
    try {
      const file = join(folder, 'file');
      const child = new Process({ target: makeFile, args: [file] }).start();
      expect(spares.pids).not.toContain(child.pid);
      await child.join();
      expect(statSync(file).mode & 0o777).toBe(0o640);
      const [spare] = await waitingSpares(1);
      expect((await selfOf()).pid).toBe(spare);
    } finally {
      process.umask(umask);
      rmSync(folder, { recursive: true });
    }
  });
});

describe('A pool whose workers were started ahead', () => {
  const spares = withSpares(2);

  it('takes them for its first workers, and for those that replace others', async () => {
    await using pool = new Pool({ processes: 2, onWorkerDeath: 'retry', maxRetries: 1 });
    const first = await pool.apply(pidOf);
    expect(spares.pids).toContain(first);
    const next = await waitingSpares(2);
    for (const pid of spares.pids) process.kill(pid, 'SIGKILL');
    await until(() => spares.pids.every((pid) => !isRunning(pid)), 'the workers are dead');
    expect(next).toContain(await pool.apply(pidOf));
  });
});

describe('A program with spares', () => {
  it('ends as if there were none, and takes them along', async () => {
    const { stdout, stderr, code } = await runProgram('test/fixtures/programs/with-spares.mjs', { args: ['end'] });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const { pids } = JSON.parse(stdout) as { pids: number[] };
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isRunning), 'all spares have ended');
  });

  it('takes them along when it is killed', async () => {
    const { stdout, signal } = await runProgram('test/fixtures/programs/with-spares.mjs', { args: ['killed'] });
    expect(signal).toBe('SIGKILL');
    const { pids } = JSON.parse(stdout) as { pids: number[] };
    expect(pids).toHaveLength(2);
    await until(() => !pids.some(isRunning), 'all spares have ended');
  });

  it('leaves a process that is not daemonic when its parent is killed, until the root ends', async () => {
    const { stdout, code } = await runProgram('test/fixtures/programs/with-spares.mjs', { args: ['orphan'] });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ wasSpare: true, outlived: true, daemonOutlived: false });
  });
});

describe("setStartMethod('prewarm')", () => {
  it('refuses a number of spares that is none, or that another method has no use for', () => {
    const set = (spares: unknown, method = 'prewarm') => {
      setStartMethod(method as 'prewarm', { spares: spares as number, force: true });
    };
    expect(() => set(-1)).toThrow(RangeError);
    expect(() => set(1.5)).toThrow('spares must be a whole number of processes');
    expect(() => set(1, 'spawn')).toThrow("spares is an option of 'prewarm' only");
    expect(childrenOf('self')).toEqual([]);
  });
});
