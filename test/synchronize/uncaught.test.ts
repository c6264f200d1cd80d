import { describe, expect, it } from 'vitest';

import { runProgram } from '../helpers/output.ts';

describe('What nobody catches after a wait', { timeout: 30_000 }, () => {
  it.each(['join', 'get', 'wait', 'acquire'].flatMap((what) => ['here', 'tick'].map((how) => [what, how] as const)))(
    'ends the program as any other error does: after %s, thrown %s',
    async (what, how) => {
      const { stderr, code } = await runProgram('test/fixtures/programs/throws-later.mjs', { args: [what, how] });
      expect(stderr).toMatch(`Error: thrown after ${what}`);
      expect(code).toBe(1);
    },
  );
});
