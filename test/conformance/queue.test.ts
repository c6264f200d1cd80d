import { expect, it } from 'vitest';

import {
  ClosedError,
  JoinableQueue,
  Queue,
  QueueEmptyError,
  QueueFullError,
  SerializationError,
} from '../../dist/index.js';
import * as work from '../fixtures/conformance/queues.js';
import { BOTH, conformance, PROCESSES, THREADS, type World } from '../helpers/parties.ts';
import { counters } from '../helpers/primitives.ts';

const KINDS = [PROCESSES, THREADS, BOTH];
const NOT_AT_ALL = { block: false };
const MS = [80, 35, 140] as const;

conformance(
  'A Queue',
  (world) => {
    const { make, call, others, othersEnd } = world;

    it('puts until it is full, says so, and waits as long as it was told (_TestQueue.test_put)', async () => {
      const maxSize = 6;
      const queue = make.queue(maxSize);
      const [begin, ended] = [make.event(), make.event()];
      await others(1, work.takeSome, queue, begin, ended, maxSize);
      expect([queue.empty(), queue.full()]).toEqual([true, false]);

      await call(queue, 'put', 1);
      await call(queue, 'put', 2, { block: true });
      await call(queue, 'put', 3, { block: true, timeout: Infinity });
      await call(queue, 'put', 4, NOT_AT_ALL);
      await call(queue, 'put', 5, { block: false, timeout: 1000 });
      queue.putNowait(6);
      expect([queue.empty(), queue.full(), queue.qsize()]).toEqual([false, true, 6]);

      await expect(call(queue, 'put', 7, NOT_AT_ALL)).rejects.toThrow(QueueFullError);
      expect(() => queue.putNowait(7)).toThrow(QueueFullError);
      await expectToWait(MS[0], QueueFullError, () => call(queue, 'put', 7, { block: true, timeout: MS[0] }));
      await expect(call(queue, 'put', 7, { block: false, timeout: MS[1] })).rejects.toThrow(QueueFullError);
      await expectToWait(MS[2], QueueFullError, () => call(queue, 'put', 7, { timeout: MS[2] }));

      begin.set();
      await call(ended, 'wait');
      expect([queue.empty(), queue.full()]).toEqual([true, false]);
      await othersEnd();
    });

    it('gets until it is empty, says so, and waits as long as it was told (_TestQueue.test_get)', async () => {
      const queue = make.queue();
      const [begin, ended] = [make.event(), make.event()];
      await others(1, work.putSome, queue, begin, ended, [2, 3, 4, 5]);
      expect(queue.empty()).toBe(true);

      begin.set();
      await call(ended, 'wait');
      expect(queue.empty()).toBe(false);
      expect(await call(queue, 'get', { block: true, timeout: Infinity })).toBe(2);
      expect(await call(queue, 'get', { block: true })).toBe(3);
      expect(await call(queue, 'get', { timeout: 1000 })).toBe(4);
      expect(queue.getNowait()).toBe(5);
      expect(queue.empty()).toBe(true);

      await expect(call(queue, 'get', NOT_AT_ALL)).rejects.toThrow(QueueEmptyError);
      expect(() => queue.getNowait()).toThrow(QueueEmptyError);
      await expectToWait(MS[0], QueueEmptyError, () => call(queue, 'get', { block: true, timeout: MS[0] }));
      await expect(call(queue, 'get', { block: false, timeout: MS[1] })).rejects.toThrow(QueueEmptyError);
      await expectToWait(MS[2], QueueEmptyError, () => call(queue, 'get', { timeout: MS[2] }));
      await othersEnd();
    });

    it('has what a child puts behind what its parent has put before (_TestQueue.test_fork)', async () => {
      const queue = make.queue();
      for (let i = 0; i < 10; i++) await call(queue, 'put', i);
      await others(
        1,
        work.putAndEnd,
        queue,
        Array.from({ length: 10 }, (_, i) => 10 + i),
      );
      for (let i = 0; i < 20; i++) expect(await call(queue, 'get')).toBe(i);
      await expect(call(queue, 'get', NOT_AT_ALL)).rejects.toThrow(QueueEmptyError);
      await othersEnd();
    });

    it('counts its items (_TestQueue.test_qsize)', async () => {
      const queue = make.queue();
      expect(queue.qsize()).toBe(0);
      await call(queue, 'put', 1);
      expect(queue.qsize()).toBe(1);
      await call(queue, 'put', 5);
      expect(queue.qsize()).toBe(2);
      await call(queue, 'get');
      expect(queue.qsize()).toBe(1);
      await call(queue, 'get');
      expect(queue.qsize()).toBe(0);
    });

    it('joins when every item is done (_TestQueue.test_task_done)', async () => {
      const queue = make.joinableQueue();
      await others(4, work.workOff, queue, counters);
      for (let i = 0; i < 10; i++) await call(queue, 'put', i);
      await call(queue, 'join');
      expect(counters[0]).toBe(10);
      for (let i = 0; i < 4; i++) await call(queue, 'put', null);
      await othersEnd();
    });

    it('works in a module that is being imported (_TestQueue.test_no_import_lock_contention)', async () => {
      const module = (await import('../fixtures/conformance/puts-at-import.js')) as Record<string, unknown>;
      expect(module).toMatchObject({ answer: 'knock knock', question: 'who is there' });
    });

    it('is empty after the time that it was given, and not before (_TestQueue.test_timeout)', async () => {
      const queue = make.queue();
      await expectToWait(200, QueueEmptyError, () => call(queue, 'get', { block: true, timeout: 200 }));
    });

    it('is as it was when an item cannot travel (_TestQueue.test_queue_feeder_donot_stop_onexc)', async () => {
      for (const queue of [make.queue(), make.queue(1)]) {
        await expect(call(queue, 'put', notSerializable())).rejects.toThrow(SerializationError);
        await call(queue, 'put', true);
        expect(queue.qsize()).toBe(1);
        expect(await call(queue, 'get', { timeout: 20_000 })).toBe(true);
        expect(queue.empty()).toBe(true);
      }
    });

    it('tells who put it that an item cannot travel (_TestQueue.test_queue_feeder_on_queue_feeder_error)', async () => {
      // Python has a hook for it, as the error comes up in the feeder thread, long after put() has returned.
      const queue = make.queue();
      await expect(call(queue, 'put', notSerializable())).rejects.toThrow(/the item.*socket/s);
      await call(queue, 'put', true);
      expect(await call(queue, 'get', { timeout: 20_000 })).toBe(true);
    });

    it('can be used no more when it is closed (_TestQueue.test_closed_queue_put_get_exceptions)', async () => {
      for (const queue of [new Queue(), new JoinableQueue()]) {
        queue.close();
        await expect(call(queue, 'put', 'foo')).rejects.toThrow(ClosedError);
        await expect(call(queue, 'get')).rejects.toThrow(/has been closed/);
      }
    });
  },
  KINDS,
);

