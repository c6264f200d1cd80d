import { describe, expect, it, vi } from 'vitest';

import { Connection, EOFError, Process } from '../../dist/index.js';
import { familyArena } from '../../dist/memory/arena.js';
import * as victims from '../fixtures/transport/pipe-victim.js';
import * as work from '../fixtures/transport/connections.js';
import { until } from '../helpers/leaks.ts';
import { outputOf } from '../helpers/output.ts';
import { errorOf, pipe } from '../helpers/pipes.ts';
import { counters, expectNoHolds, start } from '../helpers/primitives.ts';
import { familyHolds, faultsOf, sleep } from '../helpers/shared-memory.ts';

vi.hoisted(() => {
  // A family has one addon in all its processes: that with kill points.
  process.env.FORKLESS_KILL_AT = 'nowhere';
});
expectNoHolds();

const MB = 1 << 20;
const COUNT = 12;
const FALL_ASLEEP_MS = 100;

// Of a message in a parcel, of one that carries a connection, of one behind the first segment.
const PUT = [
  ...['stream.put.locked', 'stream.put.locked:3', 'stream.put.promised', 'stream.put.promised:2'],
  ...['stream.put.extended', 'stream.put.extended:2', 'stream.put.parcel-held', 'stream.put.parcel-held:2'],
  ...['stream.put.written', 'stream.put.written:2', 'stream.put.written:3', 'stream.put.sent', 'stream.put.sent:2'],
  ...['stream.put.sent:3', 'stream.put.sent:5', 'stream.put.woken', 'stream.put.woken:2'],
];
const GET = [
  ...['stream.get.locked', 'stream.get.locked:3', 'stream.get.promised', 'stream.get.promised:2'],
  ...['stream.get.promised:3', 'stream.get.copied', 'stream.get.copied:2', 'stream.get.copied:3', 'stream.get.taken'],
  ...['stream.get.taken:2', 'stream.get.taken:3', 'stream.get.taken:8', 'stream.get.left'],
  ...['stream.get.parcel-dropped', 'stream.get.parcel-dropped:2', 'stream.get.woken', 'stream.get.woken:2'],
];
const CLOSING = ['heap.role.vacated', 'heap.role.woken', 'heap.hold.dropped'];

/** Every other one as a promise: the points are in what both forms do. */
function inForms(points: readonly string[]): (readonly [string, string])[] {
  return points.map((point, index) => [point, index % 2 === 0 ? 'sync' : 'async'] as const);
}

/** A child that dies when it comes to the kill point. */
function victim(point: string, target: (...args: never[]) => unknown, ...args: unknown[]): Process<never> {
  const env = { FORKLESS_KILL_AT: point };
  return new Process({ target, args, env, stdio: 'pipe' } as never).start() as unknown as Process<never>;
}

/** What it said before it died at its kill point. */
async function lastWords(child: Process<never>): Promise<string[]> {
  const { stdout, stderr, exitCode } = await outputOf(child);
  expect([exitCode, stderr]).toEqual([-9, '']);
  return stdout.split('\n').filter((line) => line !== '');
}

/** The numbers of all messages up to the end. */
async function drain(connection: Connection): Promise<number[]> {
  const numbers: number[] = [];
  for await (const value of connection) {
    const [number, content] = value as [number, unknown];
    numbers.push(number);
    if (content instanceof Connection) content.close();
  }
  return numbers;
}

function numbersOf(lines: readonly string[], word: string): number[] {
  return lines.filter((line) => line.startsWith(word)).map((line) => Number(line.split(' ')[1]));
}

function sound(): void {
  expect(faultsOf(familyArena())).toBe(0);
}

/** Of a drained stream its last segment is left, and here the end that receives. */
function nothingUnderWay(before: number): void {
  sound();
  expect(familyHolds() - before).toBe(2);
}

