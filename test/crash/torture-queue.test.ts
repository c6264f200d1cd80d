import { describe, expect, it } from 'vitest';

import { tortureQueue } from '../../scripts/torture/queue.js';

describe('Queues whose producers and consumers are killed and stopped at random', () => {
  it(
    'hang, corrupt, repeat, lose and leave nothing, but what the dead had in their hands, through 600 kills',
    {
      timeout: 1_200_000,
    },
    async () => {
      const account = await tortureQueue({ seconds: Infinity, kills: 600 });
      expect(account.messages).toBeGreaterThan(account.kills);
      expect(account, `seed ${account.seed}`).toMatchObject({
        kills: 600,
        hangs: 0,
        corrupt: 0,
        duplicates: 0,
        phantoms: 0,
        lost: 0,
        disorder: 0,
        faults: 0,
        holdsLeaked: 0,
        bytesLeaked: 0,
      });
    },
  );
});
