import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Event, Lock, Pipe, Process, Queue, Semaphore, SharedArray, Value } from '../../dist/index.js';
import { useEveryKind } from '../fixtures/transport/every-kind.js';
import { areaOf, Square } from '../fixtures/transport/shapes.js';
import { expectNoHolds } from '../helpers/primitives.ts';
import { socketPair } from '../helpers/sockets.ts';

const PLAIN = {
  numbers: [0, -0, 1.5, NaN, Infinity],
  bigint: 2n ** 70n,
  string: 'täxt \u{1f600}',
  bytes: new Uint8Array([1, 2, 3]),
  buffer: Buffer.from('abc'),
  nothing: null,
  undefined,
  list: [1, [2, [3]]],
  object: { a: { b: 1 } },
  map: new Map<unknown, unknown>([['key', new Set([1])]]),
  set: new Set(['x']),
  date: new Date(5),
  regExp: /a+/gi,
  error: new RangeError('far'),
  typedArrays: [new Float64Array([0.5]), new BigInt64Array([1n])],
};

describe('One message', () => {
  expectNoHolds();

  it('brings every kind of value and of shared object to another process (row 138)', async () => {
    const [queue, answers] = [new Queue(), new Queue()];
    const [mine, its] = Pipe();
    const [lock, event, semaphore] = [new Lock(), new Event(), new Semaphore(0)];
    const [value, array] = [Value('i', 37), SharedArray('i', [1, 2])];
    const [far, near] = await socketPair();
    const received = text(far);
    lock.acquireSync();
    const child = new Process({ target: useEveryKind, args: [queue, answers] }).start();
    // The test runner makes something of imports that no other process has.
    const [factor, area] = [2, areaOf];
    await queue.put({
      ...PLAIN,
      fn: (x: number) => x * factor + area(1),
      Class: Square,
      instance: new Square(4),
      connection: its,
      itself: queue,
      lock,
      value,
      array,
      event,
      semaphore,
      socket: near,
    });
    its.close();
    const { plain, seen, used } = (await answers.get({ timeout: 20_000 })) as Record<string, unknown>;
    expect(plain).toEqual(PLAIN);
    expect(seen).toBe(inspect(PLAIN, { depth: 9 }));
    expect(used).toEqual([41, 9, 16, true, true]);
    expect([await mine.recv(), await queue.get()]).toEqual(['by the connection', 'by the queue itself']);
    expect([value.value, array[1], event.isSet(), semaphore.tryAcquire()]).toEqual([42, 20, true, true]);
    expect(await received).toBe('by the socket');
    await child.join();
    lock.release();
    for (const object of [queue, answers, mine, lock, event, semaphore, value, array]) object.close();
  });
});
