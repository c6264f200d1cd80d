import { beforeAll, describe, expect, it } from 'vitest';

import { type Connection, EOFError, Pipe, type Process, Queue } from '../../dist/index.js';
import * as work from '../fixtures/transport/connections.js';
import { expectNoLeaks, until } from '../helpers/leaks.ts';
import { areEqual, errorOf, FORMS, pattern, pipe, SIZES } from '../helpers/pipes.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { sleep } from '../helpers/shared-memory.ts';
import { WAYS } from '../helpers/ways.ts';

beforeAll(async () => {
  // The doorbell of this event loop, and the socket by which it rings others, stay open.
  const [mine, theirs] = Pipe();
  const child = start(work.echo, 'async', theirs);
  for (const pause of [500, 20, 20]) {
    await mine.send(1);
    await mine.recv();
    await sleep(pause);
  }
  mine.close();
  theirs.close();
  await child.join();
});
// In this order: what was made is closed before the traces are looked at.
expectNoLeaks();
expectNoHolds();

const MB = 1 << 20;

async function joined(child: Process): Promise<number | null> {
  await child.join();
  return child.exitCode;
}

describe.each(WAYS)('A Connection between %s', (_where, run) => {
  it.each(FORMS)('carries values and bytes there and back, whole and in order, %s', async (form) => {
    const [mine, theirs] = pipe();
    const end = run(work.echo, form, theirs);
    const values = [1, 'two', { three: [3, null] }, new Set(['x']), 'y'.repeat(100_000)];
    for (const value of values) await mine.send(value);
    for (const value of values) expect(await mine.recv()).toEqual(value);
    mine.close();
    await end;

    const [ours, yours] = pipe();
    const bytesEnd = run(work.echoBytes, form, yours);
    for (const size of SIZES) {
      await ours.sendBytes(pattern(size));
      expect([size, areEqual(await ours.recvBytes(), pattern(size))]).toEqual([size, true]);
    }
    ours.close();
    await bytesEnd;
  });

  it.each(FORMS)('carries the messages of several senders, each in its order, %s', async (form) => {
    const times = 2000;
    const [to, from] = pipe({ duplex: false });
    const senders = [0, 1, 2].map((who) => run(work.count, form, from, who, times));
    const next = [0, 0, 0];
    for (let i = 0; i < 3 * times; i++) {
      const [who, number] = (await to.recv()) as [number, number];
      if (next[who] !== number) throw new Error(`${number} of ${who} instead of ${next[who]}`);
      next[who] = number + 1;
    }
    await Promise.all(senders);
    expect(next).toEqual([times, times, times]);
    expect(to.pollSync()).toBe(false);
  });

  it('has a blocked receiver wait for what comes later, and a blocked sender for room', async () => {
    const [to, from] = pipe({ duplex: false });
    const sender = run(work.sendUntilBroken, 'sync', counters, from, MB);
    await until(() => counters[0] === 16, 'all that may be under way is');
    for (let i = 0; i < 40; i++) to.recvBytesSync();
    await until(() => counters[0] === 56, 'the sender has sent as much again');
    to.close();
    await sender;
    expect(counters[1]).toBe(1);
  });
});