describe('The end of a Connection whose other end dies', () => {
  it.each(inForms(PUT))('as a sender at %s, %s, comes after all that was sent', async (point, form) => {
    const holds = familyHolds();
    const [to, from] = pipe({ duplex: false });
    // One blocked thread, and this event loop.
    const other = start(work.waitForEnd, 'sync', counters, to);
    await until(() => counters[0] === 1, 'the other receiver is there');
    const received = drain(to);
    await sleep(FALL_ASLEEP_MS);
    const dying = victim(point, victims.sendEach, form, from, COUNT);
    const sent = numbersOf(await lastWords(dying), 'sent');
    // The lock of the dead is taken over.
    await from.send([1000]);
    from.close();
    const numbers = await received;
    await other.join();
    // The other receiver takes one message and ends, or it was told of the end.
    const taken = counters[2] ?? 0;
    expect([other.exitCode, (counters[1] ?? 0) + taken, counters[3]]).toEqual([0, 1, 0]);
    const ofVictim = numbers.filter((number) => number < 1000);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    const all = numbers.length + taken - 1;
    expect([sent.length, sent.length + 1]).toContain(all);
    expect(ofVictim.every((number) => number < all)).toBe(true);
    nothingUnderWay(holds);
  });

  it.each(inForms(GET))(
    'as a receiver at %s, %s, comes for the others after all but one message',
    async (point, form) => {
      const holds = familyHolds();
      const [to, from] = pipe({ duplex: false });
      const dying = victim(point, victims.recvAll, form, to);
      const sender = new Process({ target: victims.sendEach, args: ['async', from, COUNT], stdio: 'ignore' }).start();
      const got = numbersOf(await lastWords(dying), 'got');
      await sender.join();
      await from.send([COUNT]);
      from.close();
      const rest = await drain(to);
      const all = [...got, ...rest];
      // At most what it had in its hand is lost: taken, and not told.
      const lost = Array.from({ length: COUNT + 1 }, (_, number) => number).filter((number) => !all.includes(number));
      expect(lost.length).toBeLessThanOrEqual(1);
      if (lost.length === 1) expect(lost[0]).toBe(got.length);
      expect(all).toEqual(all.toSorted((a, b) => a - b));
      expect(new Set(all).size).toBe(all.length);
      nothingUnderWay(holds);
    },
  );

  it.each(inForms(['stream.get.locked', 'stream.get.copied', 'stream.get.taken', 'stream.get.woken']))(
    'as a receiver at %s, %s, is EPIPE for those who wait for room',
    async (point, form) => {
      const [to, from] = pipe({ duplex: false });
      const sender = start(work.sendUntilBroken, 'sync', counters, from, MB);
      await until(() => counters[0] === 16, 'the sender waits for room');
      const waiting = errorOf(async () => {
        for (;;) await from.send('more');
      });
      await sleep(FALL_ASLEEP_MS);
      const dying = victim(point, work.recvBytesOnce, form, to);
      to.close();
      await lastWords(dying);
      expect(await waiting).toMatchObject({ errno: 'EPIPE' });
      await sender.join();
      expect([sender.exitCode, counters[1]]).toEqual([0, 1]);
      sound();
    },
  );

  it.each(CLOSING)('in the middle of its close(), at %s, is EOF for all who wait for a message', async (point) => {
    const [to, from] = pipe({ duplex: false });
    const waiting = start(work.waitForEnd, 'sync', counters, to);
    await until(() => counters[0] === 1, 'the other receiver is there');
    const end = errorOf(() => to.recv());
    await sleep(FALL_ASLEEP_MS);
    const dying = victim(point, victims.close, 'sync', from);
    from.close();
    expect(await lastWords(dying)).toEqual([]);
    expect(await end).toBeInstanceOf(EOFError);
    await waiting.join();
    expect([waiting.exitCode, ...counters.subarray(1, 4)]).toEqual([0, 1, 0, 0]);
    expect(() => to.recvSync()).toThrow(EOFError);
    sound();
  });

  it.each(CLOSING)('in the middle of its close(), at %s, is EPIPE for all who wait for room', async (point) => {
    const [to, from] = pipe({ duplex: false });
    const sender = start(work.sendUntilBroken, 'sync', counters, from, MB);
    await until(() => counters[0] === 16, 'the sender waits for room');
    const waiting = errorOf(() => from.send(1));
    await sleep(FALL_ASLEEP_MS);
    const dying = victim(point, victims.close, 'sync', to);
    to.close();
    expect(await lastWords(dying)).toEqual([]);
    expect(await waiting).toMatchObject({ errno: 'EPIPE' });
    await sender.join();
    expect([sender.exitCode, counters[0], counters[1]]).toEqual([0, 16, 1]);
    sound();
  });
});
