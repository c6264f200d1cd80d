import { describe, expect, it } from 'vitest';

import { tortureSync } from '../../scripts/torture/sync.js';

describe('Locks, semaphores, conditions, events and barriers whose users are killed and stopped at random', () => {
  it('exclude, count, wake and go on, through 2000 kills', { timeout: 1_200_000 }, async () => {
    const account = await tortureSync({ seconds: Infinity, kills: 2000, parties: 5 });
    expect(account.operations).toBeGreaterThan(account.kills);
    expect(account, `seed ${account.seed}`).toMatchObject({
      kills: 2000,
      hangs: 0,
      violations: 0,
      permitsLost: 0,
      faults: 0,
      holdsLeaked: 0,
    });
  });
});
