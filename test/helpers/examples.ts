import { expect } from 'vitest';

import { type ProgramOptions, runProgram } from './output.ts';

const TSX = ['--import', 'tsx'];

/** What a program of examples/ prints; it must end well. */
export async function linesOf(example: string, options: ProgramOptions = {}): Promise<string[]> {
  const { stdout, stderr, code } = await runProgram(`examples/${example}`, { nodeArgs: TSX, ...options });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return stdout.trimEnd().split('\n');
}
