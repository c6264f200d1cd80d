import { beforeEach, describe, expect, it, vi } from 'vitest';

import { JoinableQueue, type Process, Queue } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import * as work from '../fixtures/transport/dying-queue.js';
import { dying, expectKilled } from '../helpers/dying.ts';
import { until } from '../helpers/leaks.ts';
import { counters, keep, start } from '../helpers/primitives.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { familyHolds, faultsOf, sleep } from '../helpers/shared-memory.ts';

// Everybody loads the build that has kill points: two builds in one process would be in two families.
vi.hoisted(() => {
  process.env['FORKLESS_KILL_AT'] = 'nowhere';
});

type Kind = 'inline' | 'segment' | 'parcel' | 'shared';
type Form = 'sync' | 'async';
type Note = [by: number, sequence: number];

const FALL_ASLEEP_MS = 120;
const [HERE, CHILD, VICTIM, SECOND] = [1, 2, 3, 4] as const;
const EACH = 3;
const VICTIMS = 6;
const [BEGUN, RETURNED, TAKEN] = [0, 1, 2];
let holdsBefore = 0;
expectNoTraces();
beforeEach(() => {
  holdsBefore = familyHolds();
});

const PUT_BEFORE = ['stream.put.locked', 'stream.put.written'];
const PUT_AFTER = ['stream.put.sent', 'stream.put.woken', 'lock.released'];
const EXTENDING = ['stream.put.promised', 'stream.put.extended'];
const HOLDING = ['stream.put.parcel-held'];
const WAKE = ['wake.before', 'wake.bumped', 'wake.sync-done'];

interface PutCase {
  readonly point: string;
  readonly kind: Kind;
  readonly form: Form;
  /** Whether the message that was in the victim's hands is there. */
  readonly sent: boolean;
}

const PUT_CASES: PutCase[] = [
  ...putCases('inline', 'sync', [...PUT_BEFORE, ...EXTENDING, 'stream.put.written:3'], false),
  ...putCases('inline', 'sync', [...PUT_AFTER, ...WAKE, 'stream.put.sent:3'], true),
  ...putCases('inline', 'async', [...PUT_BEFORE, ...EXTENDING], false),
  ...putCases('inline', 'async', PUT_AFTER, true),
  ...putCases('segment', 'sync', [...EXTENDING.map((point) => `${point}:2`), 'stream.put.written:4'], false),
  ...putCases('segment', 'sync', ['stream.put.sent', 'stream.put.sent:4'], true),
  ...putCases('parcel', 'sync', [...PUT_BEFORE, ...EXTENDING, ...HOLDING, 'stream.put.parcel-held:2'], false),
  ...putCases('parcel', 'sync', PUT_AFTER, true),
  ...putCases('parcel', 'async', [...HOLDING, 'stream.put.written:2'], false),
  ...putCases('shared', 'sync', [...PUT_BEFORE, ...HOLDING, 'stream.put.parcel-held:2'], false),
  ...putCases('shared', 'sync', [...PUT_AFTER, 'stream.put.sent:2'], true),
];

function putCases(kind: Kind, form: Form, points: readonly string[], sent: boolean): PutCase[] {
  return points.map((point) => ({ point, kind, form, sent }));
}

interface GetCase {
  readonly point: string;
  readonly kind: Kind;
  readonly form: Form;
  /** Whether the message that was in the victim's hands goes with it. */
  readonly gone: boolean;
}

const GET_BEFORE = ['stream.get.locked', 'stream.get.promised', 'stream.get.copied'];
const GET_AFTER = ['stream.get.taken', 'stream.get.woken', 'lock.released'];

const GET_CASES: GetCase[] = [
  ...getCases('inline', 'sync', [...GET_BEFORE, 'stream.get.copied:3'], false),
  ...getCases('inline', 'sync', [...GET_AFTER, ...WAKE, 'stream.get.taken:3'], true),
  ...getCases('inline', 'async', GET_BEFORE, false),
  ...getCases('inline', 'async', GET_AFTER, true),
  ...getCases('segment', 'sync', ['stream.get.promised:4', 'stream.get.copied:4'], false),
  ...getCases('segment', 'sync', ['stream.get.taken:4', 'stream.get.left', 'stream.get.woken:4'], true),
  ...getCases('parcel', 'sync', [...GET_BEFORE, 'stream.get.promised:2', 'stream.get.copied:2'], false),
  ...getCases('parcel', 'sync', [...GET_AFTER, 'stream.get.parcel-dropped', 'stream.get.parcel-dropped:2'], true),
  ...getCases('parcel', 'async', ['stream.get.taken', 'stream.get.parcel-dropped'], true),
  ...getCases('shared', 'sync', [...GET_BEFORE, 'stream.get.copied:2'], false),
  ...getCases('shared', 'sync', [...GET_AFTER, 'stream.get.parcel-dropped:2'], true),
];

function getCases(kind: Kind, form: Form, points: readonly string[], gone: boolean): GetCase[] {
  return points.map((point) => ({ point, kind, form, gone }));
}

/** Takes all that comes, here and in a child, until each has seen a null. */
class Consumers {
  readonly #queue: Queue;
  readonly #results = keep(new Queue<Note[]>());
  readonly #here: Promise<void>;
  readonly #child: Process;

  constructor(queue: Queue) {
    this.#queue = queue;
    this.#child = start(work.takeAll, 'sync', queue, this.#results);
    this.#here = work.takeAll('async', queue, this.#results);
  }

