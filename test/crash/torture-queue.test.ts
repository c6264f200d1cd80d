import { describe, expect, it } from 'vitest';

import { torture, TORTURES } from '../helpers/torture.ts';

describe('Queues whose producers and consumers are killed and stopped at random', () => {
  it.each(TORTURES)(
    'hang, corrupt, repeat, lose and leave nothing, but what the dead had in their hands, through $kills kills on $on',
    { timeout: 1_210_000 },
    async (what) => {
      const account = await torture('queue', what);
      expect(account['messages']).toBeGreaterThan(what.kills);
      // Parties are killed side by side: the last ones may come together.
      expect(account['kills']).toBeGreaterThanOrEqual(what.kills);
      expect(account, `seed ${account['seed']}`).toMatchObject({
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
