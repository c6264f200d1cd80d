import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Process } from 'forkless';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { nothing } from '../fixtures/targets.js';

interface Traces {
  readonly children: readonly number[];
  readonly descriptors: readonly string[];
  readonly participants: readonly string[];
  readonly holds: number;
}

const SETTLE_MS = 5_000;

/**
 * Every test of the file must leave no child, descriptor, participant or block behind.
 * @param options.ringing this process rings others, and keeps the doorbells of some (docs/decisions/doorbells.md)
 */
export function expectNoLeaks({ ringing = false } = {}): void {
  const traces = (): Traces => allTraces(ringing);
  let before: Traces;
  beforeAll(async () => {
    // What every program has once and keeps: the arena, the reaper, its slots.
    await new Process({ target: nothing, stdio: 'pipe' }).start().join();
    await settle();
  });
  beforeEach(() => {
    before = traces();
  });
  afterEach(async () => {
    // Pipes close a few turns of the event loop after the end of their process.
    const deadline = Date.now() + SETTLE_MS;
    while (Date.now() < deadline && JSON.stringify(traces()) !== JSON.stringify(before)) await settle();
    expect(traces()).toEqual(before);
  });
}

/** The pids of the children of a process. */
function childrenOf(pid: number | 'self'): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  });
}

/** Whether the process exists and is no zombie. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3));
  } catch {
    return false;
  }
}

/** Waits until the condition holds; a watchdog, not a measure. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}.`);
    await sleep(5);
  }
}

async function settle(): Promise<void> {
  await sleep(10);
}

function allTraces(ringing: boolean): Traces {
  const arena = familyArena();
  return {
    children: childrenOf('self'),
    descriptors: openDescriptors().filter((what) => !ringing || !what.includes('eventfd')),
    participants: arena.participants().map(({ id, state, name }) => `${id} ${state} ${name}`),
    holds: arena.statistics().holds,
  };
}

function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        // The numbers of pipes and sockets differ from one to the next.
        return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, '#')];
      } catch {
        return [];
      }
    })
    .toSorted();
}
