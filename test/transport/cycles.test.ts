import { JoinableQueue, Lock, Pipe, Process, Queue, SimpleQueue } from 'forkless';
import { describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { dieEntangled } from '../fixtures/transport/entangled.js';
import { expectNoLeaks } from '../helpers/leaks.ts';

/** Shared objects that lead to themselves, made and given up again. */
const CYCLES: readonly (readonly [string, () => void])[] = [
  [
    'a queue that is in itself',
    () => {
      using queue = new Queue();
      queue.putSync({ queue, bytes: new Uint8Array(200_000) });
    },
  ],
  [
    'queues that are in each other, with what else is in them',
    () => {
      const queues = [new Queue(), new JoinableQueue(), new SimpleQueue()];
      const lock = new Lock();
      for (const [i, queue] of queues.entries()) queue.putSync([queues[(i + 1) % queues.length], lock]);
      lock.close();
      for (const queue of queues) queue.close();
    },
  ],
  [
    'an end that is sent through its own pipe, either way',
    () => {
      const [here, there] = Pipe();
      here.sendSync(there);
      there.sendSync([there, here]);
      here.close();
      there.close();
    },
  ],
  [
    'pipes that are sent through each other',
    () => {
      const pipes = [Pipe(), Pipe(), Pipe({ duplex: false })] as const;
      pipes[0][0].sendSync(pipes[1]);
      pipes[1][0].sendSync(pipes[2]);
      pipes[2][1].sendSync(pipes[0]);
      for (const connection of pipes.flat()) connection.close();
    },
  ],
];

describe('Shared objects that lead to themselves', () => {
  expectNoLeaks();

  it.each(CYCLES)('go when nobody else has them: %s', (_what, make) => {
    make();
    const { usedBytes, holds } = familyArena().statistics();
    for (let round = 0; round < 20; round++) make();
    expect(familyArena().statistics()).toMatchObject({ usedBytes, holds });
  });

  it('stay as long as somebody has one of them, and can be used', () => {
    const inner = new Queue();
    using outer = new Queue();
    inner.putSync([inner, outer, 'kept']);
    outer.putSync(inner);
    inner.close();
    const again = outer.getSync() as Queue;
    const [itself, other, text] = again.getSync() as [Queue, Queue, string];
    itself.putSync('through itself');
    expect([again.getSync(), other.qsize(), text]).toEqual(['through itself', 0, 'kept']);
    for (const queue of [again, itself, other]) queue.close();
  });

  it('go with the death of the only process that has them', async () => {
    using queue = new Queue();
    // It has its first segment from the first message on.
    queue.putSync('first');
    queue.getSync();
    const { usedBytes } = familyArena().statistics();
    for (let round = 0; round < 3; round++) {
      const child = new Process({ target: dieEntangled, args: [queue] }).start();
      expect(await queue.get()).toBe(true);
      await child.join();
      expect(child.exitCode).toBe(-9);
    }
    await expect.poll(() => familyArena().statistics().usedBytes, { timeout: 10_000 }).toBe(usedBytes);
  });
});
