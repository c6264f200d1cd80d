import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import {
  BufferTooShortError,
  ClosedError,
  Connection,
  EOFError,
  fromHandle,
  Pipe,
  toHandle,
} from '../../dist/index.js';
import * as forms from '../fixtures/transport/forms.js';
import { collectUntil } from '../helpers/garbage.ts';
import { areEqual, errorOf, FORMS, pattern, pipe, SIZES } from '../helpers/pipes.ts';
import { expectNoHolds, keep } from '../helpers/primitives.ts';
import { familyHolds } from '../helpers/shared-memory.ts';

expectNoHolds();

const cyclic: { self?: unknown; list: unknown[] } = { list: [1, [2]] };
cyclic.self = cyclic;

const VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['numbers', [0, -0, 1.5, NaN, -Infinity, 2 ** 53]],
  ['a bigint', -(2n ** 70n)],
  ['texts', ['', 'ä', '\u{1f600}', '\ud800', 'x'.repeat(40_000)]],
  ['a cycle', cyclic],
  ['a Date', new Date(5)],
  ['a Map in a Set', new Set([new Map([[1, { a: 1 }]])])],
  ['typed arrays', [new Float64Array([1, 2]), new Uint16Array(3)]],
  ['an Error', new RangeError('far')],
  ['undefined in an object', { undefined }],
];

describe.each(FORMS)('A Connection, %s', (form) => {
  it.each(VALUES)('carries %s to the other end and back', async (_title, value) => {
    const [one, two] = pipe();
    await forms.send(form, one, value);
    const there = await forms.recv(form, two);
    expect(there).toEqual(value);
    await forms.send(form, two, there);
    expect(await forms.recv(form, one)).toEqual(value);
  });

  it('carries bytes of every size, each message as it was sent', async () => {
    const [one, two] = pipe();
    for (const size of SIZES) {
      const bytes = pattern(size);
      await forms.sendBytes(form, one, bytes);
      const received = (await forms.recvBytes(form, two)) as Uint8Array;
      expect([size, areEqual(received, bytes)]).toEqual([size, true]);
    }
  });

  it('neither joins nor divides messages, of both kinds, in their order', async () => {
    const [one, two] = pipe();
    const sizes = SIZES.filter((size) => size < 1e6);
    for (const size of sizes) {
      await forms.sendBytes(form, one, pattern(size));
      await forms.send(form, one, { size });
    }
    for (const size of sizes) {
      expect(await forms.recvBytes(form, two)).toEqual(pattern(size));
      expect(await forms.recv(form, two)).toEqual({ size });
    }
  });

  it('sends the part of a buffer that it is told to', async () => {
    const [one, two] = pipe();
    const bytes = pattern(100);
    const parts: [unknown[], Uint8Array][] = [
      [[bytes, 5], bytes.subarray(5)],
      [[bytes, 7, 8], bytes.subarray(7, 15)],
      [[bytes, 100], new Uint8Array()],
      [[bytes, 0, 0], new Uint8Array()],
      [[bytes.subarray(20, 40), 2, 3], bytes.subarray(22, 25)],
      [[bytes.buffer, 90], bytes.subarray(90)],
      [[new DataView(bytes.buffer, 50, 10), 1], bytes.subarray(51, 60)],
      [[new Int32Array(bytes.buffer, 0, 5), 4, 4], bytes.subarray(4, 8)],
      [[Buffer.from(bytes), 99], bytes.subarray(99)],
    ];
    for (const [given, part] of parts) {
      await forms.sendBytes(form, one, ...(given as [Uint8Array]));
      expect(await forms.recvBytes(form, two)).toEqual(part);
    }
  });

  it('keeps both directions apart', async () => {
    const [one, two] = pipe();
    await forms.send(form, one, 'to two');
    await forms.send(form, two, 'to one');
    expect([one.pollSync(), two.pollSync()]).toEqual([true, true]);
    expect(await forms.recv(form, one)).toBe('to one');
    expect(one.pollSync()).toBe(false);
    expect(await forms.recv(form, two)).toBe('to two');
  });
});