  /** All that came, each message once, and that of each producer in its order. */
  async end(): Promise<Note[]> {
    await this.#queue.put(null);
    await this.#queue.put(null);
    await Promise.all([this.#here, this.#child.join()]);
    expect(this.#child.exitCode).toBe(0);
    const lists = [this.#results.getNowait(), this.#results.getNowait()];
    for (const list of lists) expect(inOrder(list)).toEqual(list.toSorted(([a], [b]) => a - b));
    return inOrder(lists.flat());
  }
}

function inOrder(notes: readonly Note[]): Note[] {
  return notes.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
}

function notesOf(by: number, count: number): Note[] {
  return Array.from({ length: count }, (_, sequence): Note => [by, sequence]);
}

/** Puts of those who live, here and in a child. */
async function putMore(queue: Queue, kind: Kind): Promise<Note[]> {
  const child = start(work.putSome, 'sync', queue, new Int32Array(3), kind, CHILD, EACH);
  await work.putSome('async', queue, new Int32Array(3), kind, HERE, EACH);
  await child.join();
  expect(child.exitCode).toBe(0);
  return [...notesOf(HERE, EACH), ...notesOf(CHILD, EACH)];
}

/** The queue knows that it is empty, and holds nothing but its last segment. */
function expectEmpty(queue: Queue): void {
  expect([queue.qsize(), queue.empty(), queue.full()]).toEqual([0, true, false]);
  expect(faultsOf(familyArena())).toBe(0);
  // Each of the two queues and its segment.
  expect(familyHolds()).toBe(holdsBefore + 4);
}

describe('A Queue whose producer dies', () => {
  it.each(PUT_CASES)('at $point, a message of kind $kind, $form: has it whole or not at all', async (test) => {
    const queue = keep(new Queue(4));
    const consumers = new Consumers(queue);
    await sleep(FALL_ASLEEP_MS);
    await expectKilled(dying(test.point, work.putSome, test.form, queue, counters, test.kind, VICTIM, VICTIMS));
    const returned = counters[RETURNED] ?? 0;
    const expected = await putMore(queue, test.kind);
    expect(await consumers.end()).toEqual([...expected, ...notesOf(VICTIM, returned + (test.sent ? 1 : 0))]);
    expectEmpty(queue);
  });

  it.each(['park.announced', 'park.bit-set', 'park.woken', 'loop.armed', 'loop.announced'])(
    'while it waits for room, at %s: has nothing of it, and the others go on',
    async (point) => {
      const queue = keep(new Queue(2));
      queue.putSync(work.messageOf('inline', SECOND, 0));
      queue.putSync(work.messageOf('inline', SECOND, 1));
      const form = point.startsWith('park') ? 'sync' : 'async';
      const victim = dying(point, work.putSome, form, queue, counters, 'inline', VICTIM, VICTIMS);
      await until(() => counters[BEGUN] === 1, 'it puts');
      await sleep(FALL_ASLEEP_MS);
      const consumers = new Consumers(queue);
      await expectKilled(victim);
      const expected = await putMore(queue, 'inline');
      expect(await consumers.end()).toEqual([
        ...expected,
        ...notesOf(VICTIM, counters[RETURNED] ?? 0),
        ...notesOf(SECOND, 2),
      ]);
      expectEmpty(queue);
    },
  );
});

describe('A Queue whose consumer dies', () => {
  it.each(GET_CASES)('at $point, a message of kind $kind, $form: loses at most that one', async (test) => {
    const queue = keep(new Queue(VICTIMS));
    await work.putSome('sync', queue, new Int32Array(3), test.kind, VICTIM, VICTIMS);
    // These wait for room.
    const more = putMore(queue, test.kind);
    await sleep(FALL_ASLEEP_MS);
    await expectKilled(dying(test.point, work.takeSome, test.form, queue, counters, VICTIMS));
    const taken = Math.log2((counters[TAKEN] ?? 0) + 1);
    const consumers = new Consumers(queue);
    const expected = await more;
    const left = notesOf(VICTIM, VICTIMS).slice(taken + (test.gone ? 1 : 0));
    expect(await consumers.end()).toEqual([...expected, ...left]);
    expectEmpty(queue);
  });

  it.each(['park.announced', 'park.bit-set', 'park.woken', 'loop.armed', 'loop.announced'])(
    'while it waits for an item, at %s: loses none (row 132)',
    async (point) => {
      const queue = keep(new Queue());
      const form = point.startsWith('park') ? 'sync' : 'async';
      const victim = dying(point, work.takeSome, form, queue, counters, VICTIMS);
      await until(() => counters[BEGUN] === 1, 'it takes');
      await sleep(FALL_ASLEEP_MS);
      const consumers = new Consumers(queue);
      await sleep(FALL_ASLEEP_MS);
      const expected = await putMore(queue, 'inline');
      await expectKilled(victim);
      expect(await consumers.end()).toEqual(expected);
      expectEmpty(queue);
    },
  );
});

describe('A JoinableQueue', () => {
  it.each(['sync', 'async'] as const)(
    'is joined though who finished the last task dies at tasks.done, %s',
    async (form) => {
      const tasks = keep(new JoinableQueue());
      tasks.putSync('a');
      const child = start(work.joinTasks, tasks, counters);
      await until(() => counters[4] === 1, 'the child joins');
      const here = tasks.join();
      await sleep(FALL_ASLEEP_MS);
      await expectKilled(dying('tasks.done', work.finishTask, form, tasks));
      expect(await here).toBe(true);
      await child.join();
      expect([child.exitCode, counters[5]]).toEqual([0, 1]);
    },
  );

  it('waits for a task that somebody has taken along into death, as long as it is told to', async () => {
    const tasks = keep(new JoinableQueue());
    tasks.putSync('a');
    await expectKilled(dying('stream.get.taken', work.finishTask, 'sync', tasks));
    expect(await tasks.join({ timeout: 50 })).toBe(false);
    tasks.taskDone();
    expect(await tasks.join()).toBe(true);
  });
});
