import { describe, expect, it } from 'vitest';

import { runProgram } from '../helpers/output.ts';

interface Outcome {
  readonly exitCode: number;
  readonly runs: number;
  /** Whether the process is the one that waited. */
  readonly becameSpare?: boolean;
  readonly before: object;
  readonly after: object;
}

/** Before it has taken its order, a spare is nobody. */
const BEFORE_TAKING = [
  'boot.loaded',
  'boot.tied',
  'prewarm.waiting',
  'prewarm.ordered',
  'prewarm.recorded',
  'prewarm.held',
];
const SIGKILL_EXIT_CODE = -9;

async function outcomeOf(who: 'spare' | 'parent', killPoint: string): Promise<Outcome> {
  const { stdout, stderr } = await runProgram('test/fixtures/programs/crash-prewarm.mjs', {
    args: [who, killPoint],
    env: { FORKLESS_KILL_AT: 'nowhere' },
  });
  expect(stderr).toBe('');
  const outcome = JSON.parse(stdout) as Outcome;
  expect(outcome.after).toEqual(outcome.before);
  return outcome;
}

describe('a spare that is killed', () => {
  it('nowhere: the test itself tells who runs', async () => {
    expect(await outcomeOf('spare', 'nowhere')).toMatchObject({ exitCode: 0, runs: 1, becameSpare: true });
  });

  it.each(BEFORE_TAKING)('at %s does not keep its process from being run by another, once', async (killPoint) => {
    expect(await outcomeOf('spare', killPoint)).toMatchObject({ exitCode: 0, runs: 1, becameSpare: false });
  });

  it('when it has taken its order, is the process that was killed', async () => {
    expect(await outcomeOf('spare', 'prewarm.taken')).toMatchObject({
      exitCode: SIGKILL_EXIT_CODE,
      runs: 0,
      becameSpare: true,
    });
  });
});

describe('a process that is killed while it gives an order to a spare', () => {
  it.each(['prewarm.giving', 'prewarm.given'])(
    'at %s leaves neither a process nor a block behind',
    async (killPoint) => {
      const { exitCode, runs } = await outcomeOf('parent', killPoint);
      expect(exitCode).toBe(SIGKILL_EXIT_CODE);
      // Nobody knows whether the order has been read: the process may have been started, as one that was spawned.
      expect(runs).toBeLessThanOrEqual(killPoint === 'prewarm.giving' ? 0 : 1);
    },
  );
});
