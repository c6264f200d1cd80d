import { readFileSync } from 'node:fs';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { progressBar } from '../../dist/pool/progress-bar.js';

const wasTerminal = process.stderr.isTTY;
afterEach(() => {
  process.stderr.isTTY = wasTerminal;
  vi.restoreAllMocks();
});

describe('The progress bar of a map', () => {
  it('goes to a terminal, and is drawn by a package that users get, too', () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    process.stderr.isTTY = true;
    const show = progressBar(4);
    for (const done of [1, 2, 4]) show({ done, total: 4 });
    expect(written.join('')).toMatch(/4\/4/);
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
    expect(dependencies).toHaveProperty('cli-progress');
  });

  it('writes nothing where there is no terminal', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    process.stderr.isTTY = false;
    progressBar(4)({ done: 4, total: 4 });
    expect(write).not.toHaveBeenCalled();
  });
});
