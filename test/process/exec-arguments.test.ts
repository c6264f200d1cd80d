import { describe, expect, it } from 'vitest';

import { inheritedExecArgv, inheritedNodeOptions } from '../../dist/process/exec-arguments.js';

describe('inheritedExecArgv', () => {
  it.each([
    [
      ['--max-old-space-size=100', '--import', 'tsx'],
      ['--max-old-space-size=100', '--import', 'tsx'],
    ],
    [['--eval', 'work()', '--no-warnings'], ['--no-warnings']],
    [['-e', 'work()'], []],
    [['--eval=work()'], []],
    [['-p', '1 + 1'], []],
    [['--input-type=module', '-e', 'work()'], []],
    [['--inspect'], []],
    [['--inspect-brk=127.0.0.1:9229', '--enable-source-maps'], ['--enable-source-maps']],
    [['--watch', '--watch-path=src', '--test', '--test-reporter=spec'], []],
    [['--watch-path', 'src', '--no-warnings'], ['--no-warnings']],
    [['--eval', '-1'], []],
    [
      ['-r', './setup.cjs', '-C', 'development'],
      ['-r', './setup.cjs', '-C', 'development'],
    ],
  ])('gives of %j to children: %j', (execArgv, inherited) => {
    expect(inheritedExecArgv(execArgv)).toEqual(inherited);
  });
});

describe('inheritedNodeOptions', () => {
  it('leaves the inspector out', () => {
    expect(inheritedNodeOptions('--no-warnings --inspect=0 --import=tsx')).toBe('--no-warnings --import=tsx');
  });
});
