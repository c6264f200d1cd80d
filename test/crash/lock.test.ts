import { describe, expect, it } from 'vitest';

import { Lock, RLock } from '../../dist/index.js';
import { untilKilled, WAITING, WAKING, wasKilled } from '../helpers/kill-points.ts';
import { Program } from '../helpers/programs.ts';
import { arenaOf } from '../../dist/memory/arena.js';
import { faultsOf, filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const PARTY = 'synchronize/lock-party.js';
const FALL_ASLEEP_MS = 150;
const CLASSES = { Lock, RLock };

type Kind = keyof typeof CLASSES;

function party(kind: Kind, name: string, form: string, until: 'at-once' | 'signal', killAt?: string): Program {
  const env = killAt === undefined ? {} : { FORKLESS_KILL_AT: killAt };
  return new Program(PARTY, [kind, name, form, until], { env });
}

/** A sleeping thread and two sleeping event loops that want the lock: each must get it, and the heap must be whole. */
async function expectAllGetIt(kind: Kind, name: string, lock: Lock | RLock, bringDeath: () => Promise<boolean>) {
  const others = [party(kind, name, 'sync', 'at-once'), party(kind, name, 'async', 'at-once')];
  for (const other of others) await other.printed('ready');
  const here = CLASSES[kind].open(name);
  const mine = here.acquire().then(() => {
    const { abandoned } = here;
    here.release();
    return abandoned;
  });
  await sleep(FALL_ASLEEP_MS);
  const isAbandoned = await bringDeath();
  const found = [(await mine) ? 'abandoned' : 'acquired'];
  for (const other of others) {
    const { code, lines } = await other.end;
    expect({ code, last: lines.at(-1) }).toEqual({ code: 0, last: 'released' });
    found.push(lines[1] ?? '');
  }
  // The dead one may have been the last of them.
  lock.acquireSync();
  if (lock.abandoned) found.push('abandoned');
  lock.release();
  expect(found.filter((line) => line === 'abandoned')).toHaveLength(isAbandoned ? 1 : 0);
  expect(lock.locked).toBe(false);
  expect(faultsOf(arenaOf(lock.share()))).toBe(0);
  here.close();
  lock.close();
  expect(filesOf(name)).toEqual([]);
}

describe.each(['Lock', 'RLock'] as const)('A %s', (kind) => {
  it.concurrent.each(['sync', 'async'])(
    'whose holder dies as soon as it has it, %s, is abandoned to the next',
    async (form) => {
      const name = freshName();
      const lock = new CLASSES[kind]({ name });
      expect(await party(kind, name, form, 'at-once', 'lock.acquired').end).toMatchObject({ signal: 'SIGKILL' });
      expect(lock.locked).toBe(false);
      await lock.acquire();
      expect(lock.abandoned).toBe(true);
      lock.release();
      await expectAllGetIt(kind, name, lock, () => Promise.resolve(false));
    },
  );

  it.concurrent.each(['lock.released', ...WAKING])(
    'whose holder dies at %s, in the middle of the release, loses no waiter',
    (point) =>
      untilKilled(async () => {
        const name = freshName();
        const lock = new CLASSES[kind]({ name });
        const victim = party(kind, name, 'sync', 'signal', point);
        await victim.printed('acquired');
        let killed = false;
        await expectAllGetIt(kind, name, lock, async () => {
          victim.child.kill('SIGUSR2');
          killed = wasKilled(await victim.end);
          return false;
        });
        return killed;
      }),
  );

  it.concurrent.each([...WAITING, ['sync', 'lock.acquired'], ['async', 'lock.acquired']] as const)(
    'one of whose waiters dies, %s, at %s, goes to the others',
    (form, point) =>
      untilKilled(async () => {
        const name = freshName();
        const lock = new CLASSES[kind]({ name });
        lock.acquireSync();
        const victim = party(kind, name, form, 'at-once', point);
        await victim.printed('ready');
        let killed = false;
        await expectAllGetIt(kind, name, lock, async () => {
          lock.release();
          killed = wasKilled(await victim.end);
          return killed && point === 'lock.acquired';
        });
        return killed;
      }),
  );

  it.concurrent('that a stopped process holds is not given to anybody else', async () => {
    const name = freshName();
    const lock = new CLASSES[kind]({ name });
    const holder = party(kind, name, 'sync', 'signal');
    await holder.printed('acquired');
    holder.child.kill('SIGSTOP');
    expect(await lock.acquire({ timeout: 400 })).toBe(false);
    expect(lock.acquireSync({ timeout: 400 })).toBe(false);
    holder.child.kill('SIGKILL');
    await holder.end;
    expect(lock.acquireSync()).toBe(true);
    expect(lock.abandoned).toBe(true);
    lock.close();
    expect(filesOf(name)).toEqual([]);
  });
});
