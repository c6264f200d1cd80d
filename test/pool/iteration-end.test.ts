import { describe, expect, it } from 'vitest';

import { Pool } from '../../dist/index.js';
import { negative } from '../fixtures/pool/simple.js';

describe('Pool.imap', () => {
  it.each(['imap', 'imapUnordered'] as const)(
    'loses no result when its input ends while results are being taken: %s',
    async (form) => {
      await using pool = new Pool(1);
      const results: number[] = [];
      // The end of the input is seen when the first of four results, which come at once, is taken.
      for await (const each of pool[form](negative, [1, 2, 3, 4], { chunkSize: 4, bufferSize: 4 })) results.push(each);
      expect(results).toEqual([-1, -2, -3, -4]);
    },
  );
});
