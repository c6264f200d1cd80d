import { fileURLToPath } from 'node:url';

import { describe, expect, it } from 'vitest';

import { COMMONJS, MODULE, resultsOf, suite, TYPESCRIPT } from '../helpers/function-cases.ts';
import { runNode } from '../helpers/output.ts';
import { expectTyped, typedFunctions } from '../helpers/repl.ts';
import { isInstalled, NODES, NOT_INSTALLED } from '../helpers/runtimes.ts';
import { expectObjects } from '../helpers/runtime-objects.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/runtimes/${name}`, import.meta.url));

for (const runtime of NODES) {
  const { name, file: node } = runtime;
  describe.skipIf(!isInstalled(runtime))(`Under ${name} (${NOT_INSTALLED})`, () => {
    it('processes, queues, pools, channels, pipes, values, events and semaphores work', async () => {
      await expectObjects(runtime, 'sent', 42);
    });

    it('a TypeScript script without a build needs no main guard, and its modules are imported', async () => {
      expect(await runNode([fixture('stripped.ts')], { node })).toMatchObject({
        stdout: 'one 1\none 3\nbalance 5\nHELLO ADA!\n[ 9, 9 ] BY REFERENCE!\n',
        stderr: '',
        code: 0,
      });
    });

    it('an enum is refused by Node itself, before anything runs', async () => {
      const { stdout, stderr, code } = await runNode([fixture('with-enum.mts')], { node });
      expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
      expect(stderr).toMatch(/enum is not supported in strip-only mode/);
    });

    it('functions and classes typed into the REPL work in a child (row 38)', async () => {
      expectTyped(await typedFunctions(node));
    });

    suite('a function by value of TypeScript', TYPESCRIPT, () => resultsOf('typescript.ts', [], node));
    suite('a function by value of an ES module', MODULE, () => resultsOf('esm.js', [], node));
    suite('a function by value of a CommonJS module', COMMONJS, () => resultsOf('commonjs.cjs', [], node));
  });
}
