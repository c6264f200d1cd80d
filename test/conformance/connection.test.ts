import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { describe, expect, it } from 'vitest';

import * as mp from '../../dist/index.js';
import { BufferTooShortError, ClosedError, EOFError, StateError } from '../../dist/index.js';
import type { Connection } from '../../dist/index.js';
import { call as callForm } from '../fixtures/conformance/forms.js';
import * as work from '../fixtures/conformance/connections.js';
import { conformance } from '../helpers/parties.ts';
import { areEqual, errorOf, pattern, pipe } from '../helpers/pipes.ts';
import { expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';
import { listening, portOf, socketPair } from '../helpers/sockets.ts';

const SENTINEL = new Uint8Array();
const MANY = 256;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

conformance('A Connection', ({ form, call, others, othersEnd }) => {
  it('carries values and bytes there and back (_TestConnection.test_connection)', async () => {
    const [conn, childConn] = pipe();
    await others(1, work.echo, childConn);
    const recvBytes = (): Promise<Uint8Array> => call(conn, 'recvBytes');

    // Python's child sends back the bytes of the pickle; so does ours, of the message.
    await call(conn, 'send', [1, 2.25, null]);
    expect(await call(conn, 'recv')).toEqual([1, 2.25, null]);

    const message = bytesOf('hello world');
    await call(conn, 'sendBytes', message);
    expect(await recvBytes()).toEqual(message);

    const array = Int32Array.of(0, 1, 2, 3);
    const buffer = new Int32Array(10);
    await call(conn, 'sendBytes', array);
    expect(await call(conn, 'recvBytesInto', buffer)).toBe(16);
    expect([...buffer]).toEqual([0, 1, 2, 3, 0, 0, 0, 0, 0, 0]);
    buffer.fill(0);
    await call(conn, 'sendBytes', array);
    expect(await call(conn, 'recvBytesInto', buffer, 12)).toBe(16);
    expect([...buffer]).toEqual([0, 0, 0, 0, 1, 2, 3, 0, 0, 0]);

    const long = bytesOf('hello world'.repeat(10));
    await call(conn, 'sendBytes', long);
    const error = await errorOf(() => call(conn, 'recvBytesInto', new Uint8Array(40)));
    expect(error).toBeInstanceOf(BufferTooShortError);
    expect((error as BufferTooShortError).bytes).toEqual(long);

    const poll = (timeout?: number): Promise<boolean> => call(conn, 'poll', timeout === undefined ? {} : { timeout });
    expect(await poll()).toBe(false);
    // Python: a negative timeout is 0.
    expect(await errorOf(() => poll(-1))).toBeInstanceOf(RangeError);
    const begin = performance.now();
    expect(await poll(82)).toBe(false);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(82);
    await call(conn, 'send', null);
    expect(await poll(10_000)).toBe(true);
    expect(await call(conn, 'recv')).toBeNull();

    const reallyBig = pattern(1 << 24);
    await call(conn, 'sendBytes', reallyBig);
    expect(areEqual(await recvBytes(), reallyBig)).toBe(true);

    await call(conn, 'sendBytes', SENTINEL);
    childConn.close();
    expect([conn.readable, conn.writable]).toEqual([true, true]);
    expect(await errorOf(() => call(conn, 'recv'))).toBeInstanceOf(EOFError);
    expect(await errorOf(recvBytes)).toBeInstanceOf(EOFError);
    await othersEnd();
  });

  it('has one direction if told so (_TestConnection.test_duplex_false)', async () => {
    const [reader, writer] = pipe({ duplex: false });
    expect(await call(writer, 'send', 1)).toBeUndefined();
    expect(await call(reader, 'recv')).toBe(1);
    expect([reader.readable, reader.writable, writer.readable, writer.writable]).toEqual([true, false, false, true]);
    // Python: OSError.
    expect(await errorOf(() => call(reader, 'send', 2))).toBeInstanceOf(StateError);
    expect(await errorOf(() => call(writer, 'recv'))).toBeInstanceOf(StateError);
    expect(await errorOf(() => call(writer, 'poll'))).toBeInstanceOf(StateError);
  });

  it('sends a part of the bytes (_TestConnection.test_sendbytes)', async () => {
    const message = bytesOf('abcdefghijklmnopqrstuvwxyz');
    const [a, b] = pipe();
    const passes = async (expected: Uint8Array, ...part: number[]): Promise<void> => {
      await call(a, 'sendBytes', message, ...part);
      expect(await call(b, 'recvBytes')).toEqual(expected);
    };
    await passes(message);
    await passes(message.slice(5), 5);
    await passes(message.slice(7, 15), 7, 8);
    await passes(SENTINEL, 26);
    await passes(SENTINEL, 26, 0);
    for (const part of [[27], [22, 5], [26, 1], [-1], [4, -1]]) {
      // Python: ValueError.
      expect(await errorOf(() => call(a, 'sendBytes', message, ...part))).toBeInstanceOf(RangeError);
    }
  });

  it('is closed at the end of its scope (_TestConnection.test_context)', async () => {
    const [a, b] = pipe();
    {
      using first = a;
      using second = b;
      await call(first, 'send', 1729);
      expect(await call(second, 'recv')).toBe(1729);
      expect([a.closed, b.closed]).toEqual([false, false]);
    }
    expect([a.closed, b.closed]).toEqual([true, true]);
    // Python: OSError.
    expect(await errorOf(() => call(a, 'recv'))).toBeInstanceOf(ClosedError);
    expect(await errorOf(() => call(b, 'recv'))).toBeInstanceOf(ClosedError);
  });

  it('says again and again that an empty message is there (_TestPoll.test_empty_string)', async () => {
    const [a, b] = pipe();
    expect(await call(a, 'poll')).toBe(false);
    await call(b, 'sendBytes', SENTINEL);
    expect([await call(a, 'poll'), await call(a, 'poll')]).toEqual([true, true]);
  });

  it('carries empty messages among others (_TestPoll.test_strings)', async () => {
    const strings = ['hello', '', 'a', 'b', '', 'bye', '', 'lop'];
    const [a, b] = pipe();
    await others(1, work.sendStrings, b, strings);
    for (const text of strings) {
      for (let i = 0; i < 2000 && !(await call<boolean>(a, 'poll', { timeout: 10 })); i++);
      expect(await call(a, 'recvBytes')).toEqual(bytesOf(text));
    }
    await othersEnd();
  });

  it('is not changed by who only polls it (_TestPoll.test_boundaries)', async () => {
    const [r, w] = pipe({ duplex: false });
    await others(1, work.poll, r);
    await sleep(50);
    for (const text of ['first', 'second']) await call(w, 'sendBytes', bytesOf(text));
    w.close();
    await othersEnd();
    expect(await call(r, 'recvBytes')).toEqual(bytesOf('first'));
    expect(await call(r, 'recvBytes')).toEqual(bytesOf('second'));
  });

  it('does not merge messages (_TestPoll.test_dont_merge)', async () => {
    const [a, b] = pipe();
    expect(await call(a, 'poll', { timeout: 0 })).toBe(false);
    expect(await call(a, 'poll', { timeout: 50 })).toBe(false);
    await others(1, work.sendThree, b);
    expect(await call(a, 'recvBytes')).toEqual(bytesOf('a'));
    for (const [timeouts, text] of [
      [[10_000, 10_000], 'b'],
      [[10_000, 10_000, 0], 'cd'],
    ] as const) {
      for (const timeout of timeouts) expect(await call(a, 'poll', { timeout })).toBe(true);
      expect(await call(a, 'recvBytes')).toEqual(bytesOf(text));
    }
    await othersEnd();
  });

  it('travels through another, one that sends and one that receives (_TestPicklingConnections.test_access)', async () => {
    const [conn, childConn] = pipe();
    await others(1, work.accessBoth, childConn);
    childConn.close();

    const [reader, writer] = pipe({ duplex: false });
    await call(conn, 'send', writer);
    writer.close();
    expect(await call(reader, 'recv')).toBe('all is well');
    reader.close();

    const [second, from] = pipe({ duplex: false });
    await call(conn, 'send', second);
    second.close();
    await call(from, 'send', 'foobar');
    from.close();
    expect(await call(conn, 'recv')).toBe('foobarfoobar');
    await othersEnd();
  });

  it('carries the other kinds of connections (_TestPicklingConnections.test_pickling)', async () => {
    const [listener, listenersEnd] = pipe();
    const [speaker, speakersEnd] = pipe();
    const path = `\0forkless-${process.pid}-${form}-${Math.random()}`;
    await others(1, work.acceptAndSend, listenersEnd, [{ port: 0, host: '127.0.0.1' }, { path }]);
    await others(1, work.sayAtAddresses, speakersEnd);
    for (const family of ['TCP', 'Unix']) {
      const address = await call<number | string>(listener, 'recv');
      const message = `This connection is a ${family} socket`;
      const where = typeof address === 'number' ? { port: address, host: '127.0.0.1' } : { path: address };
      await call(speaker, 'send', { address: where, text: message });
      const socket = (await call(listener, 'recv')) as Socket;
      expect(await text(socket)).toBe(message.toUpperCase());
      socket.end();
    }
    await call(speaker, 'send', null);

    const conn = keep(await call<Connection>(listener, 'recv'));
    await call(conn, 'send', 'foobar');
    expect(await call(conn, 'recv')).toBe('Sent on: foobar');
    await call(listener, 'send', null);
    await othersEnd();
  });

  it('carries a descriptor, which is then the only one (_TestConnection.test_fd_transfer)', async () => {
    // Python: any descriptor, by send_handle(); here a socket, as any value.
    const [conn, childConn] = pipe();
    await others(1, work.writeToSocket, childConn, 'foo', 0);
    const [client, accepted] = await socketPair();
    await call(conn, 'send', accepted);
    expect(accepted.destroyed).toBe(true);
    expect(await text(client)).toBe('foo');
    await othersEnd();
  });
});

/** The number that the system knows a socket by in this process. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

describe.each(['async', 'sync'])('A Connection of a process, %s', (form) => {
  expectNoHolds();

  it('may be closed by the parent at once after the start (_TestConnection.test_spawn_close)', async () => {
    const [conn, childConn] = pipe();
    const child = start(work.echo, form, childConn);
    childConn.close();
    await conn.sendBytes(bytesOf('hello'));
    expect(await conn.recvBytes()).toEqual(bytesOf('hello'));
    await conn.sendBytes(SENTINEL);
    conn.close();
    await child.join();
    expect(child.exitCode).toBe(0);
  });

  it('waits on through signals (TestIgnoreEINTR.test_ignore)', async () => {
    const size = 1 << 24;
    const [conn, childConn] = pipe();
    const child = start(work.ignoreSignals, form, childConn, size);
    childConn.close();
    const signal = (): boolean => process.kill(child.pid ?? 0, 'SIGUSR1');
    expect(await conn.recv()).toBe('ready');
    await sleep(50);
    signal();
    await sleep(50);
    await conn.send(1234);
    expect(await conn.recv()).toBe(1234);
    await sleep(50);
    signal();
    for (const letter of [120, 121]) {
      const bytes = await conn.recvBytes();
      expect([bytes.byteLength, bytes.every((byte) => byte === letter)]).toEqual([size, true]);
    }
    await child.join();
    expect(child.exitCode).toBe(0);
  });

  it('carries descriptors of any number (_TestConnection.test_large_fd_transfer)', async () => {
    const [conn, childConn] = pipe();
    const child = start(work.writeToSocket, form, childConn, 'bar', MANY);
    const opened = Array.from({ length: MANY }, () => openSync('/dev/null', 'r'));
    const [client, accepted] = await socketPair();
    expect(descriptorOf(accepted)).toBeGreaterThan(MANY);
    await callForm(form, conn, 'send', accepted);
    expect(await text(client)).toBe('bar');
    expect(await callForm(form, conn, 'recv')).toBeGreaterThan(MANY);
    await child.join();
    expect(child.exitCode).toBe(0);
    for (const fd of opened) closeSync(fd);
  });

  it('says that a descriptor has not come with the message, and goes on (_TestConnection.test_missing_fd_transfer)', async () => {
    const [conn, childConn] = pipe();
    const server = await listening();
    const child = start(work.sendSocketAndDie, form, childConn, portOf(server));
    childConn.close();
    const [socket] = (await once(server, 'connection')) as [Socket];
    await child.join();
    expect(child.exitCode).toBe(-9);
    // Python: RuntimeError.
    await expect(conn.recv()).rejects.toThrow(mp.SerializationError);
    expect(await callForm(form, conn, 'recv')).toBe('after the socket');
    expect(await errorOf(() => callForm(form, conn, 'recv'))).toBeInstanceOf(EOFError);
    socket.destroy();
    server.close();
  });
});

describe('A handle that is none', () => {
  expectNoHolds();

  it('is refused, whatever is wrong with it (TestInvalidHandle.test_invalid_handles)', () => {
    // Python: the handle of a Connection is a descriptor, a number.
    for (const number of [44_977_608, -1]) expect(() => new mp.Connection(number as never)).toThrow(TypeError);
    for (const text of ['44977608', '-1', '']) expect(() => mp.fromHandle(text)).toThrow(TypeError);
    const [conn, other] = pipe();
    const handle = mp.toHandle(conn);
    const lock = keep(new mp.Lock());
    for (const wrong of [handle.slice(0, -8), mp.toHandle(lock).replace(':lock:', ':connection:')]) {
      expect(() => mp.fromHandle(wrong)).toThrow(mp.SerializationError);
    }
    other.close();
    conn.close();
    expect(() => mp.fromHandle(handle)).toThrow(/does not exist any more/);
  });
});
