import { Pool } from 'forkless';
import { Pool as ThreadPool } from 'forkless/dummy';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';

import { call } from '../fixtures/conformance/forms.js';
import { collectUntil } from './garbage.ts';
import { childrenOf } from './leaks.ts';
import { counters } from './primitives.ts';
import { familyHolds } from './shared-memory.ts';

/** Which pools a suite is about. */
export interface PoolKind {
  readonly title: string;
  readonly Pool: typeof Pool;
  /** Whether arguments and results travel. */
  readonly isRemote: boolean;
}

const POOLS_OF_PROCESSES: PoolKind = { title: 'processes', Pool, isRemote: true };
const POOLS_OF_THREADS: PoolKind = { title: 'threads', Pool: ThreadPool, isRemote: true };

type PoolArguments = ConstructorParameters<typeof Pool>;
type Iterated = AsyncIterator<number> & AsyncIterable<number>;
type Task = (...args: never[]) => unknown;

/** What a conformance suite gets: how to make pools and how to wait. */
export interface PoolWorld extends PoolKind {
  /** A pool of four for all tests of the suite, made for the first that asks. */
  readonly shared: () => Pool;
  /** A pool that is ended after the test. */
  readonly make: (...args: PoolArguments) => Pool;
  /** `call(pool, 'map', …)` is `pool.map(…)` or `pool.mapSync(…)`. */
  readonly call: <R>(object: object, method: string, ...args: unknown[]) => Promise<R>;
  /** Both kinds of iterators can be used as the asynchronous one. */
  readonly iterate: (
    pool: Pool,
    method: 'imap' | 'imapUnordered',
    fn: Task,
    items: Iterable<unknown>,
    options?: { readonly chunkSize: number },
  ) => Iterated;
}

/** Runs the suite with every kind of pools, in both forms. What it leaves behind is a failure. */
export function poolConformance(
  title: string,
  suite: (world: PoolWorld) => void,
  kinds: readonly PoolKind[] = [POOLS_OF_PROCESSES, POOLS_OF_THREADS],
): void {
  for (const kind of kinds) {
    for (const form of ['async', 'sync'] as const) {
      const how = form === 'sync' ? 'blocking' : 'as promises';
      describe(`${title} of ${kind.title}, ${how}`, { timeout: 60_000 }, () => {
        expectNothingLeft();
        const made: Pool[] = [];
        let shared: Pool | undefined;
        beforeEach(() => void counters.fill(0));
        afterEach(async () => {
          for (const pool of made.splice(0)) await pool[Symbol.asyncDispose]();
        });
        afterAll(async () => {
          await shared?.[Symbol.asyncDispose]();
        });
        suite({
          ...kind,
          shared: () => (shared ??= new kind.Pool(4)),
          make: (...args) => {
            const pool = new kind.Pool(...args);
            made.push(pool);
            return pool;
          },
          call: async (object, method, ...args) => call(form, object, method, ...args) as never,
          iterate: (pool, method, ...args) => call(form, pool, method, ...args) as Iterated,
        });
      });
    }
  }
}

/** After all tests of a suite there is no child and no hold on a block that was not there before. */
export function expectNothingLeft(): void {
  let children: readonly number[];
  let holds: number;
  beforeAll(() => {
    children = childrenOf('self');
    holds = familyHolds();
  });
  afterAll(async () => {
    await collectUntil((now) => now <= holds);
    expect(familyHolds()).toBe(holds);
    expect(childrenOf('self')).toEqual(children);
  });
}
