import { describe, expect, it } from 'vitest';

import { Process, Queue, ref, SimpleQueue } from '../../dist/index.js';
import * as work from '../fixtures/transport/queues.js';
import { until } from '../helpers/leaks.ts';
import { counters, keep, start } from '../helpers/primitives.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { WAYS } from '../helpers/ways.ts';

type Numbered = [producer: number, sequence: number];
const BOTH = ['sync', 'async'] as const;
const LIMITS = [0, 1, 7] as const;
expectNoTraces();

/** Every item of every producer once, and those of one producer in their order at each consumer. */
function expectAll(lists: readonly Numbered[][], producers: number, each: number): void {
  for (const list of lists) {
    for (let producer = 0; producer < producers; producer++) {
      const sequences = list.filter(([by]) => by === producer).map(([, sequence]) => sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    }
  }
  const all = lists.flat().map(([producer, sequence]) => producer * each + sequence);
  expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: producers * each }, (_, i) => i));
}

describe.each(WAYS)('A queue between %s', (where, run) => {
  it.each(LIMITS)('brings each item of many producers to one of many consumers, limit %s', async (limit) => {
    const each = 3000;
    const queue = keep(new Queue<Numbered | null>(limit));
    const results = keep(new Queue<Numbered[]>());
    const consumers = [0, 1, 2].map((i) => run(work.consume, BOTH[i % 2], queue, results));
    const producers = [
      run(work.produce, 'sync', queue, 0, each),
      run(work.produce, 'async', queue, 1, each),
      run(work.produceTrying, queue, 2, each),
      work.produce('async', queue, 3, each),
    ];
    await Promise.all(producers);
    for (const _ of consumers) await queue.put(null);
    await Promise.all(consumers);
    const lists = [await results.get(), await results.get(), await results.get()];
    expectAll(lists, 4, each);
    expect([queue.qsize(), results.qsize()]).toEqual([0, 0]);
  });

  it.each(BOTH)('answers by another queue, in turns, %s', async (form) => {
    const [questions, answers] = [keep(new SimpleQueue()), keep(new SimpleQueue())];
    const other = run(work.echo, form, questions, answers);
    for (let i = 0; i < 2000; i++) {
      questions.putSync({ i });
      expect(i % 2 === 0 ? answers.getSync() : await answers.get()).toEqual({ i });
    }
    questions.putSync(null);
    await other;
  });

  it.each(BOTH)('wakes who waits for an item, %s', async (form) => {
    const queue = keep(new Queue());
    const waiting = run(work.takeOne, form, queue, counters);
    await until(() => counters[0] === 1, 'it waits');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(counters[1]).toBe(0);
    await queue.put('a');
    await waiting;
    expect(counters[1]).toBe(1);
  });

  it('brings functions that are called there (rows 85, 86)', async () => {
    const [tasks, results] = [keep(new Queue()), keep(new Queue<number>())];
    const consumer = run(work.callThem, tasks, results);
    for (let i = 0; i < 5; i++) await tasks.put([work.double, i]);
    await tasks.put(null);
    await consumer;
    const got: number[] = [];
    while (!results.empty()) got.push(await results.get());
    expect(got).toEqual([0, 2, 4, 6, 8]);
  });

  it('leaves an item that needs a module to the promise form, which imports it', async () => {
    const [queue, answers] = [keep(new Queue()), keep(new Queue())];
    const fn = ref(new URL(`../fixtures/transport/late.js?${where}`, import.meta.url), 'double');
    queue.putSync({ fn });
    queue.putSync({ fn });
    await run(work.takeLate, queue, answers);
    const refused = 'ERR_MP_SERIALIZATION';
    expect(await answers.get()).toEqual([refused, refused, refused, 2, 42, 1, 8]);
  });
});

