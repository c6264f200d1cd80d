import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { expect } from 'vitest';

import { encode } from '../../dist/reduction/codec.js';
import { start } from './primitives.ts';

const THREAD = new URL('../fixtures/conformance/thread.js', import.meta.url);

type Target = (...args: never[]) => unknown;

/** Calls a function somewhere else, and waits for the end, which must be a good one. */
export type Run = (target: Target, ...args: unknown[]) => Promise<void>;

async function inProcess(target: Target, ...args: unknown[]): Promise<void> {
  const child = start(target, ...args);
  await child.join();
  expect(child.exitCode).toBe(0);
}

/** A worker thread that calls the function with these arguments, which travel as to a process. */
export function callInThread(target: Target, ...args: unknown[]): Worker {
  return new Worker(THREAD, { workerData: encode({ target, args }) });
}

async function inThread(target: Target, ...args: unknown[]): Promise<void> {
  expect(await once(callInThread(target, ...args), 'exit')).toEqual([0]);
}

/** Where the other side of a conformance test may run. */
export const WAYS: readonly (readonly [where: string, run: Run])[] = [
  ['processes', inProcess],
  ['threads', inThread],
];
