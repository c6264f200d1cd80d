import { afterEach, beforeEach, expect } from 'vitest';

import { Process, RawArray } from '../../dist/index.js';
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

/**
 * No test of the file may leave a hold on a block behind.
 * @param collect where received bytes lie in shared memory, until they are collected: collectUntil (garbage.ts)
 */
export function expectNoHolds(collect?: (isRight: (holds: number) => boolean) => Promise<unknown>): void {
  let before = 0;
  beforeEach(() => {
    counters.fill(0);
    before = familyHolds();
  });
  afterEach(async () => {
    for (const object of made.splice(0)) object[Symbol.dispose]();
    if (familyHolds() !== before) await collect?.((holds) => holds === before);
    expect(familyHolds()).toBe(before);
  });
}
