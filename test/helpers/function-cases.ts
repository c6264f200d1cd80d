import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from 'vitest';

import { runNode } from './output.ts';

/** What a child has got from functions that came by value, by the names of the cases in the fixture. */
export type Results = Readonly<Record<string, unknown>>;

export function caseFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/functions/${name}`, import.meta.url));
}

export async function resultsOf(name: string, nodeArgs: readonly string[] = [], node?: string): Promise<Results> {
  const { stdout, stderr, code } = await runNode([...nodeArgs, caseFile(name)], node === undefined ? {} : { node });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout) as Results;
}

/** What the cases of esm.js give. */
export const MODULE: Results = {
  'an arrow function': 1,
  'an arrow function with parameters of every kind': [1, 10, { x: 2 }, 3, [4]],
  'a function declaration': 11,
  'a function expression': 10,
  'an async function': 10,
  'a generator': [10, 1, 2],
  'an async generator': [10],
  'a method': 15,
  'a method with a computed name': ['computed', 'computedName'],
  'an async method': 6,
  'a getter': 3,
  'an object with methods': [8, 2, 4],
  'a nested function': 6,
  'a bound function': ['bound', 1, 2],
  'own properties': 'noted',
  'mutual recursion': [true, false],
  'a changed variable': 100,
  containers: [1, 2],
  'a variable of its own': 2,
  'a global variable of the user': 'global of the user',
  'a missing variable': 'undefined',
  'shared variables': [102, 103],
  'closures of one run': [1, 2, 2],
  'closures of another run': [1, 1],
  'named imports': ['b.c', 2, 20],
  'a default import': ['the default export', true],
  namespaces: ['\n', true, 7],
  'the state of a module': [1, 2],
  'an imported value': 'module',
  'an unexported function of a module': ['function', 20, false],
  require: [true, 'common'],
  'import.meta': ['esm.js', 'functions', 'esm.js', 'library.js'],
  'dynamic import': true,
  'a class': [10, [10], 'inspected', 5],
  'an accessor': 9,
  // The static block ran in the parent, not again in the child.
  'static members': [['later'], 6, null],
  'a class that extends another': ['base, derived', true, 'Derived'],
  'a class that extends one of a builtin module': false,
  'a class that extends a global one': [true, 1],
  'a class that a function has made': ['the exported class', true],
  'a class of before classes': [6, 'old', 8, true],
  'an instance': [true, 404, 'no'],
  'this of the module': true,
  'Object.defineProperty in a variable': 1,
  'shadowed globals': 'of the script',
};

/** What the cases of commonjs.cjs give. */
export const COMMONJS: Results = {
  'captured variables': [7, 5],
  'destructured imports': ['b', 6],
  'a builtin module': true,
  'a module': true,
  'an unexported function of a module': 'common',
  '__filename and __dirname': ['commonjs.cjs', 'functions'],
  'require inside': ['\n', 'common-library.cjs'],
  'dynamic import': 2,
  'a class that extends that of a module': [25, true],
  'sloppy mode': true,
  'strict mode of a function': true,
  'shared variables': [8, 8],
  'exports of the main script': 'another export of main',
  with: 3,
  eval: 5,
};

/** What the cases of typescript.ts give. */
export const TYPESCRIPT: Results = {
  'captured variables': 12,
  imports: ['y', 2, '[ 1 ]'],
  classes: [4, 'Tom', 9],
  'shared variables': [1, 2, 1],
  'nested functions': ['inner 1', 'inner'],
  'import.meta': 'typescript.ts',
};

/** The test of a table: a child of the program gets what is expected, case by case. */
export function suite(what: string, expected: Results, run: () => Promise<Results>): void {
  // oxlint-disable-next-line vitest/valid-title -- it is one
  describe(what, () => {
    let results: Results = {};
    beforeAll(async () => {
      results = await run();
    });

    it.each(Object.entries(expected))('works in another process: %s', (name, value) => {
      expect(results[name]).toEqual(value);
    });

    it('has no case that nobody looks at', () => {
      expect(Object.keys(results).toSorted()).toEqual(
        [...Object.keys(expected), 'the place in stack traces'].toSorted(),
      );
    });
  });
}