describe('The end of a Connection', () => {
  it('comes when the last of many holders has closed its copy, ended, or been killed (row 8)', async () => {
    const [to, from] = pipe({ duplex: false });
    // All have both ends, as in Python's example that hangs; those of `to` are no reason to wait.
    const closing = start(work.closeWhenTold, counters, from);
    const killed = start(work.hold, counters, from, to);
    const ending = start(work.endWhenTold, counters, from, to);
    await until(() => counters[0] === 3, 'all children are there');
    from.sendSync('the last message');
    from.close();
    expect(await to.recv()).toBe('the last message');
    const end = errorOf(() => to.recv());
    let isOver = false;
    void end.then(() => (isOver = true));
    counters[1] = 1;
    expect(await joined(ending)).toBe(0);
    await until(() => counters[2] === 1, 'another has closed its copy');
    await sleep(50);
    expect(isOver).toBe(false);
    killed.kill();
    expect(await end).toBeInstanceOf(EOFError);
    expect(() => to.recvSync()).toThrow(EOFError);
    expect(to.tryRecv.bind(to)).toThrow(EOFError);
    expect(await to.poll()).toBe(true);
    closing.kill();
    await Promise.all([killed.join(), closing.join()]);
  });

  it.each(FORMS)('is told to all who wait for a message, in other processes, %s', async (form) => {
    const [to, from] = pipe({ duplex: false });
    const waiting = [0, 1, 2].map(() => start(work.waitForEnd, form, counters, to));
    await until(() => counters[0] === 3, 'all are there');
    await sleep(30);
    from.close();
    for (const child of waiting) expect(await joined(child)).toBe(0);
    expect([...counters.subarray(1, 4)]).toEqual([3, 0, 0]);
  });

  it.each(FORMS)('is EPIPE for a sender, in every form, also for one who waits for room, %s', async (form) => {
    const [to, from] = pipe({ duplex: false });
    const reader = start(work.hold, counters.subarray(8), to);
    const sender = start(work.sendUntilBroken, form, counters, from, MB);
    await until(() => counters[0] === 16 && counters[8] === 1, 'the sender waits for room');
    to.close();
    await sleep(30);
    expect([counters[0], counters[1]]).toEqual([16, 0]);
    reader.kill();
    expect(await joined(sender)).toBe(0);
    expect([counters[0], counters[1]]).toEqual([16, 1]);
    await reader.join();
    const broken = { name: 'ResourceError', errno: 'EPIPE', syscall: 'send' };
    for (const call of [
      () => from.send(1),
      () => from.sendSync(1),
      () => from.trySend(1),
      () => from.sendBytes(pattern(50_000)),
      () => from.sendBytesSync(pattern(5)),
      () => from.trySendBytes(pattern(5)),
    ])
      expect(await errorOf(call)).toMatchObject(broken);
  });

  it('ends each direction of its own, and leaves what was sent before', async () => {
    const [one, two] = pipe();
    const holder = start(work.hold, counters, two);
    await until(() => counters[0] === 1, 'the child is there');
    two.sendSync('before the end');
    two.sendBytesSync(pattern(100_000));
    two.close();
    one.sendSync('to nobody who reads it');
    holder.kill();
    await holder.join();
    expect(await errorOf(() => one.send(1))).toMatchObject({ errno: 'EPIPE' });
    expect(one.recvSync()).toBe('before the end');
    expect(areEqual(one.recvBytesSync(), pattern(100_000))).toBe(true);
    expect(await errorOf(() => one.recvBytes())).toBeInstanceOf(EOFError);
    expect(await errorOf(() => one.recvBytesInto(new Uint8Array(1)))).toBeInstanceOf(EOFError);
    expect(one.tryRecvBytes.bind(one)).toThrow(EOFError);
  });

  it('does not come while the last copy is in the arguments of a process that has just been started', async () => {
    const [mine, theirs] = pipe();
    const child = start(work.echo, 'async', theirs);
    theirs.close();
    await mine.send('hello');
    expect(await mine.recv()).toBe('hello');
    mine.close();
    expect(await joined(child)).toBe(0);
  });

  it('comes when the process is killed in whose arguments the last copy was', async () => {
    const [mine, theirs] = pipe();
    const child = start(work.echo, 'async', theirs);
    theirs.close();
    child.kill();
    expect(await errorOf(() => mine.recv())).toBeInstanceOf(EOFError);
    await child.join();
  });

  it('does not come while the last copy is under way in a Connection or a Queue, and comes when that goes', async () => {
    using queue = new Queue<Connection>();
    const [carrier, other] = pipe();
    for (const kind of ['queue', 'connection']) {
      for (const isTaken of [true, false]) {
        const [mine, theirs] = pipe();
        const way = kind === 'queue' ? queue : undefined;
        if (way === undefined) carrier.sendSync({ deep: [theirs] });
        else way.putSync(theirs);
        theirs.close();
        mine.sendSync('for whoever takes it');
        expect(await mine.poll({ timeout: 20 })).toBe(false);
        if (isTaken) {
          const taken =
            way === undefined
              ? (other.recvSync() as { deep: Connection[] }).deep[0]
              : ((await way.get()) as Connection);
          if (taken === undefined) throw new Error('There is no Connection in it');
          expect(taken.recvSync()).toBe('for whoever takes it');
          taken.close();
        } else if (way === undefined) {
          other.close();
          carrier.close();
        } else {
          way.close();
        }
        expect(await errorOf(() => mine.recv())).toBeInstanceOf(EOFError);
      }
    }
  });
});

describe('Connections as messages', () => {
  it('arrive though their sender has closed its copy, and work', async () => {
    const [mine, theirs] = pipe();
    const child = start(work.greetThroughEach, theirs);
    theirs.close();
    for (let i = 0; i < 20; i++) {
      const [to, from] = pipe({ duplex: i % 2 === 0 });
      await mine.send(from);
      from.close();
      expect(await to.recv()).toBe('hello');
      expect(await errorOf(() => to.recv())).toBeInstanceOf(EOFError);
      to.close();
    }
    mine.close();
    expect(await joined(child)).toBe(0);
  });

  it('may be many, in an array of the arguments (row 9)', async () => {
    const pairs = Array.from({ length: 10 }, () => pipe());
    const child = start(
      work.sendThroughEach,
      pairs.map(([, theirs]) => theirs),
    );
    for (const [, theirs] of pairs) theirs.close();
    for (const [index, [mine]] of pairs.entries()) {
      expect(await mine.recv()).toBe(index);
      expect(await errorOf(() => mine.recv())).toBeInstanceOf(EOFError);
    }
    expect(await joined(child)).toBe(0);
  });

  it('are one end, however often they travel in one message', async () => {
    const [carrier, other] = pipe();
    const [one, two] = pipe();
    carrier.sendSync([one, one, { one }]);
    one.close();
    const [first, second, third] = other.recvSync() as [Connection, Connection, { one: Connection }];
    expect(first).toBe(second);
    expect(third.one).toBe(first);
    keep(first).sendSync('once');
    expect(two.recvSync()).toBe('once');
  });

  it('answer an object with a Set (row 135)', async () => {
    const [mine, theirs] = pipe();
    const child = start(work.talk, theirs);
    theirs.close();
    await mine.send({ words: ['a', 'b', 'a'] });
    expect(await mine.recv()).toEqual(new Set(['a', 'b']));
    expect(await joined(child)).toBe(0);
  });
});
