import { describe, expect, it } from 'vitest';

import { torturePipe } from '../../scripts/torture/pipe.js';

describe('Pipes whose senders and receivers are killed and stopped at random', () => {
  it(
    'lose nothing but what was in the hands of the dead, and end for those who live',
    { timeout: 1_200_000 },
    async () => {
      const account = await torturePipe({ seconds: Infinity, kills: 500 });
      expect(account.messages).toBeGreaterThan(account.kills);
      expect(account, `seed ${account.seed}`).toMatchObject({
        kills: 500,
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
