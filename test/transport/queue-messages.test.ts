import { describe, expect, it } from 'vitest';

import { Lock, Process, Queue, RLock, Semaphore, SimpleQueue } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import { attachBlock } from '../../dist/memory/heap.js';
import { GOT, PUT, streamBase } from '../../dist/transport/stream-layout.js';
import * as work from '../fixtures/transport/queues.js';
import { collectUntil } from '../helpers/garbage.ts';
import { keep, start } from '../helpers/primitives.ts';
import { expectNoTraces, FORMS, get, put } from '../helpers/queues.ts';
import { familyHolds, faultsOf, freshName } from '../helpers/shared-memory.ts';
import { WAYS } from '../helpers/ways.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
expectNoTraces();

/** Bytes that tell where they were torn. */
function pattern(length: number, seed = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + seed) >> 3;
  return bytes;
}

function usedBytes(): number {
  return familyArena().statistics().usedBytes;
}

describe('Messages of a queue', () => {
  it('may be of any size from the first on: less than, just and more than fits into a segment', () => {
    for (const around of [0, 4000, 4 * KIB, 16 * KIB, 32 * KIB, 64 * KIB]) {
      for (let length = Math.max(0, around - 150); length < around + 150; length += 7) {
        const queue = new Queue<Uint8Array>();
        for (let seed = 0; seed < 3; seed++) queue.putSync(pattern(length, seed));
        for (let seed = 0; seed < 3; seed++) {
          expect(Buffer.compare(queue.getSync(), pattern(length, seed)), `${length} bytes`).toBe(0);
        }
        queue.close();
      }
    }
  });

  it('of random sizes come out as they went in, in their order', async () => {
    const queue = keep(new Queue<Uint8Array>());
    let [into, out, state] = [0, 0, 1];
    const lengthOf = (i: number) => [3, 40, 700, 5000, 31_000, 40_000][(i * i * 7 + i) % 6] as number;
    while (out < 3000) {
      state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
      if (into < 3000 && (queue.empty() || state % 100 < 55)) {
        await put(FORMS[into % 3] as 'sync', queue, pattern(lengthOf(into), into));
        into += 1;
      } else {
        const item = await get(FORMS[out % 3] as 'sync', queue);
        if (Buffer.compare(item, pattern(lengthOf(out), out)) !== 0) throw new Error(`Item ${out} is another`);
        out += 1;
      }
      expect(queue.qsize()).toBe(into - out);
    }
  });

  it.each(WAYS)('may be large: 64 KiB to 20 MB between %s', async (_, run) => {
    const [queue, answers] = [keep(new Queue<Uint8Array>()), keep(new Queue<[number, number]>())];
    const sizes = [64 * KIB, 100_000, MIB, 20_000_000];
    const other = run(work.sumUp, queue, answers, sizes.length);
    for (const size of sizes) {
      const bytes = new Uint8Array(size).fill(3);
      bytes[size - 1] = 10;
      await queue.put(bytes);
      expect(await answers.get()).toEqual([size, size * 3 + 7]);
    }
    await other;
  });

  it('take no more memory after a million of them, few at a time', async () => {
    const queue = keep(new SimpleQueue<number>());
    const fill = (from: number) => {
      for (let i = 0; i < 2000; i++) queue.putSync(from + i);
      for (let i = 0; i < 2000; i++) if (queue.getSync() !== from + i) throw new Error('Another item');
    };
    for (let round = 0; round < 5; round++) fill(0);
    const used = usedBytes();
    for (let from = 0; from < 1_000_000; from += 2000) fill(from);
    expect(usedBytes()).toBeLessThanOrEqual(used + 128 * KIB);
    expect(faultsOf(familyArena())).toBe(0);
  });

  it('give their memory back when a long queue is drained', () => {
    const queue = keep(new Queue<string>());
    queue.putSync('first');
    queue.getSync();
    const used = usedBytes();
    for (let i = 0; i < 100_000; i++) queue.putSync(`item ${i}`);
    for (let i = 0; i < 50; i++) queue.putSync('x'.repeat(MIB));
    expect(usedBytes()).toBeGreaterThan(used + 50 * MIB);
    for (let i = 0; i < 100_000; i++) if (queue.getSync() !== `item ${i}`) throw new Error('Another item');
    for (let i = 0; i < 50; i++) expect(queue.getSync().length).toBe(MIB);
    expect(usedBytes()).toBeLessThanOrEqual(used + 128 * KIB);
  });

  it('that nobody took go with the queue, and all that they refer to', () => {
    const before = [usedBytes(), familyHolds()];
    const queue = new Queue();
    using lock = new Lock();
    for (let i = 0; i < 5000; i++) queue.putSync(i);
    for (let i = 0; i < 20; i++) queue.putSync({ lock, text: 'x'.repeat(100_000) });
    queue.close();
    lock.close();
    expect([usedBytes(), familyHolds()]).toEqual(before);
    expect(faultsOf(familyArena())).toBe(0);
  });

  it('are counted rightly when the counts of what was put and taken pass their largest number', () => {
    const queue = keep(new Queue<number>(5));
    const block = attachBlock(queue.share());
    const words = block.words;
    const base = streamBase(block, 0);
    // 2^31 - 4 messages ago.
    for (const count of [PUT, GOT]) words[base + count] = ((2 ** 31 - 4) * 2) | 0;
    for (let i = 0; i < 20; i += 4) {
      for (let more = 0; more < 4; more++) queue.putSync(i + more);
      expect([queue.qsize(), queue.full()]).toEqual([4, false]);
      queue.putSync(-1);
      expect([queue.qsize(), queue.full(), queue.tryPut(-1)]).toEqual([5, true, false]);
      for (let more = 0; more < 4; more++) expect(queue.getSync()).toBe(i + more);
      expect(queue.getSync()).toBe(-1);
      expect([queue.qsize(), queue.empty()]).toEqual([0, true]);
    }
    block.release();
  });
});

