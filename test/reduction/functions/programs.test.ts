import { describe, expect, it } from 'vitest';

import { runNode, runProgram } from '../../helpers/output.ts';
import { expectTyped, typedFunctions } from '../../helpers/repl.ts';

async function printedBy(fixture: string): Promise<unknown> {
  const { stdout, stderr, code } = await runProgram(`test/fixtures/functions/${fixture}`);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout.trimEnd().split('\n');
}

describe('A Process', () => {
  it('may have a target and a class that only its script has', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/functions/subclass.js');
    const [name, ...lines] = stdout.trimEnd().split('\n');
    expect(name).toMatch(/^hello Ada! 5 3 true LoudGreeter-\d+$/);
    expect(lines).toEqual(['LOUD', 'hello Bob true', 'total 6', 'exit code 1']);
    expect(stderr).toMatch(/^Process unlucky:\nRangeError: no luck\n {4}at fail \(.*subclass\.js:\d+:\d+\)/);
  });

  it('hands functions on that have come by value, and functions that these have made', async () => {
    expect(await printedBy('handed-on.js')).toEqual([
      '["grandchild",3,["made in the child",2,"handed-on.js","\\n",2,"function"],[3,2,"Savings",true],"handed-on.js:19:17)"]',
      '["child",3,"handed-on.js:19:17)"]',
      '["parent",2,"handed-on.js:19:17)"]',
      '0',
    ]);
  });

  it('gets what a function imports from the main script as a value', async () => {
    expect(await printedBy('gives-setting.js')).toEqual(['main module', 'of the main script', 'exit code 0']);
  });

  it('does not start others without end when a module of the child imports the main script', async () => {
    const { stdout, stderr } = await runProgram('test/fixtures/functions/imported-back.js');
    expect(stdout).toBe('main module\nmain module\nexit code 1\n');
    expect(stderr).toMatch(/^Process Process-1:\nSerializationError: The module .*imports-main\.js cannot be imported/);
    expect(stderr).toMatch(/start\(\) of process 'Process-1:1' .*isMainProcess/);
  });
});

describe('Functions of a program on the command line', () => {
  it.each([
    [
      'a module',
      ['--input-type=module', '--eval'],
      "import { Process } from 'forkless'; import { EOL } from 'node:os'; let a = 1; a++; await new Process({ target: () => console.log(a, EOL.length) }).start().join();",
    ],
    [
      'a script',
      ['--eval'],
      "let a = 1; a++; import('forkless').then(({ Process }) => new Process({ target: () => console.log(a, require('os').EOL.length) }).start());",
    ],
  ])('work in a child: %s', async (_what, args, source) => {
    expect(await runNode([...args, source])).toMatchObject({ stdout: '2 1\n', stderr: '', code: 0 });
  });
});

describe('Functions typed into the REPL', () => {
  it('work in a child, with variables, modules and classes of the REPL (row 38)', async () => {
    expectTyped(await typedFunctions());
  });
});

describe('Where there is no inspector', () => {
  it('functions by value are refused with the ways out, and references go on', async () => {
    const source = `
      import { createRequire, syncBuiltinESMExports } from 'node:module';
      const require = createRequire(import.meta.url);
      require('node:inspector').Session = class { connect() { throw new Error('not implemented'); } };
      syncBuiltinESMExports();
      const { Process, inspectTarget, ref } = await import('forkless');
      const lambda = () => 1;
      console.log(JSON.stringify(inspectTarget(lambda)));
      try { new Process({ target: lambda, name: 'one' }).start(); } catch (error) { console.log(error.message); }
      const target = ref(new URL('./test/fixtures/targets.js', import.meta.url), 'nothing');
      console.log(await new Process({ target }).start().exited);`;
    const { stdout, stderr } = await runNode(['--input-type=module', '--eval', source]);
    const [told, thrown, exitCode] = stdout.split('\n');
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: '0' });
    expect(JSON.parse(told ?? '')).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(/inspector/) as string,
    });
    expect(thrown).toMatch(
      /^process 'one'\.target cannot travel to another process: 'lambda': this runtime has no inspector .*use Node\.js, or export it from a module and name it with ref\(/,
    );
  });
});
