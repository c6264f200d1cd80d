import { afterEach, describe } from 'vitest';

import { Process as ThreadProcess } from '../../dist/dummy/index.js';
import * as mp from '../../dist/index.js';
import { call } from '../fixtures/conformance/forms.js';
import { takePart } from '../fixtures/conformance/party.js';
import { until } from './leaks.ts';
import { counters, expectNoHolds, keep, start } from './primitives.ts';

/** The form in which all parties wait. */
type Form = 'async' | 'sync';

/** Somebody else who takes part; `end` is rejected when he ends with an error. */
interface Party {
  readonly end: Promise<void>;
  kill(): void;
}

/** How objects are made, and who shares them. Managers will make other objects, for the same parties. */
interface Kind {
  readonly title: string;
  readonly make: typeof MAKE;
  readonly begin: (name: string, args: readonly unknown[]) => Party;
}

/** Objects in shared memory; they are closed after the test. */
const MAKE = {
  lock: () => keep(new mp.Lock()),
  rLock: () => keep(new mp.RLock()),
  semaphore: (value?: number) => keep(new mp.Semaphore(value)),
  boundedSemaphore: (value?: number) => keep(new mp.BoundedSemaphore(value)),
  condition: (lock?: mp.Lock | mp.RLock) => keep(new mp.Condition(lock)),
  event: () => keep(new mp.Event()),
  barrier: (parties: number, options?: mp.BarrierOptions) => keep(new mp.Barrier(parties, options)),
  queue: (maxSize?: number) => keep(new mp.Queue(maxSize)),
  joinableQueue: (maxSize?: number) => keep(new mp.JoinableQueue(maxSize)),
  simpleQueue: () => keep(new mp.SimpleQueue()),
};

export const PROCESSES: Kind = { title: 'child processes', make: MAKE, begin: startProcess };
export const THREADS: Kind = { title: 'threads of forkless/dummy', make: MAKE, begin: startThread };
/** In turn a process and a thread. */
export const BOTH: Kind = {
  title: 'processes and threads at once',
  make: MAKE,
  begin: (name, args) => (running.length % 2 === 0 ? startProcess : startThread)(name, args),
};

const running: Party[] = [];

/** What a conformance suite gets: how to make objects, how to start parties and how to wait. */
export interface World {
  readonly form: Form;
  readonly make: typeof MAKE;
  /** Has that many others call a function of test/fixtures/conformance/ with these arguments; resolves when all are there. */
  readonly others: (count: number, work: (...args: never[]) => unknown, ...args: unknown[]) => Promise<void>;
  /** Waits until all others have ended well. */
  readonly othersEnd: () => Promise<void>;
  /** `call(lock, 'acquire')` is `lock.acquire()` or `lock.acquireSync()`. */
  readonly call: <R>(object: object, method: string, ...args: unknown[]) => Promise<R>;
}

/** Runs the suite with every kind of parties, in both forms. */
export function conformance(
  title: string,
  suite: (world: World) => void,
  kinds: readonly Kind[] = [PROCESSES, THREADS],
) {
  expectNoHolds();
  afterEach(async () => {
    const left = running.splice(0);
    for (const party of left) party.kill();
    await Promise.allSettled(left.map(({ end }) => end));
  });
  for (const { title: who, make, begin } of kinds) {
    for (const form of ['async', 'sync'] as const) {
      const how = form === 'sync' ? 'blocking' : 'as promises';
      describe(`${title} between ${who}, ${how}`, () => {
        suite({
          form,
          make,
          others: async (count, work, ...args) => {
            counters[counters.length - 1] = 0;
            for (let i = 0; i < count; i++) running.push(begin(work.name, [counters, form, ...args]));
            const there = until(() => counters.at(-1) === count, 'all others are there');
            // Whose end is an error says so.
            await Promise.race([there, Promise.all(running.map(({ end }) => end)).then(() => there)]);
          },
          othersEnd: async () => {
            for (const { end } of running) await end;
            running.length = 0;
          },
          call: async (object, method, ...args) => call(form, object, method, ...args) as never,
        });
      });
    }
  }
}

function startProcess(name: string, args: readonly unknown[]): Party {
  return party(start(takePart, name, ...args), name);
}

function startThread(name: string, args: readonly unknown[]): Party {
  return party(new ThreadProcess({ target: takePart, args: [name, ...args] } as never).start() as never, name);
}

function party(child: mp.Process, name: string): Party {
  const end = endOf(child, name);
  end.catch(() => undefined);
  return { end, kill: () => child.kill() };
}

async function endOf(child: mp.Process, name: string): Promise<void> {
  await child.join();
  if (child.exitCode !== 0) throw new Error(`${name}: it ended with ${child.exitCode}`);
}
