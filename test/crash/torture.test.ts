import { describe, expect, it } from 'vitest';

import { tortureChannel } from '../../scripts/torture/channel.js';

describe('A FloatChannel whose users are killed and stopped at random', () => {
  it(
    'hangs, corrupts, repeats and loses nothing but what was in the hands of the dead',
    { timeout: 120_000 },
    async () => {
      const account = await tortureChannel({ seconds: 25, kills: 300, parties: 3 });
      expect(account.kills).toBeGreaterThan(0);
      expect(account.messages).toBeGreaterThan(0);
      expect(account, `seed ${account.seed}`).toMatchObject({
        hangs: 0,
        corrupt: 0,
        duplicates: 0,
        lost: 0,
        disorder: 0,
        faults: 0,
        holdsLeaked: 0,
        filesLeft: 0,
      });
    },
  );
});
