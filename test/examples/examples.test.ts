import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';
import { runProgram } from '../helpers/output.ts';

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

function timesIn(lines: readonly string[]): number[] {
  return lines.map((line) => Date.parse(line.slice(-24)));
}

describe('The example', () => {
  it('processes.ts prints five names and five pids, and then that all have ended', async () => {
    const lines = await linesOf('processes.ts');
    expect(lines.pop()).toBe('all have ended');
    const workers = lines.map((line) => /^worker (\d) in (Process-\d), process (\d+)$/.exec(line) ?? []);
    expect(workers.map(([, i, name]) => `${i} ${name}`).toSorted()).toEqual(
      [0, 1, 2, 3, 4].map((i) => `${i} Process-${i + 1}`),
    );
    expect(new Set(workers.map(([, , , pid]) => pid)).size).toBe(5);
  });

  it.each([
    ['clock.ts', 'The time is'],
    ['clock-process.ts', 'ClockProcess-1: the time is'],
  ])('%s tells the time three times, 200 ms apart', async (example, text) => {
    const lines = await linesOf(example);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(new RegExp(`^${text} ${TIME}$`));
    const [first = NaN, second = NaN, third = NaN] = timesIn(lines);
    expect(second - first).toBeGreaterThanOrEqual(199);
    expect(third - second).toBeGreaterThanOrEqual(199);
  });

  it('last-one-joined.ts ends after all five children, though only one is joined', async () => {
    const lines = await linesOf('last-one-joined.ts');
    expect(lines).toContain('the last one is joined');
    expect(lines.filter((line) => line.startsWith('child')).toSorted()).toEqual(
      [0, 1, 2, 3, 4].map((i) => `child ${i} has ended`),
    );
    // The first child lives longest, and nobody has joined it.
    expect(lines.indexOf('child 0 has ended')).toBeGreaterThan(lines.indexOf('the last one is joined'));
  });

  it('float-channel.ts moves a thousand messages, copied and in place', async () => {
    const lines = await linesOf('float-channel.ts');
    expect(lines[0]).toBe('received 1000 messages');
    expect(lines[1]).toMatch(/^sent 0\.8 GB in [\d.]+ s$/);
    expect(lines[2]).toBe('received 1000 messages in place');
    expect(lines[3]).toMatch(/^sent 0\.8 GB in [\d.]+ s$/);
  });

  it('counter.ts counts to ten in ten processes, under a lock and atomically (row 10)', async () => {
    expect(await linesOf('counter.ts')).toEqual(['under the lock: 10', 'atomically: 10']);
  });

  it('squares.ts prints what a child has made of an array (row 12)', async () => {
    expect(await linesOf('squares.ts')).toEqual(['[1,4,9,16,25]']);
  });

  it('own-channel.ts calls the methods of a class with shared fields in both processes (row 80)', async () => {
    expect(await linesOf('own-channel.ts')).toEqual(['1 + 2 + 3 = 6', '0.5 + 0.25 = 0.75', '42 = 42']);
  });

  it('pipe.ts prints what a child has sent (row 133)', async () => {
    expect(await linesOf('pipe.ts')).toEqual(["[ 'spam', 42, 'egg' ]"]);
  });

  it('pipe-talk.ts gets a Set for an object (row 135)', async () => {
    expect(await linesOf('pipe-talk.ts')).toEqual(["the parent got Set(2) { 'spam', 'egg' }"]);
  });

  it('pipe-consumer.ts ends by EOF when the unused ends are closed (rows 58 and 59)', async () => {
    expect(await linesOf('pipe-consumer.ts')).toEqual(['item 1', 'item 2', 'item 3', 'item 4', 'consumer done']);
  });

  it('adder.ts adds numbers and texts for its client, and is done at EOF (row 60)', async () => {
    expect((await linesOf('adder.ts')).toSorted()).toEqual(['7', 'HelloWorld', 'Server done']);
  });

  it('hello-pipe.ts has no main guard (row 84)', async () => {
    expect(await linesOf('hello-pipe.ts')).toEqual(["[ 'hello' ]"]);
  });
});

describe('npm run demo', () => {
  it('streams a file to another process, whose results agree with a direct computation, and prints the table', async () => {
    const { stdout, stderr, code } = await runProgram('examples/demo/main.js', { args: ['package-lock.json'] });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toContain('direct computation agrees');
    expect(stdout).toMatch(/forkless, copy +[\d.]+ +\d+/);
    expect(stdout).toMatch(/forkless, zero-copy +[\d.]+ +\d+/);
    expect(stdout).toMatch(/forkless, one double +- +- +[\d.]+ +[\d.]+/);
  });

  it('pipe-whole-pair.ts ends although nobody closes what he does not use (row 7)', async () => {
    expect(await linesOf('pipe-whole-pair.ts')).toEqual([
      'received: one',
      'received: two',
      'received: three',
      'that was all',
      'both have ended',
    ]);
  });

  it('tcp-server.ts gives each client a process of its own (rows 26, 27)', async () => {
    expect(await linesOf('tcp-server.ts')).toEqual(['8 of 8 clients have their answers', '8 processes, 8 ended well']);
  });
});
