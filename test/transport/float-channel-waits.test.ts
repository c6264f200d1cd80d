import { getEventListeners } from 'node:events';

import { describe, expect, it } from 'vitest';

import { ClosedError, EOFError, FloatChannel, StateError } from '../../dist/index.js';
import { closeChannelsAfterEach, make8 } from '../helpers/channels.ts';
import { sleep } from '../helpers/shared-memory.ts';

closeChannelsAfterEach();

describe('A wait for a FloatChannel', () => {
  it('ends with TimeoutError, never early, in both directions and forms', async () => {
    const channel = make8(2, { slots: 1 });
    const expectTimeout = async (wait: () => unknown): Promise<void> => {
      const begin = performance.now();
      await expect((async () => wait())()).rejects.toMatchObject({ name: 'TimeoutError', code: 'ERR_MP_TIMEOUT' });
      expect(performance.now() - begin).toBeGreaterThanOrEqual(30);
    };
    const o = { timeout: 30 };
    await expectTimeout(() => channel.recvSync(o));
    await expectTimeout(() => channel.recv(o));
    await expectTimeout(() => channel.peekSync(o));
    await expectTimeout(() => channel.consume(() => 0, o));
    channel.sendSync([1]);
    await expectTimeout(() => channel.sendSync([2], o));
    await expectTimeout(() => channel.send([2], o));
    await expectTimeout(() => channel.reserveSync(1, o));
    await expectTimeout(() => channel.produce(1, () => 0, o));
    expect(channel.recvSync()).toEqual(Float64Array.of(1));
  });

  it('of 0 ms does not wait, and takes what is there', async () => {
    const channel = make8(2, { slots: 1 });
    await expect(channel.recv({ timeout: 0 })).rejects.toMatchObject({ code: 'ERR_MP_TIMEOUT' });
    expect(() => channel.recvSync({ timeout: 0 })).toThrow(/time is over/);
    await channel.send([3], { timeout: 0 });
    expect(await channel.recv({ timeout: 0 })).toEqual(Float64Array.of(3));
  });

  it('ends with the reason of its signal, before and during it', async () => {
    const channel = make8();
    const reason = new Error('enough');
    await expect(channel.recv({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const pending = channel.recv({ signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(pending).rejects.toBe(reason);
    await expect(channel.recv({ signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('that was given up eats no message', async () => {
    const channel = make8();
    const controller = new AbortController();
    const given = Array.from({ length: 50 }, (_, index) =>
      channel.recv(index % 2 === 0 ? { signal: controller.signal } : { timeout: 5 }).catch(() => 'given up'),
    );
    await sleep(20);
    // One listener, however many wait: Node warns of more than ten.
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1);
    controller.abort();
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    expect(new Set(await Promise.all(given))).toEqual(new Set(['given up']));
    channel.sendSync([1]);
    await sleep(5);
    expect(channel.size).toBe(1);
    expect(await channel.recv()).toEqual(Float64Array.of(1));
  });

  it('does not let a later call overtake an earlier one', async () => {
    const channel = make8(1, { slots: 2 });
    const sends = Array.from({ length: 100 }, (_, value) => channel.send([value]));
    const received: number[] = [];
    // The free slots that a blocking receive leaves are the waiting sends', not the next one's.
    received.push(...channel.recvSync());
    sends.push(channel.send([100]));
    while (received.length < 101) received.push(...(await channel.recv()));
    await Promise.all(sends);
    expect(received).toEqual([...Array(101).keys()]);

    const receives = Array.from({ length: 100 }, () => channel.recv());
    for (let value = 0; value < 100; value++) await channel.send([value]);
    expect((await Promise.all(receives)).map(([value]) => value)).toEqual([...Array(100).keys()]);
  });

  it('passes its turn on when the first of several gives up', async () => {
    const channel = make8(1, { slots: 1 });
    channel.sendSync([0]);
    const controller = new AbortController();
    const first = channel.send([1], { signal: controller.signal }).catch(() => 'given up');
    const second = channel.send([2]);
    await sleep(5);
    controller.abort();
    expect(await first).toBe('given up');
    expect(channel.recvSync()).toEqual(Float64Array.of(0));
    await second;
    expect(channel.recvSync()).toEqual(Float64Array.of(2));
  });

  it('lets the event loop turn however long operations succeed at once', async () => {
    const channel = make8(8, { slots: 1 });
    const loop = { turned: false };
    setTimeout(() => (loop.turned = true), 1);
    // Without a turn of the loop this goes on for ever.
    while (!loop.turned) {
      await channel.send([1]);
      await channel.recv();
    }
    expect(loop.turned).toBe(true);
  });

  it('of a thread for what the thread itself holds is a StateError', async () => {
    const channel = make8(2, { slots: 1 });
    const other = FloatChannel.attach(channel.share()) as FloatChannel;
    channel.tryReserve(1);
    expect(() => other.sendSync([1])).toThrow(StateError);
    expect(() => other.reserveSync(1, { timeout: 1000 })).toThrow(StateError);
    expect(() => other.recvSync()).toThrow(StateError);
    expect(other.trySend([1])).toBe(false);
    const sending = other.send([2]);
    channel.commit(1);
    expect(channel.recvSync()).toHaveLength(1);
    await sending;
    channel.peekSync();
    expect(() => other.recvSync()).toThrow(StateError);
    expect(() => other.sendSync([1])).toThrow(StateError);
    channel.release();
    other.sendSync([3]);
    expect(other.recvSync()).toEqual(Float64Array.of(3));
    other.detach();
  });
});

describe('Closing a FloatChannel', () => {
  it('lets receivers drain, and then gives them EOFError', async () => {
    const channel = make8();
    const reader = FloatChannel.attach(channel.share()) as FloatChannel;
    channel.sendSync([1]);
    channel.sendSync([2]);
    channel.close();
    expect(reader.closed).toBe(true);
    expect(() => reader.sendSync([1])).toThrow(ClosedError);
    expect(() => reader.reserveSync(1)).toThrow(ClosedError);
    expect(reader.recvSync()).toEqual(Float64Array.of(1));
    expect(await reader.recv()).toEqual(Float64Array.of(2));
    await expect(reader.recv()).rejects.toMatchObject({ name: 'EOFError', code: 'ERR_MP_EOF' });
    expect(() => reader.recvSync()).toThrow(EOFError);
    expect(() => reader.tryRecv()).toThrow(EOFError);
    expect(() => reader.tryPeek()).toThrow(EOFError);
    reader.detach();
  });

  it('is done once; every later use is a ClosedError', async () => {
    const channel = make8();
    channel.close();
    channel.close();
    channel.detach();
    expect(channel.closed).toBe(true);
    const uses = [
      () => channel.sendSync([1]),
      () => channel.tryRecv(),
      () => channel.commit(),
      () => channel.release(),
      () => channel.size,
      () => channel.share(),
    ];
    for (const use of uses) expect(use).toThrow(ClosedError);
    await expect(channel.recv()).rejects.toMatchObject({ code: 'ERR_MP_CLOSED' });
    await expect(channel.send([1])).rejects.toBeInstanceOf(ClosedError);
  });

  it('ends the waits of its own object and of others', async () => {
    const channel = make8(1, { slots: 1 });
    const other = FloatChannel.attach(channel.share()) as FloatChannel;
    const failures = [channel.recv(), other.recv()].map((wait) => wait.catch((error: Error) => error.name));
    await sleep(20);
    channel.close();
    expect(await Promise.all(failures)).toEqual(['ClosedError', 'EOFError']);
    other.detach();

    const full = make8(1, { slots: 1 });
    const twin = FloatChannel.attach(full.share()) as FloatChannel;
    full.sendSync([1]);
    const sends = [full.send([2]), twin.send([3])].map((wait) => wait.catch((error: Error) => error.name));
    await sleep(20);
    full.close();
    expect(await Promise.all(sends)).toEqual(['ClosedError', 'ClosedError']);
    expect(twin.recvSync()).toEqual(Float64Array.of(1));
    twin.detach();
  });

  it('ends waits for a lock that somebody keeps', async () => {
    const channel = make8(1, { slots: 2 });
    const holder = FloatChannel.attach(channel.share()) as FloatChannel;
    const closer = FloatChannel.attach(channel.share()) as FloatChannel;
    holder.reserveSync(1);
    const sending = channel.send([1]).catch((error: Error) => error.name);
    await sleep(20);
    closer.close();
    expect(await sending).toBe('ClosedError');
    expect(() => holder.commit()).toThrow(ClosedError);
    holder.detach();
  });

  it('by detaching leaves the channel to the others, with the message that it looked at', async () => {
    const channel = make8();
    const other = FloatChannel.attach(channel.share()) as FloatChannel;
    channel.sendSync([1]);
    other.peekSync();
    channel.tryReserve(1);
    const pending = FloatChannel.attach(channel.share()) as FloatChannel;
    const waiting = pending.send([1]).catch((error: Error) => error.name);
    await sleep(10);
    pending.detach();
    expect(await waiting).toBe('ClosedError');
    channel.abort();
    other.detach();
    expect(channel.closed).toBe(false);
    expect(channel.recvSync()).toEqual(Float64Array.of(1));
  });

  it('happens at the end of a scope', () => {
    let seen: FloatChannel;
    {
      using channel = new FloatChannel(1);
      seen = channel;
    }
    expect(seen.closed).toBe(true);
  });
});
