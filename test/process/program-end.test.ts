import { describe, expect, it } from 'vitest';

import { isRunning, until } from '../helpers/leaks.ts';
import { runNode, runProgram, type ProgramOutput, type RunningProgram } from '../helpers/output.ts';

const FAMILY = 'test/fixtures/programs/family.js';
const ROLES = ['middle', 'grandchild-daemon', 'grandchild', 'stubborn', 'daemon'];

interface Family {
  readonly root: RunningProgram;
  readonly pids: Readonly<Record<string, number>>;
}

function pidsIn(text: string): Record<string, number> {
  return Object.fromEntries(Array.from(text.matchAll(/^(\S+) (\d+)$/gm), ([, role, pid]) => [role, Number(pid)]));
}

/** Runs the family, acts when everybody is there, and waits until the main process has ended. */
async function withFamily(act: (family: Family) => unknown): Promise<ProgramOutput & { pids: Record<string, number> }> {
  let pids: Record<string, number> = {};
  let acted: unknown;
  const output = await runProgram(FAMILY, {
    args: ['stay'],
    onOutput: (text, root) => {
      pids = pidsIn(text);
      if (acted === undefined && ROLES.every((role) => role in pids)) acted = act({ root, pids }) ?? true;
    },
  });
  await acted;
  return { ...output, pids };
}

async function expectAllEnded(pids: Readonly<Record<string, number>>): Promise<void> {
  expect(Object.keys(pids).toSorted()).toEqual(ROLES.toSorted());
  await until(() => !Object.values(pids).some(isRunning), `all of ${JSON.stringify(pids)} have ended`);
}

describe('the end of a program', () => {
  it('comes when its children have ended, without a join', async () => {
    const { stdout, code } = await runProgram(FAMILY, { args: ['end'] });
    expect(stdout).toBe('finished\nfinished\nmain exit\n');
    expect(code).toBe(0);
  });

  it('waits for children after process.exit()', async () => {
    expect(await runProgram(FAMILY, { args: ['exit'] })).toMatchObject({ stdout: 'finished\n', code: 5 });
  });

  it('waits for children after an error that nobody has caught', async () => {
    const { stdout, stderr, code } = await runProgram(FAMILY, { args: ['throw'] });
    expect(stdout).toBe('finished\n');
    expect(stderr).toContain('Error: main fails');
    expect(code).toBe(1);
  });

  it('ends daemonic children, even those that do not listen to SIGTERM', async () => {
    const { stdout, code } = await runProgram(FAMILY, { args: ['daemon'] });
    const daemon = pidsIn(stdout)['daemon'] as number;
    expect(code).toBe(0);
    await until(() => !isRunning(daemon), 'the daemon has ended');
  });

  it('waits for a daemonic child that somebody joins', async () => {
    expect(await runProgram(FAMILY, { args: ['joinDaemon'] })).toMatchObject({ stdout: 'finished\ntrue\n', code: 0 });
  });
});

describe('the death of a process', () => {
  it('the root killed: the whole family ends, daemonic or not', async () => {
    const { pids, signal } = await withFamily(({ root }) => process.kill(root.pid, 'SIGKILL'));
    expect(signal).toBe('SIGKILL');
    await expectAllEnded(pids);
  });

  it('a process in the middle killed: its daemonic child ends, the other one lives on until the root ends', async () => {
    const { pids } = await withFamily(async ({ root, pids }) => {
      process.kill(pids['middle'] as number, 'SIGKILL');
      await until(() => !isRunning(pids['grandchild-daemon'] as number), 'the daemonic grandchild has ended');
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(isRunning(pids['grandchild'] as number)).toBe(true);
      expect(isRunning(pids['stubborn'] as number)).toBe(true);
      process.kill(root.pid, 'SIGKILL');
    });
    await expectAllEnded(pids);
  });

  it('Ctrl-C ends a family once, cleanly, even with a child that ignores it', async () => {
    const { pids, signal, stderr } = await withFamily(({ root }) => root.killGroup('SIGINT'));
    expect(signal).toBe('SIGINT');
    expect(stderr).toBe('');
    await expectAllEnded(pids);
  });

  it('SIGTERM for the root alone ends the family, too', async () => {
    const { pids, signal, stderr } = await withFamily(({ root }) => process.kill(root.pid, 'SIGTERM'));
    expect(signal).toBe('SIGTERM');
    expect(stderr).toBe('');
    await expectAllEnded(pids);
  });

  it('a stopped child neither counts as dead nor survives the root', async () => {
    const { pids } = await withFamily(async ({ root, pids }) => {
      process.kill(pids['daemon'] as number, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(isRunning(pids['daemon'] as number)).toBe(true);
      process.kill(root.pid, 'SIGKILL');
    });
    await expectAllEnded(pids);
  });
});

describe('a main module without a guard', () => {
  it('may start a process at its top level: no child imports it again (row 3)', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/unguarded.js');
    expect({ stdout, stderr }).toEqual({ stdout: 'main module\nworking\nexit code 0\n', stderr: '' });
  });

  it('may do so later', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/unguarded-later.js');
    expect({ stdout, stderr }).toEqual({ stdout: 'main\nworking\nexit code 0\n', stderr: '' });
  });

  it('is imported again when ref() names it: one clear error, no recursion', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/unguarded-ref.js');
    expect(stdout).toBe('main module\nmain module\nexit code 1\n');
    expect(stderr).toMatch(/^Process Process-1:\nStateError: /);
    expect(stderr).toMatch(/StateError: .*(?:isMainProcess.*unguarded-ref\.js|unguarded-ref\.js.*isMainProcess)/);
    expect(stderr.match(/StateError/g)).toHaveLength(1);
  });

  it('does not keep the target from starting processes', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/programs/nested-later.js');
    expect(stderr).toBe('');
    expect(stdout).toBe('inner\nexit code 0\n');
  });
});

describe('a program on the command line', () => {
  it('may be given with --eval, whose children do not repeat it', async () => {
    const target = new URL('../fixtures/targets.js', import.meta.url).href;
    const source = `
      import { Process } from 'forkless';
      import { printSelf } from '${target}';
      console.log(await new Process({ target: printSelf }).start().exited);`;
    const output = await runNode(['--input-type=module', '--stack-trace-limit=5', '--eval', source]);
    expect(output.stderr).toBe('');
    expect(output.stdout).toMatch(/"execArgv":\["--stack-trace-limit=5"\].*\n0\n$/);
  });

  it('may be inspected without a fight of its children for the port', async () => {
    const { stderr, stdout } = await runProgram(FAMILY, { args: ['end'], nodeArgs: ['--inspect=127.0.0.1:0'] });
    expect(stdout).toContain('finished\nfinished\n');
    expect(stderr.match(/Debugger listening/g)).toHaveLength(1);
  });
});

describe('the program of a child', () => {
  it('says that it is not meant to be run by hand', async () => {
    const { stderr, code } = await runProgram('dist/entry/child.cjs');
    expect(stderr).toContain('started by forkless');
    expect(code).toBe(1);
  });
});
