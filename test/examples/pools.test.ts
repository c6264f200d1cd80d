import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';

const inOrder = (lines: readonly string[]): string[] => lines.toSorted();

describe('The example', () => {
  it('pool-map.ts squares ten numbers in their order (rows 14, 104)', async () => {
    expect((await linesOf('pool-map.ts')).join(' ').match(/\d+/g)?.map(Number)).toEqual([
      0, 1, 4, 9, 16, 25, 36, 49, 64, 81,
    ]);
  });

  it('pool-apply-async.ts gives the result of one task to the next (row 16)', async () => {
    expect(await linesOf('pool-apply-async.ts')).toEqual(['submitted', '10']);
  });

  it('pool-chunks.ts sums up four lists (row 18)', async () => {
    const sum = Array.from({ length: 10_000 }, (_, i) => i * i).reduce((total, square) => total + square, 0);
    expect(await linesOf('pool-chunks.ts')).toEqual([`${sum}`]);
  });

  it('pool-unordered.ts has the shortest task first, and an idle worker takes the next (row 24)', async () => {
    const lines = await linesOf('pool-unordered.ts');
    expect(lines).toEqual([1, 3, 2, 20].map((tenths) => `task of ${tenths} tenths`));
  });

  it('pool-initializer.ts runs the initializer once in each numbered worker (rows 61, 62)', async () => {
    const lines = await linesOf('pool-initializer.ts');
    const starts = lines.filter((line) => line.startsWith('Starting'));
    expect(new Set(starts).size).toBe(starts.length);
    expect(starts.every((line) => /^Starting PoolWorker-\d+$/.test(line))).toBe(true);
    expect(lines.at(-1)).toBe('Pool    0 2 4 6 8 10 12 14 16 18');
  });

  it('pool-initializer.ts has more workers when they are replaced after three tasks (row 64)', async () => {
    const lines = await linesOf('pool-initializer.ts', { args: ['3'] });
    expect(lines.at(-1)).toBe('Pool    0 2 4 6 8 10 12 14 16 18');
    // Ten tasks, three for each.
    expect(lines.filter((line) => line.startsWith('Starting')).length).toBeGreaterThanOrEqual(4);
  });

  it('pool-six-tasks.ts runs three at once, in three processes that are used again (row 124)', async () => {
    const lines = await linesOf('pool-six-tasks.ts');
    expect(lines[0]).toBe('Waiting for all tasks …');
    const main = /\d+$/.exec(lines.at(-1) ?? '')?.[0];
    const begins = lines.flatMap((line) => /begins in (\d+), a child of (\d+)$/.exec(line)?.slice(1) ?? []);
    expect(begins.filter((_, i) => i % 2 === 1)).toEqual(Array.from({ length: 6 }, () => main));
    expect(new Set(begins.filter((_, i) => i % 2 === 0)).size).toBeLessThanOrEqual(3);
    let running = 0;
    const counts = lines.slice(1, -1).map((line) => (running += line.endsWith('ends') ? -1 : 1));
    expect(Math.max(...counts)).toBeLessThanOrEqual(3);
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });

  it('pool-six-tasks.ts runs one after the other with apply (row 126)', async () => {
    const lines = await linesOf('pool-six-tasks.ts', { args: ['apply'] });
    expect(lines.slice(0, -1).map((line) => line.replace(/ in .*/, ''))).toEqual(
      [0, 1, 2, 3, 4, 5].flatMap((i) => [`task ${i} begins`, `task ${i} ends`]),
    );
  });

  it('pool-monte-carlo.ts finds π in a shared array', async () => {
    expect(await linesOf('pool-monte-carlo.ts', { args: ['400000'] })).toEqual(['3.14']);
  });

  it('pool-images.ts decodes, measures and classifies image files, in their order (row 22)', async () => {
    expect((await linesOf('pool-images.ts')).map((line) => line.replace(/\d+ % edges: /, ''))).toEqual([
      'board.png pattern',
      'house.webp drawing',
      'night.jpg drawing',
      'sky.jpg plain',
      'stripes.png pattern',
    ]);
  });

  it('pool-digests.ts has the digest of each file, though one cannot be read (row 72)', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'forkless-digests-'));
    try {
      const expected: string[] = [];
      for (let i = 0; i < 50; i++) {
        const folder = join(directory, `${i % 7}`, 'deeper');
        mkdirSync(folder, { recursive: true });
        const text = `file ${i}\n`.repeat(i * 100);
        writeFileSync(join(folder, `${i}.txt`), text);
        expected.push(`${createHash('sha512').update(text).digest('hex').slice(0, 16)} ${join(folder, `${i}.txt`)}`);
      }
      symlinkSync('/does/not/exist', join(directory, '3', 'broken'));
      const lines = await linesOf('pool-digests.ts', { args: [directory] });
      expect(lines[0]).toMatch(/^ENOENT: no such file or directory/);
      expect(inOrder(lines.slice(1))).toEqual(inOrder(expected));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
