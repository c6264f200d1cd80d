import { describe, expect, it } from 'vitest';

import { torture, TORTURES } from '../helpers/torture.ts';

describe('Pipes whose senders and receivers are killed and stopped at random', () => {
  it.each(TORTURES)(
    'lose nothing but what was in the hands of the dead, and end for those who live, through $kills kills on $on',
    { timeout: 1_210_000 },
    async (what) => {
      const account = await torture('pipe', what);
      expect(account['messages']).toBeGreaterThan(what.kills);
      // Parties are killed side by side: the last ones may come together.
      expect(account['kills']).toBeGreaterThanOrEqual(what.kills);
      expect(account, `seed ${account['seed']}`).toMatchObject({
        hangs: 0,
        endsMissing: 0,
        corrupt: 0,
        duplicates: 0,
        lost: 0,
        disorder: 0,
        faults: 0,
        holdsLeaked: 0,
      });
    },
  );
});
