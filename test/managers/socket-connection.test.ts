import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';

import * as mp from 'forkless';
import {
  ClientSync,
  EOFError,
  Listener,
  Pipe,
  Process,
  SerializationError,
  SocketConnection,
  TimeoutError,
} from 'forkless';
import { beforeAll, describe, expect, it } from 'vitest';

import { answer, answerFromPipe, echo, stayDeaf } from '../fixtures/managers/network-party.js';
import { call } from '../fixtures/conformance/forms.js';
import { collect } from '../helpers/garbage.ts';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { areEqual, errorOf, pattern } from '../helpers/pipes.ts';
import { sleep } from '../helpers/shared-memory.ts';
import { portOf } from '../helpers/sockets.ts';

const FORMS = ['async', 'sync'] as const;

/** Two ends in this process. */
function pair(options: mp.NetworkOptions = {}): [SocketConnection, SocketConnection] {
  using listener = new Listener(undefined, options);
  return [ClientSync(listener.address, options), listener.acceptSync()];
}

/** A connection to something that sends and receives raw bytes. */
async function toRaw(options: mp.NetworkOptions = {}): Promise<[SocketConnection, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const connection = ClientSync(['127.0.0.1', portOf(server)], options);
  const [socket] = await accepted;
  socket.on('error', () => {});
  server.close();
  return [connection, socket];
}

