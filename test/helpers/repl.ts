import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const LINES = [
  "const { Process } = await import('forkless');",
  "const path = require('path');",
  'let factor = 3; var offset = 4;',
  'function scale(x) { return x * factor + offset; }',
  'class Shape { area() { return factor ** 2; } }',
  "const print = (x) => console.log('printed', scale(x), path.sep, os.EOL.length, new Shape().area());",
  'await new Process({ target: print, args: [2] }).start().join();',
  'factor = 5;',
  'await new Process({ target: print, args: [2] }).start().join();',
  "await new Process({ target: async () => console.log('resolved', typeof (await import('./dist/index.js')).Process) }).start().join();",
  'let typedCount = 0; function up() { typedCount++; }',
  'function total() { up(); up(); return typedCount; }',
  "await new Process({ target: () => console.log('counted', total()) }).start().join();",
  "class Greeter extends Process { run() { console.log('greeter', this.who); } }",
  "await Object.assign(new Greeter(), { who: 'Ada' }).start().join();",
];

/** What a REPL prints into which functions and classes are typed that children run. */
export function typedFunctions(node: string = process.execPath): Promise<string> {
  return typed(LINES, node);
}

/** Expects that all of them have worked. */
export function expectTyped(output: string): void {
  const printed = output.split('\n').map((line) => line.replace(/^(> )*/, ''));
  expect(printed).toContain('printed 10 / 1 9');
  expect(printed).toContain('printed 14 / 1 25');
  expect(printed).toContain('resolved function');
  expect(printed).toContain('counted 2');
  expect(printed).toContain('greeter Ada');
  expect(output).not.toContain('Uncaught');
}

/** Types lines into a REPL, each when the one before has been answered. */
function typed(lines: readonly string[], node: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, ['--interactive'], { cwd: ROOT, stdio: 'pipe' });
    const rest = [...lines, '.exit'];
    let output = '';
    let answered = 0;
    const watchdog = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The REPL did not answer. It printed:\n${output}`));
    }, 25_000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const prompts = output.split('\n> ').length + (output.startsWith('> ') ? 1 : 0);
      if (prompts > answered && output.endsWith('> ')) {
        answered = prompts;
        child.stdin.write(`${rest.shift() ?? ''}\n`);
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('close', () => {
      clearTimeout(watchdog);
      resolve(output);
    });
  });
}