conformance(
  'A SimpleQueue',
  ({ make, call, others, othersEnd }: World) => {
    it('says exactly whether it is empty (TestSimpleQueue.test_empty)', async () => {
      const queue = make.simpleQueue();
      const [begin, ended] = [make.event(), make.event()];
      await others(1, work.putWhetherEmpty, queue, begin, ended);
      expect(queue.empty()).toBe(true);
      begin.set();
      await call(ended, 'wait');
      expect(queue.empty()).toBe(false);
      expect(await call(queue, 'get')).toBe(true);
      expect(await call(queue, 'get')).toBe(false);
      expect(queue.empty()).toBe(true);
      await othersEnd();
    });

    it('may be closed twice (TestSimpleQueue.test_close)', () => {
      const queue = make.simpleQueue();
      queue.close();
      queue.close();
    });

    it('holds nothing any more when it is closed (TestSimpleQueue.test_closed)', async () => {
      const queue = make.simpleQueue();
      queue.close();
      await expect(call(queue, 'put', 1)).rejects.toThrow(ClosedError);
      await expect(call(queue, 'get')).rejects.toThrow(ClosedError);
    });

    it('does not know whether it is empty when it is closed (TestSimpleQueue.test_empty_exceptions)', () => {
      const queue = make.simpleQueue();
      queue.close();
      expect(() => queue.empty()).toThrow(ClosedError);
    });
  },
  KINDS,
);

/** An object with something in it that only this process has. */
function notSerializable(): object {
  return { socket: new WeakRef({}) };
}

async function expectToWait(ms: number, error: new (message: string) => Error, wait: () => Promise<unknown>) {
  const start = performance.now();
  await expect(wait()).rejects.toThrow(error);
  expect(performance.now() - start).toBeGreaterThanOrEqual(ms - 1);
}
