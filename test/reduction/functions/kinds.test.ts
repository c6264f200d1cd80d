import { describe, expect, it } from 'vitest';

import { caseFile, COMMONJS, MODULE, resultsOf, suite, TYPESCRIPT } from '../../helpers/function-cases.ts';
import { runNode } from '../../helpers/output.ts';

/** The line of the fixture in which its error is made. */
async function placeOfError(name: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  const lines = (await readFile(caseFile(name), 'utf8')).split('\n');
  return `${name}:${lines.findIndex((line) => line.includes("new Error('here')")) + 1}`;
}

suite('A function by value of an ES module', MODULE, () => resultsOf('esm.js'));
suite('A function by value of a CommonJS module', COMMONJS, () => resultsOf('commonjs.cjs'));
suite('A function by value of TypeScript under tsx', TYPESCRIPT, () => resultsOf('typescript.ts', ['--import', 'tsx']));

describe('The stack trace of a function by value', () => {
  it.each([['esm.js'], ['commonjs.cjs']])('shows where it was written: %s', async (name) => {
    const found = (await resultsOf(name))['the place in stack traces'] as string;
    const place = await placeOfError(name);
    expect(found).toMatch(new RegExp(`^${place.replace('.', '\\.')}:\\d+\\)$`));
  });
});

describe('TypeScript that tsx makes CommonJS', () => {
  it('finds its modules again behind the objects that the compiler puts in front of them', async () => {
    const { stdout, stderr } = await runNode(['--import', 'tsx', caseFile('compiled.cts')]);
    expect({ stdout, stderr }).toEqual({ stdout: 'a/b 1 true compiled 4 true\n', stderr: '' });
  });
});
