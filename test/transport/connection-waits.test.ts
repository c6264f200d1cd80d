import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { ClosedError, EOFError, fromHandle, toHandle } from '../../dist/index.js';
import { areEqual, errorOf, pattern, pipe } from '../helpers/pipes.ts';
import { expectNoHolds } from '../helpers/primitives.ts';
import { familyHolds, sleep } from '../helpers/shared-memory.ts';

expectNoHolds();

const MB = 1 << 20;
/** So much is under way before a sender waits. */
const LIMIT_MB = 16;

describe('poll()', () => {
  it('does not wait unless told to', async () => {
    const [one, two] = pipe();
    expect(await one.poll()).toBe(false);
    expect(await one.poll({ timeout: 0 })).toBe(false);
    expect(one.pollSync()).toBe(false);
    expect(one.pollSync({ timeout: 0 })).toBe(false);
    two.sendBytesSync(new Uint8Array());
    for (let i = 0; i < 3; i++) {
      expect(await one.poll()).toBe(true);
      expect(one.pollSync()).toBe(true);
      expect(await one.poll({ timeout: 1000 })).toBe(true);
      expect(one.pollSync({ timeout: 1000 })).toBe(true);
    }
    expect(one.recvBytesSync()).toEqual(new Uint8Array());
    expect(one.pollSync()).toBe(false);
  });

  it('means the same with a timeout that is undefined, and a signal alone', async () => {
    const [one] = pipe();
    expect(one.pollSync({ timeout: undefined } as never)).toBe(false);
    expect(await one.poll({ timeout: undefined } as never)).toBe(false);
    expect(await one.poll({ signal: new AbortController().signal })).toBe(false);
    const reason = new Error('enough');
    expect(await errorOf(() => one.poll({ signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  it('waits as long as it was told and no shorter', async () => {
    const [one] = pipe();
    const begin = performance.now();
    expect(await one.poll({ timeout: 30 })).toBe(false);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(30);
    expect(one.pollSync({ timeout: 30 })).toBe(false);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(60);
  });

  it('ends with a message, which it leaves, and with the other end', async () => {
    const [one, two] = pipe();
    const waiting = one.poll({ timeout: 60_000 });
    await sleep(10);
    two.sendSync('it');
    expect(await waiting).toBe(true);
    expect(one.recvSync()).toBe('it');
    const toTheEnd = one.poll({ timeout: 60_000 });
    await sleep(10);
    two.close();
    expect(await toTheEnd).toBe(true);
    expect(one.pollSync()).toBe(true);
    expect(await errorOf(() => one.recv())).toBeInstanceOf(EOFError);
  });

  it('does not take the wake that is for who receives', async () => {
    const [one, two] = pipe();
    const polls = [one.poll({ timeout: 60_000 }), one.poll({ timeout: 60_000 })];
    const received = one.recv();
    await sleep(10);
    two.sendSync('for recv()');
    expect(await received).toBe('for recv()');
    two.sendSync('for poll()');
    expect(await Promise.all(polls)).toEqual([true, true]);
    expect(one.recvSync()).toBe('for poll()');
  });
});

describe('A wait for a Connection', () => {
  it('ends with TimeoutError, never early', async () => {
    const [one, two] = pipe();
    const full = new Uint8Array(LIMIT_MB * MB);
    two.sendBytesSync(full);
    const o = { timeout: 30 };
    const waits: [string, () => unknown][] = [
      ['recv()', () => two.recv(o)],
      ['recvSync()', () => two.recvSync(o)],
      ['recvBytes()', () => two.recvBytes(o)],
      ['recvBytesSync()', () => two.recvBytesSync(o)],
      ['recvBytesInto()', () => two.recvBytesInto(full, 0, o)],
      ['recvBytesIntoSync()', () => two.recvBytesIntoSync(full, 0, o)],
      ['send()', () => two.send(1, o)],
      ['sendSync()', () => two.sendSync(1, o)],
      ['sendBytes()', () => two.sendBytes(full, 0, 1, o)],
      ['sendBytesSync()', () => two.sendBytesSync(full, 0, MB, o)],
    ];
    for (const [what, wait] of waits) {
      const begin = performance.now();
      const error = await errorOf(wait);
      expect(performance.now() - begin).toBeGreaterThanOrEqual(30);
      expect(error).toMatchObject({ code: 'ERR_MP_TIMEOUT', message: expect.stringContaining(what) as string });
    }
    expect([two.trySend(1), two.trySendBytes(full, 0, 0)]).toEqual([false, false]);
    expect(one.recvBytesSync().byteLength).toBe(full.byteLength);
    expect(one.pollSync()).toBe(false);
  });

  it('of 0 ms does not wait, and takes and sends what it can', async () => {
    const [one, two] = pipe();
    for (const call of [() => one.recv({ timeout: 0 }), () => one.recvBytesSync({ timeout: 0 })])
      expect(await errorOf(call)).toMatchObject({ code: 'ERR_MP_TIMEOUT' });
    await two.send(1, { timeout: 0 });
    two.sendSync(2, { timeout: 0 });
    expect(await one.recv({ timeout: 0 })).toBe(1);
    expect(one.recvSync({ timeout: 0 })).toBe(2);
  });

  it('ends with the reason of its signal, before and during it, and then takes and sends nothing', async () => {
    const [one, two] = pipe();
    const reason = new Error('enough');
    const aborted = { signal: AbortSignal.abort(reason) };
    for (const call of [() => one.recv(aborted), () => one.recvBytes(aborted), () => one.send(1, aborted)])
      expect(await errorOf(call)).toBe(reason);
    expect(await errorOf(() => one.sendBytes(pattern(5), 0, 5, aborted))).toBe(reason);
    expect(two.pollSync()).toBe(false);

    const controller = new AbortController();
    const { signal } = controller;
    one.sendBytesSync(new Uint8Array(LIMIT_MB * MB));
    const waits = [one.recv({ signal }), one.send('never', { signal }), one.poll({ timeout: 60_000, signal })];
    const into = one.recvBytesInto(new Uint8Array(5), 0, { signal });
    await sleep(10);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort(reason);
    for (const wait of [...waits, into]) expect(await errorOf(() => wait)).toBe(reason);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    two.recvBytesSync();
    two.sendSync('still there');
    expect([two.pollSync(), one.recvSync()]).toEqual([false, 'still there']);
  });

  it('ends with ClosedError when its own object is closed', async () => {
    const [one, two] = pipe();
    one.sendBytesSync(new Uint8Array(LIMIT_MB * MB));
    const waits = [one.recv(), one.recvBytes(), one.send('never'), one.poll({ timeout: 60_000 })];
    const iteration = one[Symbol.asyncIterator]().next();
    await sleep(10);
    one.close();
    for (const wait of waits) expect(await errorOf(() => wait)).toBeInstanceOf(ClosedError);
    expect(await iteration).toEqual({ value: undefined, done: true });
    expect(two.recvBytesSync().byteLength).toBe(LIMIT_MB * MB);
    expect(await errorOf(() => two.recvSync())).toBeInstanceOf(EOFError);
  });

  it('of another object for the same end goes on when one is closed', async () => {
    const [one, two] = pipe();
    using copy = fromHandle<typeof one>(toHandle(one));
    const waiting = copy.recv();
    one.close();
    await sleep(10);
    two.sendSync('for the copy');
    expect(await waiting).toBe('for the copy');
  });

  it('succeeds in the order of the calls, in both directions', async () => {
    const [one, two] = pipe();
    const receives = Array.from({ length: 50 }, () => one.recv());
    for (let i = 0; i < 50; i++) two.sendSync(i);
    expect(await Promise.all(receives)).toEqual([...Array(50).keys()]);

    two.sendBytesSync(new Uint8Array(LIMIT_MB * MB));
    const sends = Array.from({ length: 50 }, (_, i) => two.send(i));
    await sleep(10);
    one.recvBytesSync();
    sends.push(two.send(50));
    for (let i = 0; i <= 50; i++) expect(await one.recv()).toBe(i);
    await Promise.all(sends);
  });
});

describe('A sender of a Connection', () => {
  it('waits when 16 MB are under way, until some of it is received', async () => {
    const [one, two] = pipe();
    const message = pattern(MB);
    let sent = 0;
    while (one.trySendBytes(message)) sent += 1;
    expect(sent).toBe(LIMIT_MB);
    expect(one.trySend(1)).toBe(false);
    let isSent = false;
    const waiting = one.sendBytes(message).then(() => (isSent = true));
    message.fill(0);
    await sleep(20);
    expect(isSent).toBe(false);
    two.recvBytesSync();
    await waiting;
    expect(one.trySend(1)).toBe(false);
    for (let i = 0; i < LIMIT_MB; i++) expect(areEqual(two.recvBytesSync(), pattern(MB))).toBe(true);
    expect(two.pollSync()).toBe(false);
  });

  it('waits when very many small messages are under way', () => {
    const [one, two] = pipe();
    let sent = 0;
    while (one.trySend(sent)) sent += 1;
    expect(sent).toBe(65_536);
    expect(two.recvSync()).toBe(0);
    expect([one.trySend(sent), one.trySend(sent)]).toEqual([true, false]);
    for (let i = 1; i <= sent; i++) if (two.recvSync() !== i) throw new Error(`Message ${i} was another`);
  });

  it('may send a message that is larger than all that may be under way, alone', async () => {
    const [one, two] = pipe();
    const large = new Uint8Array(40 * MB);
    one.sendBytesSync(large);
    expect(one.trySendBytes(large)).toBe(false);
    const waiting = one.sendBytes(large);
    expect(two.recvBytesSync().byteLength).toBe(40 * MB);
    await waiting;
    expect((await two.recvBytes()).byteLength).toBe(40 * MB);
  });

  it('keeps nothing of a message that it could not send', async () => {
    const [one] = pipe();
    one.sendBytesSync(new Uint8Array(LIMIT_MB * MB));
    const holds = familyHolds();
    expect(one.trySendBytes(new Uint8Array(MB))).toBe(false);
    expect(await errorOf(() => one.send(new Uint8Array(MB), { timeout: 10 }))).toMatchObject({ name: 'TimeoutError' });
    expect(await errorOf(() => one.sendBytesSync(new Uint8Array(MB), 0, MB, { timeout: 0 }))).toBeInstanceOf(Error);
    expect(familyHolds()).toBe(holds);
  });

  it('lets the event loop turn, and so does a receiver', async () => {
    const [one, two] = pipe();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const begin = performance.now();
    while (turns <= 3 && performance.now() - begin < 20_000) {
      for (let i = 0; i < 50; i++) await one.send(i);
      for (let i = 0; i < 50; i++) await two.recv();
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('The iteration over a Connection', () => {
  it('gives the values as they come, until the other end is closed', async () => {
    const [one, two] = pipe();
    const values: unknown[] = [];
    const all = (async () => {
      for await (const value of two) values.push(value);
    })();
    for (const value of [1, undefined, 'three']) await one.send(value);
    await sleep(5);
    void one.send('the last one');
    one.close();
    await all;
    expect(values).toEqual([1, undefined, 'three', 'the last one']);
  });

  it('can be left and entered again', async () => {
    const [one, two] = pipe();
    for (let i = 0; i < 4; i++) one.sendSync(i);
    for await (const value of two) if (value === 1) break;
    const rest: unknown[] = [];
    one.close();
    for await (const value of two) rest.push(value);
    expect(rest).toEqual([2, 3]);
  });
});
