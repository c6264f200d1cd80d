import { afterEach, beforeAll, beforeEach, expect } from 'vitest';

import { JoinableQueue, Process, Queue, SimpleQueue } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { nothing } from '../fixtures/targets.js';
import { childrenOf } from './leaks.ts';
import { expectNoHolds } from './primitives.ts';
import { faultsOf } from './shared-memory.ts';

export const KINDS = [
  ['Queue', Queue],
  ['JoinableQueue', JoinableQueue],
  ['SimpleQueue', SimpleQueue],
] as const;

export type AnyQueue<T = unknown> = Queue<T> | SimpleQueue<T>;
export const FORMS = ['async', 'sync', 'try'] as const;
export type Form = (typeof FORMS)[number];

export async function put<T>(form: Form, queue: AnyQueue<T>, item: T): Promise<void> {
  if (form === 'async') await queue.put(item);
  else if (form === 'sync') queue.putSync(item);
  else expect(queue.tryPut(item)).toBe(true);
}

export async function get<T>(form: Form, queue: AnyQueue<T>): Promise<T> {
  if (form === 'async') return queue.get();
  return form === 'sync' ? queue.getSync() : (queue.tryGet() as T);
}

/** Each test of the file leaves no child, participant, hold or block behind, and the heap whole. */
export function expectNoTraces(): void {
  let before: unknown;
  beforeAll(async () => {
    // What every program has once and keeps: its slots, the service.
    await new Process({ target: nothing, stdio: 'pipe' }).start().join();
  });
  beforeEach(() => {
    before = traces();
  });
  afterEach(() => {
    expect(faultsOf(familyArena())).toBe(0);
    expect(traces()).toEqual(before);
  });
  // Its own afterEach, which closes what was kept, comes before the other.
  expectNoHolds();
}

function traces(): unknown {
  const arena = familyArena();
  const { usedBytes, holds } = arena.statistics();
  return { children: childrenOf('self'), participants: arena.participants().map(({ id }) => id), usedBytes, holds };
}
