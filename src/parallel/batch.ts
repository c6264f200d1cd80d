import { rememberReference } from '../reduction/reference.ts';
import type { DelayedCall } from './delayed.ts';

/** Calls of one function that follow each other: the function travels once. */
export type Run = readonly [fn: DelayedCall<unknown>['fn'], args: readonly (readonly unknown[])[]];

/** What a batch has given, and how long it took in ms. */
export interface BatchResult {
  readonly values: readonly unknown[];
  readonly took: number;
}

/** The calls as they travel. */
export function runsOf(calls: readonly DelayedCall<unknown>[]): Run[] {
  const runs: [Run[0], (readonly unknown[])[]][] = [];
  for (const { fn, args } of calls) {
    const last = runs.at(-1);
    if (last?.[0] === fn) last[1].push(args);
    else runs.push([fn, [args]]);
  }
  return runs;
}

/** Does the calls of a batch, one after the other; the first that throws ends it. */
export async function performBatch(runs: readonly Run[]): Promise<BatchResult> {
  const start = performance.now();
  const values: unknown[] = [];
  for (const [fn, all] of runs) {
    for (const args of all) values.push(await fn(...(args as never[])));
  }
  return { values, took: performance.now() - start };
}

// Not to be looked for, which only Node can.
rememberReference(performBatch, { module: import.meta.url, name: 'performBatch' });
