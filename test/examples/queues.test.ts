import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';

describe('The example', () => {
  it('queue.ts brings five numbers in their order, and ends by null (row 5)', async () => {
    expect(await linesOf('queue.ts')).toEqual(['got 0', 'got 1', 'got 2', 'got 3', 'got 4', 'no more']);
  });

  it('queue-batch.ts brings ten items as one (row 20)', async () => {
    expect(await linesOf('queue-batch.ts')).toEqual([
      '10 items, from 0 to 9',
      '10 items, from 10 to 19',
      '10 items, from 20 to 29',
    ]);
  });

  it('joinable-queue.ts ends when all tasks are done, though its consumer would not (row 47)', async () => {
    const tasks = ['a', 'b', 'c'].map((task) => `working on ${task}`);
    expect(await linesOf('joinable-queue.ts')).toEqual([...tasks, 'all tasks are done']);
  });

  it('ten-consumers.ts does each task once, two lines at a time (row 49)', async () => {
    const lines = await linesOf('ten-consumers.ts');
    expect(lines.pop()).toBe('all tasks are done');
    const done: number[] = [];
    for (let i = 0; i < lines.length; i += 2) {
      const [, task] = /^Process-\d+ takes task (\d+)$/.exec(lines[i] ?? '') ?? [];
      expect(lines[i + 1]).toBe(`${task} squared is ${Number(task) ** 2}`);
      done.push(Number(task));
    }
    expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, task) => task));
  });

  it('sentinel.ts ends its consumer by a sentinel (row 50)', async () => {
    expect(await linesOf('sentinel.ts')).toEqual(['the sum is 16', 'Consumer done']);
  });

  it('heavy-tasks.ts has the results of all three when they are joined (row 101)', async () => {
    const lines = await linesOf('heavy-tasks.ts');
    const results = lines.map((line) => /^(\w+) in process (\d+): done$/.exec(line) ?? []);
    expect(new Set(results.map(([, name]) => name))).toEqual(new Set(['first', 'second', 'third']));
    expect(new Set(results.map(([, , pid]) => pid)).size).toBe(3);
  });

  it('function-tasks.ts sends functions with their arguments, and ends its consumer by null (rows 85, 86)', async () => {
    const results = ['2', '101', '4', '102', '6', '103'];
    expect(await linesOf('function-tasks.ts')).toEqual([...results, 'the performer ended with 0']);
  });

  it('writers-and-reader.ts terminates a reader that waits, and the queue is usable (row 131)', async () => {
    const lines = await linesOf('writers-and-reader.ts');
    expect(lines.slice(6)).toEqual(['the reader ended with -15', 'still usable']);
    for (const writer of ['a', 'b']) {
      expect(lines.filter((line) => line.startsWith(`${writer} `))).toEqual([0, 1, 2].map((i) => `${writer} ${i}`));
    }
  });

  it('parmap.ts maps in two processes (row 87)', async () => {
    const rounds = 3;
    const lines = await linesOf('parmap.ts', { args: [`${rounds}`] });
    expect(lines).toEqual(Array.from({ length: rounds }, (_, round) => `[${2 * round},2,4,6,8,10,12,14]`));
  });
});
