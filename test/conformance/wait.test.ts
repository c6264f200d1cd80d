import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import * as mp from 'forkless';
import type { Connection, Sentinel } from 'forkless';
import { describe, expect, it } from 'vitest';

import { call as callForm } from '../fixtures/conformance/forms.js';
import * as work from '../fixtures/conformance/waited.js';
import { conformance } from '../helpers/parties.ts';
import { errorOf, pipe } from '../helpers/pipes.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { listening, portOf } from '../helpers/sockets.ts';

type Waitable = Connection | Sentinel | Socket;

const PARTIES = 4;
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const TURNS = 100;
const SOON = { timeout: 20_000 };

conformance('wait()', ({ call, others, othersEnd }) => {
  const waitFor = <T extends Waitable>(objects: Iterable<T>, options?: { readonly timeout: number }): Promise<T[]> =>
    call(mp, 'wait', objects, options);

  /** All that four parties send, until each has closed its end. */
  async function receiveAll({ slowly }: { slowly: boolean }): Promise<void> {
    const readers: Connection[] = [];
    for (let who = 0; who < PARTIES; who++) {
      const [reader, writer] = pipe({ duplex: false });
      await others(1, work.sendNumbers, writer, who, slowly);
      writer.close();
      readers.push(reader);
    }
    const received = new Map(readers.map((reader) => [reader, [] as unknown[]]));
    const open = new Set(readers);
    while (open.size > 0) {
      for (const reader of await waitFor(open)) {
        expect(await call(reader, 'poll')).toBe(true);
        try {
          received.get(reader)?.push(await call(reader, 'recv'));
        } catch (error) {
          expect(error).toBeInstanceOf(mp.EOFError);
          reader.close();
          open.delete(reader);
        }
      }
    }
    expect([...received.values()]).toEqual(readers.map((_, who) => NUMBERS.map((i) => [i, who])));
    await othersEnd();
  }

  /** All that four parties write into sockets, until each has ended its connection. */
  async function readAll({ slowly }: { slowly: boolean }): Promise<void> {
    const server = await listening();
    const texts = new Map<Socket, string>();
    for (let who = 0; who < PARTIES; who++) {
      const [[socket]] = (await Promise.all([
        once(server, 'connection'),
        others(1, work.writeNumbers, portOf(server), slowly),
      ])) as [[Socket], void];
      texts.set(socket, '');
    }
    server.close();
    const open = new Set(texts.keys());
    while (open.size > 0) {
      for (const socket of await waitFor(open)) {
        const part = await read(socket);
        if (part === undefined) open.delete(socket);
        else texts.set(socket, `${texts.get(socket)}${part}`);
      }
    }
    expect([...texts.values()]).toEqual(Array.from({ length: PARTIES }, () => `${NUMBERS.join('\n')}\n`));
    await othersEnd();
  }

  it('tells which of several Connections have a message or have ended (TestWait.test_wait)', () =>
    receiveAll({ slowly: false }));

  it('tells of messages that come one by one (TestWait.test_wait_slow)', () => receiveAll({ slowly: true }));

  it('tells which of several sockets have data or have ended (TestWait.test_wait_socket)', () =>
    readAll({ slowly: false }));

  it('tells of data that come one by one (TestWait.test_wait_socket_slow)', () => readAll({ slowly: true }));

  it('tells of nothing when the time is over, and not before (TestWait.test_wait_timeout)', async () => {
    const [a, b] = pipe();
    const begin = performance.now();
    expect(await waitFor([a, b], { timeout: 300 })).toEqual([]);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(299);
    await call(b, 'send', null);
    expect(await waitFor([a, b], SOON)).toEqual([a]);
  });

  it('takes 0 for no time, and nothing less (TestWait.test_neg_timeout)', async () => {
    const [a] = pipe();
    // Python: a negative timeout is 0.
    expect(await errorOf(() => waitFor([a], { timeout: -1 }))).toBeInstanceOf(RangeError);
    expect(await waitFor([a], { timeout: 0 })).toEqual([]);
  });
});

/** What a socket has that is ready, undefined at its end. Node takes it from the system in the next turns of its loop. */
async function read(socket: Socket): Promise<string | undefined> {
  for (let i = 0; i < TURNS; i++) {
    const data = socket.read() as Buffer | null;
    if (data !== null) return String(data);
    if (socket.readableEnded) return undefined;
    await turn();
  }
  throw new Error('The socket was not ready');
}

describe.each(['async', 'sync'])('wait() for processes, %s', (form) => {
  expectNoHolds();

  const waitFor = async (objects: readonly Waitable[]): Promise<Waitable[]> =>
    (await callForm(form, mp, 'wait', objects, SOON)) as Waitable[];

  it('tells that a process has ended, beside Connections (TestWait.test_wait_integer)', async () => {
    const [a, b] = pipe();
    const semaphore = keep(new mp.Semaphore(0));
    const child = start(work.endLater, form, semaphore, counters, 300);
    const { sentinel } = child;
    // Python: the sentinel itself is the number.
    expect(sentinel.fileno()).toBeGreaterThan(2);
    await semaphore.acquire(SOON);
    expect(await waitFor([a, sentinel, b])).toEqual([sentinel]);
    expect(counters[0]).toBe(1);

    await a.send(null);
    expect(await waitFor([a, sentinel, b])).toEqual([sentinel, b]);
    await b.send(null);
    expect(await waitFor([a, sentinel, b])).toEqual([a, sentinel, b]);
    await child.join();
    expect(child.exitCode).toBe(0);
    child.close();
  });
});
