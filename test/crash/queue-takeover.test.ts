import { describe, expect, it, vi } from 'vitest';

import { type Process, Queue } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import * as work from '../fixtures/transport/dying-queue.js';
import { dying, expectKilled } from '../helpers/dying.ts';
import { counters, keep } from '../helpers/primitives.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { familyHolds, faultsOf } from '../helpers/shared-memory.ts';

// Everybody loads the build that has kill points: two builds in one process would be in two families.
vi.hoisted(() => {
  process.env['FORKLESS_KILL_AT'] = 'nowhere';
});

const [FIRST, SECOND, HERE] = [1, 2, 3];
const COUNT = 6;
const MOST_TRIES = 60;
const [BEGUN, RETURNED, TAKEN] = [0, 1, 2];
// Where the second victim may be: about to make up for the first, in the middle of it, and behind it.
const HEAP = ['heap.hold.dropped', 'heap.locked', 'heap.unlocking'];
expectNoTraces();

/** A victim that has begun its work before it dies: points of the heap are passed at the start of a process, too. */
async function dieAtWork(point: string, words: Int32Array, begin: (killAt: string) => Process): Promise<void> {
  for (let time = 1; time <= MOST_TRIES; time++) {
    words.fill(0);
    const child = begin(point.includes(':') ? point : `${point}:${time}`);
    await child.join();
    if (words[BEGUN] === 0) continue;
    expect(child.exitCode).toBe(-9);
    return;
  }
  throw new Error(`The victim never died at work at ${point}`);
}

function all(queue: Queue): [number, number][] {
  const notes: [number, number][] = [];
  while (!queue.empty()) notes.push(work.checked(queue.getSync() as never) as [number, number]);
  return notes;
}

/** The heap is whole, and the empty queue holds nothing but its last segment. */
function expectEmpty(holdsBefore: number): void {
  expect(faultsOf(familyArena())).toBe(0);
  expect(familyHolds()).toBe(holdsBefore + 2);
}

function notesOf(by: number, count: number): [number, number][] {
  return Array.from({ length: count }, (_, sequence): [number, number] => [by, sequence]);
}

const DEAD_PRODUCERS = [
  ['stream.put.extended', 'parcel', 0],
  ['stream.put.parcel-held', 'parcel', 0],
  ['stream.put.parcel-held:3', 'shared', 2],
  ['stream.put.extended:2', 'segment', 3],
  ['stream.put.written:3', 'parcel', 2],
  ['stream.put.sent:3', 'parcel', 3],
  ['stream.put.sent:4', 'segment', 4],
] as const;

describe('A Queue whose producer dies, and then the one who takes over from him', () => {
  const places = ['stream.put.locked:1', 'stream.put.written:1', 'heap.hold.written', ...HEAP];
  it.each(DEAD_PRODUCERS.flatMap((first) => places.map((second) => [...first, second] as const)))(
    'at %s with a message of kind %s (it has %i), and at %s',
    async (first, kind, sent, second) => {
      const holds = familyHolds();
      const queue = keep(new Queue());
      await expectKilled(dying(first, work.putSome, 'sync', queue, counters, kind, FIRST, COUNT));
      const words = counters.subarray(8, 12);
      await dieAtWork(second, words, (at) => dying(at, work.putSome, 'sync', queue, words, kind, SECOND, COUNT));
      const returned = words[RETURNED] ?? 0;
      await work.putSome('sync', queue, new Int32Array(3), kind, HERE, COUNT);
      const notes = all(queue);
      const ofSecond = notes.filter(([by]) => by === SECOND).length;
      expect([returned, returned + 1]).toContain(ofSecond);
      expect(notes).toEqual([...notesOf(FIRST, sent), ...notesOf(SECOND, ofSecond), ...notesOf(HERE, COUNT)]);
      expectEmpty(holds);
    },
  );
});

const DEAD_CONSUMERS = [
  ['stream.get.promised:2', 'parcel', 1],
  ['stream.get.copied:2', 'shared', 1],
  ['stream.get.taken:2', 'parcel', 2],
  ['stream.get.taken:2', 'shared', 2],
  ['stream.get.taken:4', 'segment', 4],
  ['stream.get.left', 'segment', 4],
  ['stream.get.parcel-dropped:2', 'parcel', 2],
] as const;

describe('A Queue whose consumer dies, and then the one who takes over from him', () => {
  const places = ['stream.get.locked:1', 'stream.get.promised:1', 'stream.get.taken:1', ...HEAP];
  it.each(DEAD_CONSUMERS.flatMap((first) => places.map((second) => [...first, second] as const)))(
    'at %s with a message of kind %s (%i are gone), and at %s',
    async (first, kind, gone, second) => {
      const holds = familyHolds();
      const queue = keep(new Queue());
      await work.putSome('sync', queue, new Int32Array(3), kind, HERE, 2 * COUNT);
      await expectKilled(dying(first, work.takeSome, 'sync', queue, counters, COUNT));
      const words = counters.subarray(8, 12);
      await dieAtWork(second, words, (at) => dying(at, work.takeSome, 'sync', queue, words, COUNT));
      const taken = Math.clz32(0) - Math.clz32(words[TAKEN] ?? 0);
      const reached = Math.max(gone, taken);
      const notes = all(queue);
      const left = notes.length;
      expect([2 * COUNT - reached, 2 * COUNT - reached - 1]).toContain(left);
      expect(notes).toEqual(notesOf(HERE, 2 * COUNT).slice(-left));
      expectEmpty(holds);
    },
  );
});