describe('A queue with a limit in bytes', () => {
  it('has those wait who put more, but for one that is alone in it', async () => {
    const queue = keep(new Queue<Uint8Array>({ maxBytes: 100_000 }));
    queue.putNowait(pattern(5 * MIB));
    expect(queue.full()).toBe(true);
    expect(queue.tryPut(pattern(1))).toBe(false);
    const waiting = queue.put(pattern(10));
    expect((await queue.get()).byteLength).toBe(5 * MIB);
    await waiting;
    for (let i = 0; i < 3; i++) queue.putNowait(pattern(33_000));
    queue.putNowait(pattern(500));
    expect(queue.full()).toBe(false);
    queue.putNowait(pattern(500));
    expect(queue.full()).toBe(true);
    expect(queue.getNowait().byteLength).toBe(10);
    expect(queue.getNowait().byteLength).toBe(33_000);
    expect(queue.full()).toBe(false);
  });

  it('is one that has a name: its memory does not overflow', async () => {
    const queue = keep(new Queue<Uint8Array>({ name: freshName(), maxBytes: 2 * MIB }));
    let sent = 0;
    while (queue.tryPut(pattern(100_000, sent))) sent += 1;
    expect(sent).toBe(21);
    for (let round = 0; round < 200; round++) {
      expect(Buffer.compare(queue.getSync(), pattern(100_000, round))).toBe(0);
      await queue.put(pattern(100_000, round + sent));
    }
  });
});

interface Shared {
  readonly lock: Lock;
  readonly value: { readonly value: number };
  readonly inner: Queue;
  readonly array: Float64Array;
}

function useShared({ lock, value, inner, array }: Shared): void {
  expect([lock.tryAcquire(), value.value, [...array]]).toEqual([true, 7, [1, 2, 3]]);
  lock.release();
  expect(inner.qsize()).toBe(2);
  expect(inner.getSync()).toBe('from inside');
  const same = inner.getSync() as Lock;
  same.acquireSync();
  expect(lock.tryAcquire()).toBe(false);
  same.close();
  lock.close();
  inner.close();
}

describe('Messages that refer to shared objects', () => {
  it('keep them alive though their sender has closed them and ended', async () => {
    const before = familyHolds();
    const queue = keep(new Queue<Shared>());
    const child = start(work.putShared, queue);
    await child.join();
    expect(child.exitCode).toBe(0);
    useShared(await queue.get());
    // A value and an array of raw memory go when nobody refers to them: then there are the queue and its segment.
    expect(await collectUntil((holds) => holds === before + 2)).toBe(before + 2);
  });

  it('let go of them when they are taken: what nobody else holds goes with the receiver', () => {
    const queue = keep(new Queue<RLock>());
    const held = familyHolds();
    for (let i = 0; i < 50; i++) {
      const lock = new RLock();
      queue.putSync(lock);
      lock.close();
    }
    expect(familyHolds()).toBeGreaterThan(held);
    for (let i = 0; i < 50; i++) queue.getSync().close();
    // The last segment stays.
    expect(familyHolds()).toBeLessThanOrEqual(held + 1);
  });

  it('bring a queue through a queue, and it through itself', async () => {
    const [outer, inner] = [keep(new Queue<Queue>()), keep(new Queue())];
    inner.putSync('a');
    outer.putSync(inner);
    const same = await outer.get();
    expect(same.getSync()).toBe('a');
    same.close();
    inner.putSync(inner);
    const itself = inner.getSync() as Queue;
    itself.putSync('b');
    expect(inner.getSync()).toBe('b');
    itself.close();
  });

  it('bring what lives under a name, which somebody has to have open', () => {
    const queue = keep(new Queue<Semaphore>());
    const semaphore = keep(new Semaphore(3, { name: freshName() }));
    queue.putSync(semaphore);
    const same = keep(queue.getSync());
    same.acquireSync();
    expect(semaphore.value).toBe(2);
  });

  it('hold what they refer to once, however often they do', async () => {
    const queue = keep(new Queue<unknown[]>());
    const lock = new Lock();
    queue.putSync([lock, lock, { lock }]);
    lock.close();
    const [first, second] = (await queue.get()) as [Lock, Lock];
    expect(second).toBe(first);
    expect(first.tryAcquire()).toBe(true);
    first.close();
  });

  it('are as safe when the receiver starts later than the sender has ended', async () => {
    const [queue, results] = [keep(new Queue()), keep(new Queue<unknown[]>())];
    const sender = new Process({ target: work.putShared, args: [queue], stdio: 'pipe' }).start();
    await sender.join();
    queue.putSync(null);
    const receiver = start(work.consume, 'async', queue, results);
    await receiver.join();
    expect([receiver.exitCode, queue.qsize(), results.qsize()]).toEqual([0, 0, 1]);
    // What it had sent on lives in the queue now, and goes with it.
    results.close();
  });
});
