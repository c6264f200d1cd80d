import { expect } from 'vitest';

import { arenaOf, type ArenaReference } from '../../dist/memory/arena.js';
import { Program } from './programs.ts';
import { faultsOf, filesOf, sleep } from './shared-memory.ts';

const FALL_ASLEEP_MS = 150;

/** A process that uses a named primitive (fixtures/synchronize/primitive-party.js), and dies at a kill point if it has one. */
export function party(what: string, name: string, form: string, killAt?: string): Program {
  const env = killAt === undefined ? {} : { FORKLESS_KILL_AT: killAt };
  return new Program('synchronize/primitive-party.js', [what, name, form], { env });
}

/** One party that waits in the kernel and one that waits on its event loop. */
export async function sleepers(what: string, name: string): Promise<Program[]> {
  const parties = [party(what, name, 'sync'), party(what, name, 'async')];
  for (const one of parties) await one.printed('ready');
  await sleep(FALL_ASLEEP_MS);
  return parties;
}

/** The last line of each party, which must have ended well. */
export async function lastLines(parties: readonly Program[]): Promise<(string | undefined)[]> {
  const ends = await Promise.all(parties.map(({ end }) => end));
  expect(ends.map(({ code }) => code)).toEqual(parties.map(() => 0));
  return ends.map(({ lines }) => lines.at(-1));
}

/** The primitive and its memory are whole, and nothing of it is left when it is closed. */
export function expectNothingLeft(primitive: { share(): ArenaReference; close(): void }, name: string): void {
  expect(faultsOf(arenaOf(primitive.share()))).toBe(0);
  primitive.close();
  expect(filesOf(name)).toEqual([]);
}
