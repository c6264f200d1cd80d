import { AuthenticationError, Client, Listener, MultiprocessingError } from 'forkless';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';

import { FrameReader, frameHeader } from '../../dist/managers/network/frames.js';
import { clientHandshake, credentials, listenerHandshake } from '../../dist/managers/network/handshake.js';
import type { Handshake } from '../../dist/managers/network/handshake.js';
import { collect } from '../helpers/garbage.ts';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { randomNumbers, SEED } from '../helpers/random.ts';

/** The long form: npm run test:long */
const INPUTS = process.env['FORKLESS_LONG'] === '1' ? 1_000_000 : 50_000;
const MOST = 5000;

const random = randomNumbers(SEED);
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));

/** What a stream should give, read all at once: its messages, and how it ends. */
function model(stream: Buffer): { messages: Buffer[]; end: 'between' | 'within' | 'refused' } {
  const messages: Buffer[] = [];
  let at = 0;
  while (at < stream.length) {
    if (at + 4 > stream.length) return { messages, end: 'within' };
    let length = BigInt(stream.readInt32BE(at));
    at += 4;
    if (length < -1n) return { messages, end: 'refused' };
    if (length === -1n) {
      if (at + 8 > stream.length) return { messages, end: 'within' };
      length = stream.readBigUInt64BE(at);
      at += 8;
    }
    if (length > BigInt(MOST)) return { messages, end: 'refused' };
    if (at + Number(length) > stream.length) return { messages, end: 'within' };
    messages.push(stream.subarray(at, at + Number(length)));
    at += Number(length);
  }
  return { messages, end: 'between' };
}

/** Reads it in pieces of any size. */
function read(stream: Buffer): ReturnType<typeof model> {
  const reader = new FrameReader(MOST);
  const messages: Buffer[] = [];
  let at = 0;
  try {
    for (;;) {
      if (reader.isWhole) messages.push(Buffer.from(reader.take()));
      if (at === stream.length) break;
      const room = reader.room();
      if (room.length === 0) continue;
      const count = Math.min(1 + random(room.length), stream.length - at);
      room.set(stream.subarray(at, at + count));
      at += count;
      reader.advance(count);
    }
  } catch (error) {
    expect(error).toBeInstanceOf(MultiprocessingError);
    return { messages, end: 'refused' };
  }
  return { messages, end: reader.isBetween ? 'between' : 'within' };
}

/** Messages, and now and then something else. */
function stream(): Buffer {
  const parts: Buffer[] = [];
  for (let count = random(5); count >= 0; count--) {
    const length = random(4) === 0 ? random(MOST + 50) % 3000 : random(40);
    const kind = random(12);
    const long = Buffer.concat([Buffer.from([255, 255, 255, 255, 0, 0, 0, 0]), frameHeader(length)]);
    parts.push(kind === 0 ? bytes(random(14)) : kind === 1 ? long : Buffer.from(frameHeader(length)));
    parts.push(Buffer.alloc(kind === 2 ? random(length + 1) : length, random(256)));
  }
  const whole = Buffer.concat(parts);
  if (random(3) === 0 && whole.length > 0) whole[random(whole.length)] = random(256);
  return whole.subarray(0, random(3) === 0 ? random(whole.length + 1) : whole.length);
}

const PREFIXES = [
  '#CHALLENGE#',
  '#WELCOME#',
  '#FAILURE#',
  '{sha256}',
  '{md5}',
  '{sha3_256}',
  '{',
  '{}',
  '{constructor}',
  '',
];

function message(): Buffer {
  const parts = Array.from({ length: 1 + random(3) }, () => Buffer.from(PREFIXES[random(PREFIXES.length)] ?? ''));
  return Buffer.concat([...parts, bytes([0, 16, 20, 32, 40, 48, random(200)][random(7)] ?? 0)]);
}

/** Whether it lets a peer in who says such things. */
function letsIn(handshake: Handshake): boolean {
  try {
    let step = handshake.next();
    for (let steps = 0; step.done !== true; steps++) {
      if (steps > 10) throw new Error('It goes on and on');
      step = handshake.next('receive' in step.value ? message() : Buffer.of());
    }
    return true;
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    expect(error.message).not.toMatch(/the key itself/);
    return false;
  }
}

/** Bytes that are in use after `run` and were not before. */
function growth(run: () => void): number {
  const used = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  run();
  const before = used();
  run();
  return used() - before;
}

describe(`Any bytes over the network (FORKLESS_SEED=${SEED})`, () => {
  it('are read as the format says, whatever pieces they come in', { timeout: 600_000 }, () => {
    const ends = { between: 0, within: 0, refused: 0 };
    const run = (): void => {
      for (let i = 0; i < INPUTS / 2; i++) {
        const input = stream();
        const result = read(input);
        expect(result.end === model(input).end && areSame(result.messages, model(input).messages)).toBe(true);
        ends[result.end] += 1;
      }
    };
    expect(growth(run)).toBeLessThan(8 << 20);
    // All kinds of inputs have been there.
    expect(Math.min(...Object.values(ends))).toBeGreaterThan(INPUTS / 100);
  });

  it('let nobody in who does not know the key, and only AuthenticationErrors out', { timeout: 600_000 }, () => {
    const own = credentials(Buffer.from('the key itself'), true);
    const run = (): void => {
      for (let i = 0; i < INPUTS / 2; i++) {
        expect(letsIn(random(2) === 0 ? listenerHandshake(own) : clientHandshake(own))).toBe(false);
      }
    };
    expect(growth(run)).toBeLessThan(8 << 20);
  });

  it('announce large messages without taking their memory', () => {
    const reader = new FrameReader(2 ** 31);
    reader.room().set([0x7f, 0xff, 0xff, 0xff]);
    reader.advance(4);
    expect(reader.length).toBe(0x7fffffff);
    expect(reader.room().length).toBeLessThan(2 << 20);
    expect([...frameHeader(2 ** 31 - 1)]).toEqual([0x7f, 255, 255, 255]);
    expect([...frameHeader(2 ** 31)]).toEqual([255, 255, 255, 255, 0, 0, 0, 0, 0x80, 0, 0, 0]);
  });
});

describe('A Listener under garbage', () => {
  expectNoLeaks();

  it('goes on letting in those who know the key', { timeout: 60_000 }, async () => {
    using listener = new Listener(['localhost', 0], { authkey: 'k', handshakeTimeout: 2000 });
    const port = listener.address[1] as number;
    let isOver = false;
    let refused = 0;
    const garbage = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        socket.resume().end(stream());
        await new Promise((resolve) => socket.once('close', resolve));
      }
    });
    for (let letIn = 0; letIn < 50;) {
      const connecting = Client(listener.address, { authkey: 'k' });
      for (;;) {
        try {
          using accepted = await listener.accept();
          using client = await connecting;
          await client.send(letIn);
          expect(await accepted.recv()).toBe(letIn);
          letIn += 1;
          break;
        } catch (error) {
          expect(error).toBeInstanceOf(AuthenticationError);
          refused += 1;
        }
      }
    }
    isOver = true;
    listener.close();
    await Promise.all(garbage);
    expect(refused).toBeGreaterThan(0);
  });
});

function areSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  return some.length === others.length && some.every((each, i) => each.equals(others[i] as Buffer));
}