describe.each(FORMS)('A SocketConnection, %s', (form) => {
  expectNoLeaks();

  it('carries values: whatever is data', async () => {
    using pairOf = ends();
    const values = [
      1,
      'text',
      null,
      [1, { a: new Map([[1, new Set(['x'])]]) }],
      Float64Array.of(1, 2),
      new Date(7),
      5n,
    ];
    for (const value of values) {
      await call(form, pairOf.one, 'send', value);
      expect(await call(form, pairOf.two, 'recv')).toEqual(value);
    }
  });

  it('refuses what is more than data, before anything is sent', async () => {
    using pairOf = ends();
    for (const value of [() => 1, Process, mp.Queue, pairOf.one]) {
      expect(await errorOf(() => call(form, pairOf.one, 'send', { value }))).toBeInstanceOf(SerializationError);
    }
    await call(form, pairOf.one, 'send', 'next');
    expect(await call(form, pairOf.two, 'recv')).toBe('next');
  });

  it('carries bytes, parts of them, and into a buffer', async () => {
    using pairOf = ends();
    const { one, two } = pairOf;
    const bytes = Buffer.from('abcdefghijklmnopqrstuvwxyz');
    await call(form, one, 'sendBytes', bytes, 7, 8);
    expect(await call(form, two, 'recvBytes')).toEqual(new Uint8Array(Buffer.from('hijklmno')));
    await call(form, one, 'sendBytes', Float64Array.of(1.5, 2.5));
    const target = new Float64Array(3);
    expect(await call(form, two, 'recvBytesInto', target, 8)).toBe(16);
    expect(target).toEqual(Float64Array.of(0, 1.5, 2.5));
    await call(form, one, 'sendBytes', bytes);
    const error = (await errorOf(() => call(form, two, 'recvBytesInto', new Uint8Array(3)))) as mp.BufferTooShortError;
    expect(error.bytes).toEqual(new Uint8Array(bytes));
    for (const part of [[27], [22, 5], [-1], [4, -1]]) {
      expect(await errorOf(() => call(form, one, 'sendBytes', bytes, ...part))).toBeInstanceOf(RangeError);
    }
  });

  it('leaves a message where it is that is longer than maxLength', async () => {
    using pairOf = ends();
    await call(form, pairOf.one, 'sendBytes', new Uint8Array(300));
    const tooLong = await errorOf(() => call(form, pairOf.two, 'recvBytes', { maxLength: 299 }));
    expect(tooLong).toMatchObject({ code: 'ERR_MP_BUFFER_TOO_SHORT' });
    expect(await call(form, pairOf.two, 'recvBytes', { maxLength: 300 })).toHaveLength(300);
  });

  it('polls: no message, a part of one, a whole one, the end', async () => {
    const [connection, socket] = await toRaw();
    const poll = (timeout?: number): unknown =>
      call(form, connection, 'poll', timeout === undefined ? {} : { timeout });
    expect(await poll()).toBe(false);
    const begin = performance.now();
    expect(await poll(30)).toBe(false);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(30);
    socket.write(Buffer.from([0, 0, 0, 3, 1]));
    await sleep(20);
    expect(await poll(20)).toBe(false);
    socket.write(Buffer.from([2, 3]));
    await sleep(20);
    expect(await poll(20_000)).toBe(true);
    expect(await poll()).toBe(true);
    expect(await call(form, connection, 'recvBytes')).toEqual(Uint8Array.of(1, 2, 3));
    socket.end();
    await sleep(20);
    expect(await poll(20_000)).toBe(true);
    expect(await errorOf(() => call(form, connection, 'recv'))).toBeInstanceOf(EOFError);
    connection.close();
    socket.destroy();
  });

  it('says where a message has broken off, and whenever it is asked again', async () => {
    const [connection, socket] = await toRaw();
    socket.end(Buffer.from([0, 0, 0, 9, 1, 2]));
    await sleep(20);
    for (let round = 0; round < 2; round++) {
      const error = await errorOf(() => call(form, connection, 'recvBytes'));
      expect(error).toBeInstanceOf(EOFError);
      expect(String(error)).toMatch(/after 2 of 9 bytes/);
    }
    connection.close();
    socket.destroy();
  });

  it('refuses messages beyond its limit, and can still send', async () => {
    using pairOf = ends({ maxMessageBytes: 1000 });
    const { one, two } = pairOf;
    await call(form, one, 'sendBytes', new Uint8Array(1000));
    expect(await call(form, two, 'recvBytes')).toHaveLength(1000);
    await call(form, one, 'sendBytes', new Uint8Array(1001));
    const error = await errorOf(() => call(form, two, 'recvBytes'));
    expect(error).toMatchObject({ code: 'ERR_MP_RESOURCE', errno: 'EMSGSIZE' });
    expect(String(error)).toMatch(/1001 bytes.*1000.*maxMessageBytes/);
    expect([two.readable, two.writable]).toEqual([false, true]);
    await call(form, two, 'sendBytes', Uint8Array.of(7));
    expect(await call(form, one, 'recvBytes')).toEqual(Uint8Array.of(7));
  });

  it('sends no part of what has no room, and takes it back when its time is over', async () => {
    using pairOf = ends();
    const { one, two } = pairOf;
    // Full: the last one has begun, and is finished when there is room.
    while (one.trySendBytes(new Uint8Array(100_000)));
    const late = await errorOf(() =>
      call(form, one, 'sendBytes', Uint8Array.of(1), undefined, undefined, { timeout: 20 }),
    );
    expect(late).toBeInstanceOf(TimeoutError);
    expect(String(late)).toMatch(/nothing has been sent/);
    const end = one.sendBytes(Uint8Array.of(2));
    for (;;) {
      const bytes = await two.recvBytes();
      if (bytes.length !== 100_000) {
        expect(bytes).toEqual(Uint8Array.of(2));
        break;
      }
    }
    await end;
  });

  it('finishes what has begun, and says so, when the time is over in the middle of it', async () => {
    using pairOf = ends();
    const { one, two } = pairOf;
    const bytes = pattern(8 << 20);
    const sent = Uint8Array.from(bytes);
    const late = await errorOf(() => call(form, one, 'sendBytes', sent, undefined, undefined, { timeout: 20 }));
    expect(String(late)).toMatch(/the rest follows/);
    // The caller's again.
    sent.fill(0);
    expect(areEqual(await two.recvBytes(), bytes)).toBe(true);
  });

  it('rejects what is wrong at once', async () => {
    using pairOf = ends();
    const { one } = pairOf;
    expect(await errorOf(() => call(form, one, 'recv', { timeout: -1 }))).toBeInstanceOf(RangeError);
    expect(await errorOf(() => call(form, one, 'recv', { timout: 1 }))).toBeInstanceOf(TypeError);
    expect(await errorOf(() => call(form, one, 'sendBytes', 'text'))).toBeInstanceOf(TypeError);
    expect(() => new SocketConnection(5 as never)).toThrow(/Listener.accept\(\) and Client\(\)/);
    one.close();
    one.close();
    expect([one.closed, one.readable, one.writable]).toEqual([true, false, false]);
    for (const method of ['recv', 'recvBytes', 'poll']) {
      expect(await errorOf(() => call(form, one, method))).toMatchObject({ code: 'ERR_MP_CLOSED' });
    }
    expect(await errorOf(() => call(form, one, 'send', 1))).toMatchObject({ code: 'ERR_MP_CLOSED' });
    expect(() => one.fileno()).toThrow(/closed/);
    expect(inspect(one)).toMatch(/closed/);
  });

  it('says that the other side has gone, and does not go on', async () => {
    using pairOf = ends();
    const { one, two } = pairOf;
    two.close();
    expect(await errorOf(() => call(form, one, 'send', 1))).toMatchObject({ code: 'ERR_MP_RESOURCE', errno: 'EPIPE' });
    expect(one.writable).toBe(false);
    expect(await errorOf(() => call(form, one, 'recv'))).toBeInstanceOf(EOFError);
    expect(one.tryRecvBytes).toBeTypeOf('function');
  });

  function ends(options: mp.NetworkOptions = {}): Disposable & { one: SocketConnection; two: SocketConnection } {
    const [one, two] = pair(options);
    return { one, two, [Symbol.dispose]: () => [one, two].forEach((end) => end.close()) };
  }
});

