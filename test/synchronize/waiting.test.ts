import { describe, expect, it } from 'vitest';

import { FloatChannel } from '../../dist/index.js';
import { Program } from '../helpers/programs.ts';
import { arenaOfChannel, familyHolds, filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const WAITER = 'synchronize/waiter.js';

describe('A pending asynchronous wait', () => {
  it('keeps the event loop alive, and going', async () => {
    const name = freshName();
    const channel = new FloatChannel(1, { name });
    const waiter = new Program(WAITER, ['pending', name]);
    await waiter.printed('ready');
    await sleep(400);
    expect(waiter.child.exitCode).toBeNull();
    channel.sendSync([5]);
    const { code, lines } = await waiter.end;
    expect(code).toBe(0);
    expect(lines).toContain('received 5');
    // A timer of 10 ms has gone on meanwhile.
    expect(lines.filter((line) => line === 'tick').length).toBeGreaterThan(5);
    channel.close();
    expect(filesOf(name)).toEqual([]);
  });

  it.each(['done', 'timed-out', 'aborted', 'closed'])('leaves the process free to end once it is %s', async (how) => {
    const { code, lines } = await new Program(WAITER, [how, freshName()]).end;
    expect([code, lines.at(-1)]).toEqual([0, 'over']);
  });

  it('is one of thousands, each of which gets its own message', async () => {
    const count = 5_000;
    const channel = new FloatChannel(1);
    const objects = Array.from({ length: 10 }, () => FloatChannel.attach(channel.share()) as FloatChannel);
    const waits = Array.from({ length: count }, (_, index) => objects[index % objects.length]?.recv());
    await sleep(20);
    for (let value = 0; value < count; value++) await channel.send([value]);
    const received = (await Promise.all(waits)).map((message) => message?.[0]);
    expect(new Set(received)).toEqual(new Set(Array(count).keys()));
    for (const object of objects) object.detach();
    channel.close();
    expect(familyHolds()).toBe(0);
  });

  it('is woken through thousands of sleeps', async () => {
    const name = freshName();
    const there = new FloatChannel(1, { name, slots: 1 });
    const back = new FloatChannel(1, { name: `${name}b`, slots: 1 });
    const echo = new Program(WAITER, ['echo', name]);
    for (let value = 0; value < 2_000; value++) {
      await there.send([value]);
      expect((await back.recv())[0]).toBe(value);
      if (value % 4 === 0) await sleep(0);
    }
    there.close();
    expect(await echo.end).toMatchObject({ code: 0 });
    back.close();
  });
});

describe('Waiting', () => {
  it.each(['sync', 'async'])('uses no processor time in the %s form', async (form) => {
    const name = freshName();
    const channel = new FloatChannel(1, { name });
    const waiter = new Program(WAITER, [`cpu-${form}`, name]);
    await waiter.printed('ready');
    await sleep(1_500);
    channel.sendSync([1]);
    const { lines } = await waiter.end;
    const [, used, elapsed] = (lines.at(-1) ?? '').split(' ').map(Number);
    expect(elapsed).toBeGreaterThan(1_000);
    // About 1 % of the time, on a noisy machine; spinning would be all of it.
    expect(used).toBeLessThan((elapsed ?? 0) * 0.05);
    channel.close();
  });

  it('in both forms at once, every message wakes somebody', async () => {
    const name = freshName();
    const channel = new FloatChannel(1, { name, slots: 2 });
    const waiters = ['take-sync', 'take-sync', 'take-async', 'take-async'].map(
      (how) => new Program(WAITER, [how, name]),
    );
    await Promise.all(waiters.map((waiter) => waiter.printed('ready')));
    const count = 300;
    for (let value = 0; value < count; value++) {
      await channel.send([value]);
      if (value % 10 === 0) await sleep(2); // let them all fall asleep
    }
    channel.close();
    const taken = (await Promise.all(waiters.map((waiter) => waiter.end))).flatMap(({ lines }) =>
      lines.filter((line) => line.startsWith('took ')),
    );
    expect(taken.length).toBe(count);
    expect(new Set(taken).size).toBe(count);
  });

  it('finds the message for which a stopped process was woken', async () => {
    const name = freshName();
    const channel = new FloatChannel(1, { name, slots: 2 });
    const stopped = new Program(WAITER, ['take-sync', name]);
    await stopped.printed('ready');
    await sleep(100);
    stopped.child.kill('SIGSTOP');
    const other = new Program(WAITER, ['take-sync', name]);
    await other.printed('ready');
    await sleep(100);
    channel.sendSync([1]); // wakes the one that slept first
    await other.printed('took 1');
    stopped.child.kill('SIGCONT');
    channel.close();
    expect((await stopped.end).lines).toEqual(['ready']);
    await other.end;
  });

  it('of many threads for one lock passes it on at once', async () => {
    const name = freshName();
    const channel = new FloatChannel(1, { name, slots: 2 });
    channel.tryReserve();
    const producers = [0, 1, 2].map(() => new Program(WAITER, ['send-sync', name]));
    await Promise.all(producers.map((producer) => producer.printed('ready')));
    await sleep(150);
    channel.abort();
    for (let count = 0; count < 3; count++) expect(await channel.recv()).toHaveLength(1);
    for (const producer of producers) expect(await producer.end).toMatchObject({ code: 0 });
    const { parks } = arenaOfChannel(channel).participants()[0] ?? { parks: -1 };
    expect(parks).toBeGreaterThanOrEqual(0);
    channel.close();
  });

  it('in a worker thread lets the thread be terminated and the process exit', async () => {
    const { code, lines } = await new Program(WAITER, ['terminate', freshName()]).end;
    expect([code, lines]).toEqual([0, ['terminated', 'leaving']]);
  });
});
