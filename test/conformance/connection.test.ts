import { describe, expect, it } from 'vitest';

import { BufferTooShortError, ClosedError, EOFError, StateError } from '../../dist/index.js';
import * as work from '../fixtures/conformance/connections.js';
import { conformance } from '../helpers/parties.ts';
import { areEqual, errorOf, pattern, pipe } from '../helpers/pipes.ts';
import { expectNoHolds, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';

const SENTINEL = new Uint8Array();
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

conformance('A Connection', ({ call, others, othersEnd }) => {
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
});

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
});
