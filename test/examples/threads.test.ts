import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';

describe('The example', () => {
  it('processes-or-threads.ts does the same with both, and measures them (rows 82, 83)', async () => {
    const lines = await linesOf('processes-or-threads.ts', { args: ['4'] });
    const [same, ...measured] = lines.toReversed();
    expect(same).toBe('same results: true');
    const what = ['start and join', '2000 messages there and back', 'a pool of two, 4 tasks'];
    const expected = ['processes', 'threads'].flatMap((name) => what.map((text) => `${name} ${text}`));
    const cells = measured.toReversed().map((line) => /^(\S+) +(.*?) +(\d+\.\d) ms$/.exec(line)?.slice(1) ?? []);
    expect(cells.map(([name, text]) => `${name} ${text}`)).toEqual(expected);
    expect(cells.every(([, , ms]) => Number(ms) > 0)).toBe(true);
  });
});
