import { afterEach, beforeEach, expect } from 'vitest';

import { Process, RawArray } from '../../dist/index.js';
import { collectUntil } from './garbage.ts';
import { familyHolds } from './shared-memory.ts';

const made: Disposable[] = [];

/** Words in shared memory for the tests of a file and their children, 0 at the beginning of each test. */
export const counters: Int32Array = RawArray('i', 16);

/** Disposes of the object at the end of the test. */
export function keep<T extends Disposable>(object: T): T {
  made.push(object);
  return object;
}

/** A process that calls `target`, already started. */
export function start(target: (...args: never[]) => unknown, ...args: unknown[]): Process {
  return new Process({ target, args } as never).start() as unknown as Process;
}

/** No test of the file may leave a hold on a block behind. */
export function expectNoHolds(): void {
  let before = 0;
  beforeEach(() => {
    counters.fill(0);
    before = familyHolds();
  });
  afterEach(async () => {
    for (const object of made.splice(0)) object[Symbol.dispose]();
    // Large buffers that were awaited stay in shared memory until they are collected.
    if (familyHolds() > before) await collectUntil((holds) => holds <= before);
    expect(familyHolds()).toBe(before);
  });
}
