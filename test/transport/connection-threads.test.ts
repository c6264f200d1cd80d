import { once } from 'node:events';

import { describe, expect, it } from 'vitest';

import { EOFError } from '../../dist/index.js';
import * as work from '../fixtures/transport/connections.js';
import { until } from '../helpers/leaks.ts';
import { errorOf, pipe } from '../helpers/pipes.ts';
import { counters, expectNoHolds } from '../helpers/primitives.ts';
import { callInThread } from '../helpers/ways.ts';

expectNoHolds();

describe('The end of a Connection', () => {
  it('comes when the worker thread that held the last copy is terminated', async () => {
    const [mine, theirs] = pipe();
    const thread = callInThread(work.hold, counters, theirs);
    await until(() => counters[0] === 1, 'the thread is there');
    theirs.close();
    expect(await mine.poll({ timeout: 30 })).toBe(false);
    await Promise.all([thread.terminate(), once(thread, 'exit')]);
    expect(await errorOf(() => mine.recv())).toBeInstanceOf(EOFError);
    expect(await errorOf(() => mine.send(1))).toMatchObject({ errno: 'EPIPE' });
  });

  it.each(['sync', 'async'])(
    'comes when the thread is terminated while it waits for a message itself, %s',
    async (form) => {
      const [mine, theirs] = pipe();
      const thread = callInThread(work.waitForEnd, form, counters, theirs);
      await until(() => counters[0] === 1, 'the thread is there');
      theirs.close();
      const end = errorOf(() => mine.recv());
      await Promise.all([thread.terminate(), once(thread, 'exit')]);
      expect(await end).toBeInstanceOf(EOFError);
      expect([...counters.subarray(1, 4)]).toEqual([0, 0, 0]);
    },
  );
});
