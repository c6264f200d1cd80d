import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { Pipe, Process } from 'forkless';
import { afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { endSpares } from '../../dist/process/spares.js';
import { echoMessages, nothing } from '../fixtures/targets.js';

interface Traces {
  readonly children: readonly number[];
  readonly descriptors: readonly string[];
  readonly participants: readonly string[];
  readonly holds: number;
}

const SETTLE_MS = 5_000;
const THREADS_SETTLE_MS = 500;

/** Every test of the file must leave no child, descriptor, participant or block behind. */
export function expectNoLeaks(): void {
  let before: Traces;
  let threads: number;
  beforeAll(async () => {
    // What every program has once and keeps: the arena, the reaper, its slots.
    await new Process({ target: nothing, stdio: 'pipe' }).start().join();
    await openDoorbells();
    await settle();
  });
  beforeEach(() => {
    before = traces();
    threads = threadsOfSystem();
  });
  afterEach(async () => {
    endSpares();
    // Pipes close a few turns of the event loop after the end of their process.
    const deadline = Date.now() + SETTLE_MS;
    while (Date.now() < deadline && JSON.stringify(traces()) !== JSON.stringify(before)) await settle();
    // A thread that was cut off at its start may still be on its way. Those that the runtime keeps stay.
    const soon = Date.now() + THREADS_SETTLE_MS;
    while (Date.now() < soon && threadsOfSystem() > threads) await settle();
    expect(traces()).toEqual(before);
  });
}

/** Its doorbell, and the socket by which it rings those of others. */
async function openDoorbells(): Promise<void> {
  const [here, there] = Pipe();
  const child = new Process({ target: echoMessages, args: [there] }).start();
  there.close();
  for (let round = 0; round < 3; round++) {
    await here.send(round);
    expect(await here.recv()).toBe(round);
    // Long enough for both to fall asleep: then each rings for the other.
    await sleep(30);
  }
  here.close();
  await child.join();
}

/** How many threads this process has, those of the runtime included. */
function threadsOfSystem(): number {
  return readdirSync('/proc/self/task').length;
}

/** The pids of the children of a process. */
export function childrenOf(pid: number | 'self'): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((thread) => {
    try {
      const text = readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim();
      return text === '' ? [] : text.split(' ').map(Number);
    } catch (error) {
      // The thread has ended meanwhile; the process itself must be there.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && existsSync(`/proc/${pid}`)) return [];
      throw error;
    }
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

function traces(): Traces {
  const arena = familyArena();
  return {
    children: childrenOf('self'),
    descriptors: openDescriptors(),
    participants: arena.participants().map(({ id, state, name }) => `${id} ${state} ${name}`),
    holds: arena.statistics().holds,
  };
}

function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        // The numbers of pipes and sockets differ from one to the next.
        const name = readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, '#');
        // The bells of frequent partners are kept for a while, at most 64 of them.
        return name === 'anon_inode:[eventfd]' ? [] : [name];
      } catch {
        return [];
      }
    })
    .toSorted();
}
