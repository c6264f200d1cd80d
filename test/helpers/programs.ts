import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { afterAll } from 'vitest';

const FIXTURES = new URL('../fixtures/', import.meta.url);
const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: string[];
}

/** A fixture program as a process that is no relative in the sense of the package: nobody watches over it. */
export class Program {
  readonly child: ChildProcess;
  readonly end: Promise<ProgramEnd>;
  #text = '';

  constructor(
    fixture: string,
    args: readonly string[],
    options: { env?: Record<string, string>; execArgv?: string[] } = {},
  ) {
    const file = fileURLToPath(new URL(fixture, FIXTURES));
    this.child = spawn(process.execPath, [...(options.execArgv ?? []), file, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...options.env },
    });
    running.add(this.child);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#text += text));
    this.end = once(this.child, 'close').then(([code, signal]) => {
      running.delete(this.child);
      return { code: code as number | null, signal: signal as NodeJS.Signals | null, lines: this.lines };
    });
  }

  get lines(): string[] {
    return this.#text.split('\n').filter((line) => line !== '');
  }

  /** Waits until the program has printed this line. */
  async printed(line: string): Promise<void> {
    while (!this.lines.includes(line)) {
      if (this.child.exitCode !== null) throw new Error(`The program has ended without "${line}"`);
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
  }
}
