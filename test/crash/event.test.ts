import { describe, expect, it } from 'vitest';

import { arenaOf } from '../../dist/memory/arena.js';
import { Event } from '../../dist/index.js';
import { untilKilled, WAITING, WAKING, wasKilled } from '../helpers/kill-points.ts';
import { Program } from '../helpers/programs.ts';
import { faultsOf, filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const PARTY = 'synchronize/event-party.js';
const FALL_ASLEEP_MS = 150;

function party(name: string, what: 'set' | 'sync' | 'async', killAt?: string): Program {
  return new Program(PARTY, [name, what], { env: killAt === undefined ? {} : { FORKLESS_KILL_AT: killAt } });
}

/** Two processes and this one sleep on it; all go on after `happen`. */
async function expectAllGoOn(name: string, event: Event, happen: () => Promise<void>): Promise<void> {
  const others = [party(name, 'sync'), party(name, 'async')];
  for (const other of others) await other.printed('ready');
  const here = event.wait();
  await sleep(FALL_ASLEEP_MS);
  await happen();
  expect(await here).toBe(true);
  for (const other of others) expect(await other.end).toMatchObject({ code: 0, lines: ['ready', 'went on'] });
  expect(event.isSet()).toBe(true);
  expect(faultsOf(arenaOf(event.share()))).toBe(0);
  event.close();
  expect(filesOf(name)).toEqual([]);
}

describe('An Event', () => {
  it.concurrent.each(['event.changed', ...WAKING])('lets all go on when the one who sets it dies at %s', (point) =>
    untilKilled(async () => {
      const name = freshName();
      let killed = false;
      await expectAllGoOn(name, new Event({ name }), async () => {
        killed = wasKilled(await party(name, 'set', point).end);
      });
      return killed;
    }),
  );

  it.concurrent.each(WAITING)('lets the others go on when one who waits dies, %s, at %s', (form, point) =>
    untilKilled(async () => {
      const name = freshName();
      const event = new Event({ name });
      const victim = party(name, form, point);
      await victim.printed('ready');
      let killed = false;
      await expectAllGoOn(name, event, async () => {
        event.set();
        killed = wasKilled(await victim.end);
      });
      return killed;
    }),
  );
});
