import { describe, expect, it } from 'vitest';

import { linesOf } from '../helpers/examples.ts';

describe('The example', () => {
  it('futures.ts waits for futures in several ways', async () => {
    expect(await linesOf('futures.ts')).toEqual([
      '1 done, 2 not',
      '10',
      '800',
      '2500',
      'cancelled: true, done: false',
      '4',
      '10',
      '18',
    ]);
  });

  it('parallel.ts runs calls in order, and an endless input until it has found something', async () => {
    expect(await linesOf('parallel.ts')).toEqual(['[ 0, 16, 111, 118 ]', '27 is the first with 111 steps']);
  });
});
