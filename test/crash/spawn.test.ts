import { describe, expect, it } from 'vitest';

import { runProgram } from '../helpers/output.ts';

/** In the process that starts another one. */
const OF_THE_PARENT = [
  'participants.claimed',
  'spawn.reserved',
  'spawn.recorded',
  'spawn.ordered',
  'spawn.spawned',
  'participants.confirm',
  'spawn.confirmed',
];
/** In the process that is started. */
const OF_THE_CHILD = ['boot.loaded', 'participants.take', 'boot.joined', 'boot.recorded', 'boot.tied'];

const SIGKILL_EXIT_CODE = -9;

interface Outcome {
  readonly exitCode: number;
  readonly before: object;
  readonly after: object;
  readonly left: readonly string[];
  readonly again: number;
}

let programs = 0;

async function outcomeOf(killPoint: string, daemon: boolean): Promise<Outcome> {
  const name = `innermost-${process.pid}-${++programs}`;
  const { stdout, stderr } = await runProgram('test/fixtures/programs/crash-spawn.js', {
    args: [killPoint, name, String(daemon)],
    // The whole family loads the addon that has kill points; its middle process gets one at which it dies.
    env: { FORKLESS_KILL_AT: 'nowhere' },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Outcome;
}

function expectNothingLeft(outcome: Outcome): void {
  expect(outcome.left).toEqual([]);
  expect(outcome.after).toEqual(outcome.before);
  expect(outcome.again).toBe(0);
}

describe('a process that is killed', () => {
  it('nowhere: the test itself tells the ends apart', async () => {
    const outcome = await outcomeOf('nowhere', false);
    expect(outcome.exitCode).toBe(0);
    expectNothingLeft(outcome);
  });

  describe.each([[false], [true]])('while it starts a child with daemon: %s', (daemon) => {
    it.each(OF_THE_PARENT)('at %s leaves neither a process nor a slot nor a block behind', async (killPoint) => {
      const outcome = await outcomeOf(killPoint, daemon);
      expect(outcome.exitCode).toBe(SIGKILL_EXIT_CODE);
      expectNothingLeft(outcome);
    });
  });

  describe('while it boots', () => {
    it.each(OF_THE_CHILD)('at %s leaves neither a slot nor a block behind', async (killPoint) => {
      const outcome = await outcomeOf(killPoint, false);
      expect(outcome.exitCode).toBe(SIGKILL_EXIT_CODE);
      expectNothingLeft(outcome);
    });
  });
});
