import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { FloatChannel, Process, RawArray } from 'forkless';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { double, Experiment, report, sendThrough } from '../fixtures/shared-arguments.js';
import { until } from '../helpers/leaks.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const holds = (): number => familyArena().statistics().holds;

/** Lets FinalizationRegistry do its work, until there is nothing left to do for it. */
async function collectAll(): Promise<void> {
  let before = -1;
  for (let rounds = 0; rounds < 8; rounds++) {
    collectGarbage();
    await sleep(5);
    if (holds() !== before) rounds = 0;
    before = holds();
  }
}

describe('shared objects in the arguments of a Process', () => {
  let folder: string;
  let gates = 0;
  beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'forkless-'))));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What makes a child read its arguments only after `open`. */
  function gate(): { env: Record<string, string>; open: () => void } {
    const file = join(folder, String(gates++));
    return { env: { TEST_GATE: file }, open: () => writeFileSync(file, '') };
  }

  it('arrive together, wherever they stand, in an instance that keeps its class (row 80)', async () => {
    using channel = new FloatChannel(8);
    const samples = RawArray('d', [1, 2, 3.5]);
    const experiment = new Experiment(samples, samples.subarray(1), channel);
    const nested = { list: [new Map([['experiment', experiment]])], channel };
    const child = new Process({ target: report, args: [nested, samples] }).start();
    expect([...(await channel.recv({ timeout: 20_000 }))]).toEqual([1, 1, 8, 1]);
    await child.join();
    expect([child.exitCode, ...samples]).toEqual([0, 1, 6.5, 3.5]);
  });

  it('are held for the child although nothing here refers to them any more', async () => {
    using channel = new FloatChannel(8);
    await collectAll();
    const { env, open } = gate();
    const before = holds();
    const child = new Process({ target: double, args: [RawArray('d', [1, 2, 3]), channel], env }).start();
    const atStart = holds();
    await collectAll();
    // Ours is gone, and that on the boot record by the time when the child has read it; not the child's own two.
    expect(holds()).toBeLessThan(atStart);
    expect(holds()).toBeGreaterThanOrEqual(before + 2);
    // New memory does not take the place of what the child is to find.
    const others = Array.from({ length: 50 }, () => RawArray('d', [7, 7, 7]));
    open();
    expect([...(await channel.recv({ timeout: 20_000 }))]).toEqual([2, 4, 6]);
    await child.join();
    expect([child.exitCode, others.length]).toEqual([0, 50]);
    others.length = 0;
    await collectAll();
    // With the child its holds have ended.
    await until(() => holds() <= before, 'the holds of the child have gone');
  });

  it('are held for the child although this process gives them up at once', async () => {
    const { env, open } = gate();
    const channel = new FloatChannel(8);
    const handBack = RawArray('d', 3);
    const child = new Process({ target: sendThrough, args: [channel, handBack], env }).start();
    channel.detach();
    open();
    await child.join();
    expect([child.exitCode, ...handBack]).toEqual([0, 1, 2, 3]);
  });

  it('leave nothing behind when the child is killed before it has read them', async () => {
    await collectAll();
    const before = holds();
    const { env } = gate();
    const child = new Process({ target: double, args: [RawArray('d', 3), RawArray('d', 3)], env, stdio: 'ignore' });
    child.start();
    await collectAll();
    child.kill();
    await child.join();
    expect(child.exitCode).toBe(-9);
    await until(() => holds() <= before, 'the holds of the child have gone');
  });
});
