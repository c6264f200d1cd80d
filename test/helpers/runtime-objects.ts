import { fileURLToPath } from 'node:url';

import { expect } from 'vitest';

import { runNode } from './output.ts';
import type { Runtime } from './runtimes.ts';

const PROGRAM = fileURLToPath(new URL('../fixtures/runtimes/objects.mjs', import.meta.url));

/** Runs the program that uses each kind of shared object, and expects that all do what they should. */
export async function expectObjects(runtime: Runtime, socket: unknown, lambda: unknown): Promise<void> {
  const { stdout, stderr, code } = await runNode([...runtime.args, PROGRAM], { node: runtime.file });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(JSON.parse(stdout)).toEqual({
    queue: [42, 0, 'ERR_MP_QUEUE_EMPTY'],
    blockingQueue: [8, 0],
    pool: [[2, 4, 6], [8, 10], 12, 'RangeError', 'of the child'],
    floatChannel: 4500,
    pipe: [true, true, true, 0],
    valueAndEvent: [3000, false, false],
    posixSemaphore: [true, false],
    socket,
    kill: -9,
    lambda,
  });
}