describe('A Connection', () => {
  it('has sent a value when the call returns, whatever becomes of it afterwards', () => {
    const [one, two] = pipe();
    const value = { list: [1] };
    const bytes = pattern(50_000);
    void one.send(value);
    void one.sendBytes(bytes);
    value.list.push(2);
    bytes.fill(0);
    expect(two.recvSync()).toEqual({ list: [1] });
    expect(areEqual(two.recvBytesSync(), pattern(50_000))).toBe(true);
  });

  it('sends what a value was when it was called, though it had to wait and others were sent meanwhile', async () => {
    const [one, two] = pipe();
    one.sendBytesSync(new Uint8Array(16 << 20));
    const values = [1, 'two', { three: [3] }, 'x'.repeat(5000), new Date(5), 6];
    const sends = values.map((value) => one.send(value));
    const bytes = pattern(100);
    sends.push(one.sendBytes(bytes));
    bytes.fill(0);
    expect(one.trySend('another')).toBe(false);
    two.recvBytesSync();
    for (const value of values) expect(await two.recv()).toEqual(value);
    expect(await two.recvBytes()).toEqual(pattern(100));
    await Promise.all(sends);
  });

  it.each(SIZES.filter((size) => size > 256 && size < 1e6))('may carry %i bytes as its first message', (size) => {
    const [one, two] = pipe();
    for (let i = 0; i < 3; i++) one.sendBytesSync(pattern(size));
    for (let i = 0; i < 3; i++) expect(areEqual(two.recvBytesSync(), pattern(size))).toBe(true);
    // And behind others, in what has been left of a segment.
    for (let i = 0; i < 40; i++) one.sendSync(i);
    one.sendBytesSync(pattern(size));
    for (let i = 0; i < 40; i++) expect(two.recvSync()).toBe(i);
    expect(areEqual(two.recvBytesSync(), pattern(size))).toBe(true);
  });

  it('says by undefined that nothing has come yet', () => {
    const [one] = pipe();
    expect(one.tryRecv()).toBeUndefined();
    expect(one.tryRecvBytes()).toBeUndefined();
  });

  it('leaves a message that is longer than maxLength where it is', async () => {
    const [one, two] = pipe();
    for (const size of [10, 50_000]) {
      one.sendBytesSync(pattern(size));
      const tooLong = { name: 'BufferTooShortError', code: 'ERR_MP_BUFFER_TOO_SHORT' };
      expect(await errorOf(() => two.recvBytes({ maxLength: size - 1 }))).toMatchObject(tooLong);
      expect(await errorOf(() => two.recvBytesSync({ maxLength: 0 }))).toMatchObject(tooLong);
      expect(two.pollSync()).toBe(true);
      expect(two.recvBytesSync({ maxLength: size })).toEqual(pattern(size));
    }
    one.sendBytesSync(new Uint8Array());
    expect(await two.recvBytes({ maxLength: 0, timeout: 100 })).toEqual(new Uint8Array());
  });

  it.each(['async', 'sync'])('receives into a buffer, from an offset in bytes on, %s', async (form) => {
    const [one, two] = pipe();
    const recvInto = (target: ArrayBufferView | ArrayBuffer, offset?: number): Promise<number> | number =>
      form === 'sync' ? two.recvBytesIntoSync(target, offset) : two.recvBytesInto(target, offset);
    const words = new Int32Array(6);
    one.sendBytesSync(Int32Array.of(7, 8));
    expect(await recvInto(words)).toBe(8);
    one.sendBytesSync(Int32Array.of(9, 10));
    expect(await recvInto(words, 12)).toBe(8);
    expect([...words]).toEqual([7, 8, 0, 9, 10, 0]);
    one.sendBytesSync(new Uint8Array());
    expect(await recvInto(words, 24)).toBe(0);

    const part = words.subarray(1, 3);
    one.sendBytesSync(Int32Array.of(1, 2));
    expect(await recvInto(part)).toBe(8);
    expect([...words]).toEqual([7, 1, 2, 9, 10, 0]);
    one.sendBytesSync(pattern(24));
    expect(await recvInto(words.buffer)).toBe(24);
    expect(new Uint8Array(words.buffer)).toEqual(pattern(24));
  });

  it('gives a message that does not fit into the buffer in the error, and leaves the buffer as it was', async () => {
    const [one, two] = pipe();
    for (const size of [9, 50_000]) {
      const target = new Uint8Array(10).fill(1);
      one.sendBytesSync(pattern(size));
      const error = await errorOf(() => two.recvBytesInto(target, 2));
      expect(error).toBeInstanceOf(BufferTooShortError);
      expect((error as BufferTooShortError).bytes).toEqual(pattern(size));
      expect(target).toEqual(new Uint8Array(10).fill(1));
      one.sendBytesSync(pattern(size));
      expect(await errorOf(() => two.recvBytesIntoSync(target, 2))).toMatchObject({ bytes: pattern(size) });
      expect(two.pollSync()).toBe(false);
    }
  });

  it('shows by util.inspect what it does and what waits for it', () => {
    const [one, two] = pipe();
    const [to, from] = pipe({ duplex: false });
    two.sendSync(1);
    from.sendSync(1);
    expect(inspect(one)).toBe('Connection { sends and receives, messages: 1 }');
    expect(inspect(two)).toBe('Connection { sends and receives, messages: 0 }');
    expect(inspect(from)).toBe('Connection { sends }');
    from.close();
    expect(inspect(to)).toBe('Connection { receives, messages: 1 }');
    to.recvSync();
    expect(inspect({ to })).toBe('{ to: Connection { receives, messages: 0, at its end } }');
    expect(inspect(from)).toBe('Connection { closed }');
  });

  it('is found by its handle, as another copy of the same end', async () => {
    const [one, two] = pipe();
    const copy = keep(fromHandle<Connection>(toHandle(two)));
    expect(copy).toBeInstanceOf(Connection);
    two.close();
    await one.send('for the copy');
    expect(await copy.recv()).toBe('for the copy');
    copy.sendSync('from the copy');
    copy.close();
    expect(one.recvSync()).toBe('from the copy');
    expect(one.tryRecv.bind(one)).toThrow(/the other end/i);
  });

  it('is not found by its handle when nobody has its end any more', () => {
    const [one, two] = pipe();
    const handle = toHandle(two);
    two.close();
    expect(() => fromHandle(handle)).toThrow(/does not exist any more/);
    expect(one.closed).toBe(false);
  });

  it('is closed by its disposal, and more than once', () => {
    const [one, two] = Pipe();
    {
      using first = one;
      using second = two;
      first.sendSync(1);
      expect(second.recvSync()).toBe(1);
      expect([one.closed, one.readable, one.writable]).toEqual([false, true, true]);
    }
    one.close();
    expect([one.closed, one.readable, one.writable]).toEqual([true, false, false]);
    expect([two.closed, two.readable, two.writable]).toEqual([true, false, false]);
    for (const call of [() => one.sendSync(1), () => one.recvSync(), () => one.pollSync()]) {
      expect(call).toThrow(ClosedError);
    }
    expect(() => toHandle(one)).toThrow(expect.objectContaining({ cause: expect.any(ClosedError) as Error }) as Error);
  });

  it('that is forgotten gives its end up, too', async () => {
    const holds = familyHolds();
    const end = ((): Connection => {
      const [one, two] = Pipe();
      two.sendSync('the last one');
      return keep(one);
    })();
    // One end, and the message.
    expect(await collectUntil((now) => now === holds + 2)).toBe(holds + 2);
    expect(await end.recv()).toBe('the last one');
    expect(await errorOf(() => end.recv())).toBeInstanceOf(EOFError);
    expect(await errorOf(() => end.send(1))).toMatchObject({ errno: 'EPIPE' });
  });
});
