import { describe, expect, it, vi } from 'vitest';

import { DyingPool } from '../helpers/dying-pools.ts';
import type { Form, Kind } from '../helpers/dying-pools.ts';
import { expectNoTraces } from '../helpers/queues.ts';

// Everybody loads the build that has kill points: two builds in one process would be in two families.
vi.hoisted(() => {
  process.env['FORKLESS_KILL_AT'] = 'nowhere';
});

expectNoTraces();

/** The worker has not taken the task: nothing may be lost with it. */
const NOT_TAKEN = ['pool.noted', 'stream.get.locked', 'stream.get.promised', 'stream.get.copied'];
/** It has the task in hand, and no result is there. */
const IN_HAND = [
  ...['stream.get.taken', 'stream.get.woken', 'pool.taken', 'pool.performed:2'],
  // The first that a worker puts says that it is ready.
  ...['stream.put.locked:2', 'stream.put.written:2'],
];
/** The result is there: nothing may be lost with it. */
const SENT = ['stream.put.sent:2', 'stream.put.woken:2', 'lock.released:3', 'pool.sent:2', 'pool.emptied'];
/** It has not even said that it is ready. */
const NOT_READY = ['pool.performed', 'stream.put.locked', 'stream.put.written', 'stream.put.sent', 'pool.sent'];
const LATER = ['pool.noted:4', 'stream.get.copied:3'];
const LATER_IN_HAND = ['pool.taken:3', 'pool.performed:5'];
const LATER_SENT = ['pool.sent:4', 'pool.emptied:3'];

type Case = readonly [point: string, form: Form, kind: Kind];

function casesOf(form: Form, kind: Kind, points: readonly string[]): Case[] {
  return points.map((point) => [point, form, kind]);
}

const LOSE_NOTHING: Case[] = [
  ...casesOf('apply', 'inline', [...NOT_TAKEN, ...SENT, ...NOT_READY, ...LATER, ...LATER_SENT]),
  ...casesOf('apply', 'parcel', [...NOT_TAKEN, ...SENT.slice(0, 2), 'stream.put.woken', 'stream.get.promised:3']),
  ...casesOf('apply', 'shared', ['pool.noted', 'stream.get.copied:3', 'pool.sent:2']),
  ...casesOf('applySync', 'inline', [...NOT_TAKEN, ...SENT, 'stream.put.locked']),
  ...casesOf('applySync', 'parcel', ['stream.get.promised', 'stream.put.sent:2']),
  ...casesOf('map', 'inline', ['pool.noted', 'stream.get.locked', 'pool.sent:2', 'pool.emptied:2']),
  ...casesOf('map', 'parcel', ['stream.get.promised', 'pool.emptied:2']),
  ...casesOf('mapSync', 'inline', ['pool.noted', 'pool.sent:2']),
  ...casesOf('mapSync', 'shared', ['stream.get.copied:2', 'stream.put.woken:2']),
  ...casesOf('imapUnordered', 'inline', [...NOT_TAKEN, ...SENT.slice(2)]),
  ...casesOf('imapUnorderedSync', 'shared', ['pool.noted:2', 'pool.emptied:2']),
];

const LOSE_ONE: Case[] = [
  ...casesOf('apply', 'inline', [...IN_HAND, ...LATER_IN_HAND]),
  ...casesOf('apply', 'parcel', ['stream.get.taken', 'stream.get.parcel-dropped', 'stream.put.parcel-held']),
  ...casesOf('apply', 'shared', ['pool.taken', 'stream.get.parcel-dropped:3', 'stream.put.parcel-held:2']),
  ...casesOf('applySync', 'inline', ['stream.get.taken', 'pool.taken', 'stream.put.written:2']),
  ...casesOf('applySync', 'parcel', ['stream.get.parcel-dropped', 'stream.put.parcel-held']),
  ...casesOf('map', 'inline', ['pool.taken', 'pool.performed:2', 'stream.put.locked:2']),
  ...casesOf('mapSync', 'shared', ['stream.get.parcel-dropped', 'pool.performed:2']),
  ...casesOf('imapUnordered', 'inline', ['stream.get.woken', 'pool.performed:2']),
  ...casesOf('imapUnorderedSync', 'shared', ['pool.taken:2', 'stream.put.parcel-held:2']),
];

/** Whether a worker comes here, and what it has in hand then, depends on what the others do. */
const ANYWHERE: Case[] = [
  ...casesOf('apply', 'inline', ['wake.before', 'wake.bumped:2', 'wake.rung', 'lock.released:2']),
  ...casesOf('applySync', 'inline', [
    'wake.before:2',
    'wake.sync-done:2',
    'park.announced',
    'park.bit-set',
    'park.woken',
  ]),
  ...casesOf('map', 'inline', ['wake.before:3', 'park.announced:2']),
  ...casesOf('apply', 'parcel', ['heap.locked:9', 'heap.unlocking:12', 'heap.block.described', 'heap.hold.written:4']),
  ...casesOf('imapUnordered', 'shared', ['heap.hold.published:7', 'heap.hold.dropped:2', 'heap.locked:20']),
];

const CHUNKS = { map: 2, mapSync: 2, apply: 1, applySync: 1, imapUnordered: 1, imapUnorderedSync: 1 };

describe('A Pool whose workers die', () => {
  it.each(LOSE_NOTHING)('at %s, with %s of %s arguments: loses nothing, and goes on', async (point, form, kind) => {
    const dying = new DyingPool(point);
    await dying.askUntilDead(2, form, kind);
    await dying.ask(form, kind);
    expect(dying.deaths.size).toBe(0);
    dying.check(false, CHUNKS[form]);
    await dying.end('close');
  });

  it.each(LOSE_ONE)('at %s, with %s of %s arguments: loses what they had in hand', async (point, form, kind) => {
    const dying = new DyingPool(point);
    await dying.askUntilDead(2, form, kind);
    const told = dying.deaths.size;
    await dying.ask(form, kind);
    // A map is lost once with the two of them.
    expect(told).toBeGreaterThanOrEqual(form.startsWith('map') ? 1 : 2);
    expect(dying.deaths.size).toBe(told);
    dying.check(false, CHUNKS[form]);
    await dying.end('terminate');
  });

  it.each([...LOSE_ONE.filter(([, form]) => form !== 'map'), ...LOSE_NOTHING.filter((_, index) => index % 5 === 0)])(
    "at %s, with %s of %s arguments and onWorkerDeath: 'retry': does all of it",
    async (point, form, kind) => {
      const dying = new DyingPool(point, { onWorkerDeath: 'retry' });
      await dying.askUntilDead(2, form, kind);
      await dying.ask(form, kind);
      dying.check(true, CHUNKS[form]);
      await dying.end('close');
    },
  );

  it.each(ANYWHERE)(
    'at %s, with %s of %s arguments: loses no more than they had in hand',
    async (point, form, kind) => {
      const dying = new DyingPool(point);
      await dying.askUntilDead(1, form, kind);
      await dying.ask(form, kind);
      dying.check(false, CHUNKS[form]);
      await dying.end('close');
    },
  );
});
