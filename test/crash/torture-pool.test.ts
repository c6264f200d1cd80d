import { describe, expect, it } from 'vitest';

import { torturePool } from '../../scripts/torture/pool.js';

describe('Pools whose workers are killed and stopped at random', () => {
  it(
    'hang, give wrong results, repeat and leave nothing, and lose only what the dead had in hand',
    { timeout: 180_000 },
    async () => {
      const account = await torturePool({ seconds: 50, kills: 300 });
      expect(account.kills).toBeGreaterThan(0);
      expect(account.delivered).toBeGreaterThan(account.kills);
      expect(account, `seed ${account.seed}`).toMatchObject({
        hangs: 0,
        corrupt: 0,
        duplicates: 0,
        untrue: 0,
        faults: 0,
        holdsLeaked: 0,
        bytesLeaked: 0,
        workersLeft: 0,
      });
    },
  );
});