describe('A SocketConnection', () => {
  expectNoLeaks();

  it('tries without waiting', async () => {
    const [one, two] = pair();
    expect(two.tryRecv()).toBeUndefined();
    expect(two.tryRecvBytes()).toBeUndefined();
    expect(one.trySend({ a: 1 })).toBe(true);
    await sleep(1);
    expect(two.tryRecv()).toEqual({ a: 1 });
    one.close();
    await sleep(1);
    expect(() => two.tryRecv()).toThrow(EOFError);
    two.close();
  });

  it('gives messages to those who wait in the order of their coming, and to nobody who has gone', async () => {
    const [one, two] = pair();
    const aborting = new AbortController();
    const first = two.recv({ signal: aborting.signal });
    const second = two.recv({ timeout: 20 });
    const third = two.recv();
    aborting.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    await expect(second).rejects.toBeInstanceOf(TimeoutError);
    const fourth = two.recv();
    await one.send(1);
    one.sendSync(2);
    expect(await Promise.all([third, fourth])).toEqual([1, 2]);
    const last = two.recv();
    two.close();
    await expect(last).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
    one.close();
  });

  it('is iterated over until the end', async () => {
    const [one, two] = pair();
    for (const value of [1, 2, 3]) one.sendSync(value);
    one.close();
    const values: unknown[] = [];
    for await (const value of two) values.push(value);
    expect(values).toEqual([1, 2, 3]);
    two.close();
  });

  it('keeps the loop free while a large message goes and comes', async () => {
    const [one, two] = pair();
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    const bytes = pattern(64 << 20);
    const [received] = await Promise.all([two.recvBytes(), one.sendBytes(bytes)]);
    clearInterval(counting);
    expect(areEqual(received, bytes)).toBe(true);
    expect(turns).toBeGreaterThan(0);
    one.close();
    two.close();
  });

  it('blocks on both sides, in two processes, over both kinds of socket', async () => {
    for (const family of ['AF_INET', 'AF_UNIX'] as const) {
      using listener = new Listener(undefined, { family, authkey: 'k' });
      const child = new Process({ target: echo, args: [listener.address, { authkey: 'k' }] }).start();
      const connection = listener.acceptSync();
      for (const size of [0, 1, 70_000, 16 << 20]) {
        const bytes = pattern(size);
        connection.sendBytesSync(bytes);
        expect(areEqual(connection.recvBytesSync(), bytes)).toBe(true);
      }
      connection.close();
      await child.join();
      expect(child.exitCode).toBe(0);
    }
  });

  it('ends for the other side when its process is killed', async () => {
    using listener = new Listener();
    const child = new Process({ target: stayDeaf, args: [listener.address] }).start();
    using connection = await listener.accept();
    expect(await connection.recv()).toBe('there');
    const waiting = connection.recv();
    child.kill();
    await expect(waiting).rejects.toBeInstanceOf(EOFError);
    await child.join();
    expect(await errorOf(() => connection.sendSync('x'))).toMatchObject({
      errno: expect.stringMatching(/EPIPE|ECONNRESET/),
    });
  });

  it.each([true, false])(
    'is given to another process, which then has it alone (as an argument: %s)',
    async (asArgument) => {
      const [one, two] = pair();
      const [here, there] = Pipe();
      const target = asArgument ? answer : answerFromPipe;
      const child = new Process({ target, args: [asArgument ? two : there] } as never).start();
      if (!asArgument) await here.send(two);
      expect(two.closed).toBe(true);
      expect(await one.recv({ timeout: 20_000 })).toBe('mine now');
      await one.send(1);
      one.sendSync(2);
      expect(await one.recv()).toEqual([1, 2]);
      await expect(one.recv()).rejects.toBeInstanceOf(EOFError);
      await child.join();
      expect(child.exitCode).toBe(0);
      for (const end of [one, here, there]) end.close();
    },
  );

  it('stays where it is in the middle of a message, and when what it is sent with cannot travel', async () => {
    const [connection, socket] = await toRaw();
    const [here, there] = Pipe();
    await expect(here.send([connection, Symbol('local')])).rejects.toBeInstanceOf(SerializationError);
    socket.write(Buffer.from([0, 0, 0, 1]));
    await sleep(20);
    expect(await connection.poll()).toBe(false);
    await expect(here.send(connection)).rejects.toThrow(/in the middle of a message/);
    socket.write(Buffer.from([5]));
    expect(await connection.recvBytes()).toEqual(Uint8Array.of(5));
    for (const end of [connection, here, there]) end.close();
    socket.destroy();
  });

  it('is closed when nobody has it any more', async () => {
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let round = 0; round < 20; round++) pair()[0].sendSync(round);
    expect(open()).toBeGreaterThanOrEqual(before + 40);
    for (let round = 0; round < 200 && open() > before; round++) {
      collect();
      await sleep(10);
    }
    expect(open()).toBeLessThanOrEqual(before);
  });

  it('is waited for with other objects, in both forms', async () => {
    const [one, two] = pair();
    const [pipeOne, pipeTwo] = Pipe();
    expect(await mp.wait([two, pipeTwo], { timeout: 20 })).toEqual([]);
    expect(mp.waitSync([two, pipeTwo], { timeout: 20 })).toEqual([]);
    one.sendSync('x');
    expect(await mp.wait([pipeTwo, two])).toEqual([two]);
    expect(mp.waitSync([pipeTwo, two])).toEqual([two]);
    pipeOne.sendSync('y');
    expect(mp.waitSync([two, pipeTwo])).toEqual([two, pipeTwo]);
    two.recvSync();
    expect(await mp.wait([two, pipeTwo])).toEqual([pipeTwo]);
    pipeTwo.recvSync();
    const later = mp.wait([pipeTwo, two]);
    setTimeout(() => one.close(), 20);
    expect(await later).toEqual([two]);
    for (const end of [two, pipeOne, pipeTwo]) end.close();
    await expect(mp.wait([two])).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
  });

  it('is not ready for a part of a message, when waited for', async () => {
    const [connection, socket] = await toRaw();
    socket.write(Buffer.from([0, 0, 0, 2, 1]));
    await sleep(20);
    expect(await mp.wait([connection], { timeout: 30 })).toEqual([]);
    expect(mp.waitSync([connection], { timeout: 30 })).toEqual([]);
    const waiting = mp.wait([connection]);
    socket.write(Buffer.from([2]));
    expect(await waiting).toEqual([connection]);
    connection.close();
    socket.destroy();
  });
});

beforeAll(async () => {
  pattern(64 << 20);
  // What keeps descriptors for others stays open, once.
  const [one, two] = pair();
  const [here, there] = Pipe();
  await here.send(two);
  const given = (await there.recv()) as SocketConnection;
  for (const end of [one, given, here, there]) end.close();
});
