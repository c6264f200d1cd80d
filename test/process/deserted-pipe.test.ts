import { describe, expect, it } from 'vitest';

import { runProgram } from '../helpers/output.ts';

describe('A pipe whose ends both sides keep', { timeout: 60_000 }, () => {
  it.each(['join', 'sync', 'blocked', 'blocked-sync', 'exit'])(
    'ends for its reader when nobody who has the other end can use it any more: %s',
    async (way) => {
      const { stdout, stderr, code } = await runProgram('test/fixtures/programs/whole-pair.mjs', { args: [way] });
      expect({ stdout, stderr, code }).toEqual({ stdout: 'first ERR_MP_EOF\n', stderr: '', code: 0 });
    },
  );

  it.each([
    ['timer', 'first late ERR_MP_EOF\n'],
    ['pending', 'first go ERR_MP_EOF\n'],
    ['work', 'first worked ERR_MP_EOF\n'],
  ])('does not end while somebody may still use it, because of a %s', async (way, output) => {
    const { stdout, stderr, code } = await runProgram('test/fixtures/programs/whole-pair.mjs', { args: [way] });
    expect({ stdout, stderr, code }).toEqual({ stdout: output, stderr: '', code: 0 });
  });
});