describe('A queue between processes', () => {
  it.each([
    ['async', 10],
    ['async', 100_000],
    ['sync', 10],
    ['sync', 100_000],
  ])('has all that was put by a process that exits at once, %s, items of %i bytes', async (form, bytes) => {
    const queue = keep(new Queue<{ i: number; more: string }>());
    const child = start(work.putAndExit, form, queue, 50, bytes);
    await child.join();
    expect([child.exitCode, queue.qsize()]).toEqual([0, 50]);
    for (let i = 0; i < 50; i++) {
      const item = queue.getNowait();
      expect([item.i, item.more.length]).toEqual([i, bytes]);
    }
  });

  it('has all that was put by a process that was then killed', async () => {
    const queue = keep(new Queue<number>());
    const child = start(work.putAndDie, queue, 200);
    await child.join();
    expect([child.exitCode, queue.qsize()]).toEqual([-9, 200]);
    for (let i = 0; i < 200; i++) expect(queue.getNowait()).toBe(i);
  });

  it('says truly that it is empty when all that put are joined (rows 101, 103)', async () => {
    const queue = keep(new Queue<Numbered>());
    const children = [0, 1, 2].map((i) => start(work.produce, 'sync', queue, i, 20));
    for (const child of children) await child.join();
    const items: Numbered[] = [];
    while (!queue.empty()) items.push(await queue.get());
    expectAll([items], 3, 20);
  });

  it('knows at every moment whether it is full, while another process puts and takes', async () => {
    const queue = keep(new Queue<number>(5));
    const other = start(work.putAndTake, queue, counters);
    await until(() => counters[0] === 1, 'it puts');
    let wrong = 0;
    const end = performance.now() + 1500;
    while (performance.now() < end) {
      for (let i = 0; i < 10_000; i++) if (queue.full() || queue.qsize() > 1) wrong += 1;
    }
    Atomics.store(counters, 1, 1);
    await other.join();
    expect([other.exitCode, wrong]).toEqual([0, 0]);
  });

  it.each(BOTH)(
    'stays usable when a process is terminated that waits for an item, %s (rows 131, 132)',
    async (form) => {
      const queue = keep(new Queue<Numbered>());
      const results = keep(new Queue<Numbered[]>());
      const reader = new Process({ target: work.consume, args: [form, queue, results] }).start();
      const writers = [0, 1].map((i) => start(work.produce, 'sync', queue, i, 100));
      for (const writer of writers) await writer.join();
      await until(() => queue.empty(), 'all is read');
      // It waits for the next.
      await new Promise((resolve) => setTimeout(resolve, 100));
      reader.terminate();
      await reader.join();
      expect(reader.exitCode).toBe(-15);
      const after = start(work.consume, form, queue, results);
      for (let i = 0; i < 100; i++) queue.putSync([0, i]);
      queue.putSync(null as never);
      expectAll([await results.get()], 1, 100);
      await after.join();
    },
  );

  it('needs a sentinel for each consumer, which may be any item (rows 50-52)', async () => {
    const queue = keep(new Queue<Numbered | null>());
    const results = keep(new Queue<Numbered[]>());
    const consumers = [0, 1, 2, 3].map(() => start(work.consume, 'sync', queue, results));
    await work.produce('sync', queue, 0, 100);
    for (const consumer of consumers.slice(1)) {
      queue.putSync(null);
      expect(consumer.exitCode).toBe(null);
    }
    await until(() => results.qsize() === 3, 'three have ended');
    expect(consumers.filter((consumer) => consumer.isAlive())).not.toEqual([]);
    queue.putSync(null);
    for (const consumer of consumers) await consumer.join();
    const lists = [results.getNowait(), results.getNowait(), results.getNowait(), results.getNowait()];
    expectAll(lists, 1, 100);
  });

  it('brings 10 items as one when they are put as one (row 20)', async () => {
    const [queue, results] = [keep(new Queue()), keep(new Queue<unknown[]>())];
    const consumer = start(work.consume, 'async', queue, results);
    const batch = Array.from({ length: 10 }, (_, i) => ({ i, text: `item ${i}` }));
    queue.putSync(batch);
    expect(queue.qsize()).toBeLessThanOrEqual(1);
    queue.putSync(null);
    expect(await results.get()).toEqual([batch]);
    await consumer.join();
  });
});
