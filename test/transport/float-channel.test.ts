import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';

import { afterEach, describe, expect, it } from 'vitest';

import { ClosedError, type ElementType, EOFError, FloatChannel, ResourceError, StateError } from '../../dist/index.js';
import { lineOf, make } from '../fixtures/transport/message.js';
import { Program } from '../helpers/programs.ts';
import {
  arenaOfChannel,
  familyHolds,
  faultsOf,
  filesOf,
  freshName,
  openDescriptors,
  sleep,
} from '../helpers/shared-memory.ts';

const PARTY = 'transport/party.js';
const open: FloatChannel<ElementType>[] = [];

function make8<T extends ElementType = 'd'>(
  maxSize = 8,
  options?: ConstructorParameters<typeof FloatChannel<T>>[1],
): FloatChannel<T> {
  const channel = new FloatChannel<T>(maxSize, options);
  open.push(channel as unknown as FloatChannel<ElementType>);
  return channel;
}

afterEach(() => {
  for (const channel of open.splice(0)) channel.close();
  expect(familyHolds()).toBe(0);
});

/** Sends and receives one message in each form. */
const SENDERS: Record<string, (channel: FloatChannel, message: Float64Array) => unknown> = {
  send: (channel, message) => channel.send(message),
  sendSync: (channel, message) => channel.sendSync(message),
  trySend: (channel, message) => channel.trySend(message),
  reserve: async (channel, message) => {
    (await channel.reserve(message.length)).set(message);
    channel.commit();
  },
  reserveSync: (channel, message) => {
    channel.reserveSync(8).set(message);
    channel.commit(message.length);
  },
  tryReserve: (channel, message) => {
    channel.tryReserve()?.set(message);
    channel.commit(message.length);
  },
  produce: (channel, message) => channel.produce(message.length, (view) => view.set(message)),
  produceSync: (channel, message) => channel.produceSync(message.length, (view) => view.set(message)),
  tryProduce: (channel, message) => channel.tryProduce(message.length, (view) => view.set(message)),
};

const RECEIVERS: Record<
  string,
  (channel: FloatChannel) => Promise<Float64Array | undefined> | Float64Array | undefined
> = {
  recv: (channel) => channel.recv(),
  recvSync: (channel) => channel.recvSync(),
  tryRecv: (channel) => channel.tryRecv(),
  recvInto: async (channel) => {
    const target = new Float64Array(8);
    return target.slice(0, await channel.recvInto(target));
  },
  recvIntoSync: (channel) => {
    const target = new Float64Array(8);
    return target.slice(0, channel.recvIntoSync(target));
  },
  tryRecvInto: (channel) => {
    const target = new Float64Array(8);
    return target.slice(0, channel.tryRecvInto(target));
  },
  peek: async (channel) => {
    const copy = (await channel.peek()).slice();
    channel.release();
    return copy;
  },
  peekSync: (channel) => {
    const copy = channel.peekSync().slice();
    channel.release();
    return copy;
  },
  tryPeek: (channel) => {
    const copy = channel.tryPeek()?.slice();
    channel.release();
    return copy;
  },
  consume: (channel) => channel.consume((view) => view.slice()),
  consumeSync: (channel) => channel.consumeSync((view) => view.slice()),
  tryConsume: (channel) => channel.tryConsume((view) => view.slice()),
};

describe('The forms of a FloatChannel', () => {
  const pairs = Object.keys(SENDERS).flatMap((sender) =>
    Object.keys(RECEIVERS).map((receiver) => [sender, receiver] as const),
  );

  it.each(pairs)('carry messages of every length from %s to %s', async (sender, receiver) => {
    const channel = make8(8, { slots: 2 });
    for (let length = 0; length <= 8; length++) {
      const message = Float64Array.from({ length }, (_, index) => length * 10 + index + 0.5);
      await SENDERS[sender]?.(channel, message);
      expect(channel.size).toBe(1);
      expect(await RECEIVERS[receiver]?.(channel)).toEqual(message);
      expect(channel.size).toBe(0);
    }
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'keep the order of messages with %i slots, and say when there is no room',
    (slots) => {
      const channel = make8(2, { slots });
      for (let round = 0; round < 5; round++) {
        for (let slot = 0; slot < slots; slot++) expect(channel.trySend([round, slot])).toBe(true);
        expect(channel.trySend([0])).toBe(false);
        expect(channel.tryReserve()).toBeUndefined();
        expect(channel.tryProduce(1, () => expect.unreachable())).toBe(false);
        for (let slot = 0; slot < slots; slot++) expect(channel.tryRecv()).toEqual(Float64Array.of(round, slot));
        expect(channel.tryRecv()).toBeUndefined();
        expect(channel.tryRecvInto(new Float64Array(2))).toBeUndefined();
        expect(channel.tryPeek()).toBeUndefined();
        expect(channel.tryConsume(() => expect.unreachable())).toBeUndefined();
      }
    },
  );

  it('send arrays, typed arrays of other types, and iterables', () => {
    const channel = make8();
    channel.sendSync([1, 2]);
    channel.sendSync(Uint8Array.of(3, 4));
    channel.sendSync(new Set([5, 6]));
    channel.sendSync({ length: 1, 0: 7 });
    expect([...Array(4)].flatMap(() => [...channel.recvSync()])).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('do not call a fill for a message that cannot be sent, and send nothing when it throws', async () => {
    const channel = make8();
    const boom = new Error('boom');
    const fail = (): never => {
      throw boom;
    };
    await expect(channel.produce(1, fail)).rejects.toBe(boom);
    await expect(channel.produce(1, () => Promise.reject(boom))).rejects.toBe(boom);
    expect(() => channel.produceSync(1, fail)).toThrow(boom);
    expect(() => channel.tryProduce(1, fail)).toThrow(boom);
    expect(channel.size).toBe(0);
    channel.sendSync([1]);
    expect(() => channel.consumeSync(fail)).toThrow(boom);
    expect(channel.size).toBe(0);
  });

  it('of scopes let their function close the channel and keep what it says', async () => {
    const channel = make8();
    channel.sendSync([5]);
    const value = await channel.consume((view) => {
      channel.close();
      return view[0];
    });
    expect(value).toBe(5);
    const other = make8();
    const boom = new Error('boom');
    const closeAndFail = (): never => {
      other.close();
      throw boom;
    };
    await expect(other.produce(1, closeAndFail)).rejects.toBe(boom);
  });

  it('iterate until the end', async () => {
    const channel = make8();
    const received: number[] = [];
    const reading = (async () => {
      for await (const [value] of channel) received.push(value ?? -1);
    })();
    const writer = FloatChannel.attach(channel.share()) as FloatChannel;
    for (let value = 0; value < 20; value++) await writer.send([value]);
    writer.close();
    await reading;
    expect(received).toEqual([...Array(20).keys()]);
  });

  it('end an iteration quietly whose own object is closed', async () => {
    const channel = make8();
    channel.sendSync([1]);
    const received: Float64Array[] = [];
    for await (const message of channel) {
      received.push(message);
      channel.close();
    }
    expect(received).toEqual([Float64Array.of(1)]);
  });
});

describe('The types of a FloatChannel', () => {
  const numbers = [
    'c',
    'b',
    'B',
    '?',
    'h',
    'H',
    'i',
    'I',
    'f',
    'd',
    'int8',
    'uint8',
    'int16',
    'uint16',
    'int32',
    'uint32',
    'float32',
    'float64',
  ];
  it.each(numbers)('carry numbers as %s', (type) => {
    const channel = make8(4, { type: type as 'd' });
    channel.sendSync([0, 1, 100]);
    const message = channel.recvSync();
    expect([...message]).toEqual([0, 1, 100]);
    expect(channel.type).toBe(type);
    expect(() => channel.sendSync([1n] as never)).toThrow(TypeError);
    expect(channel.trySend([1])).toBe(true);
  });

  it.each(['l', 'L', 'q', 'Q', 'int64', 'uint64'])('carry bigints as %s', (type) => {
    const channel = make8(4, { type: type as 'q' });
    channel.sendSync([0n, 1n, 2n ** 60n]);
    expect([...channel.recvSync()]).toEqual([0n, 1n, 2n ** 60n]);
    expect(() => channel.sendSync([1] as never)).toThrow(TypeError);
    expect(() => channel.sendSync(new Float64Array(1) as never)).toThrow(TypeError);
    expect(channel.trySend([1n])).toBe(true);
  });
});

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

describe('The misuse of a FloatChannel', () => {
  it.each<[string, (channel: FloatChannel) => unknown, string, RegExp]>([
    ['a message that is too long', (c) => c.sendSync(new Float64Array(9)), 'RangeError', /9 elements.*0 to 8/],
    ['a reserve that is too long', (c) => c.reserveSync(9), 'RangeError', /9 elements/],
    ['a reserve of a negative length', (c) => c.reserveSync(-1), 'RangeError', /-1 elements/],
    ['a reserve of half an element', (c) => c.tryReserve(0.5), 'RangeError', /0.5 elements/],
    ['a reserve of a string', (c) => c.tryReserve('1' as never), 'TypeError', /string/],
    ['a string as message', (c) => c.sendSync('text' as never), 'TypeError', /array/],
    ['a number as message', (c) => c.trySend(5 as never), 'TypeError', /array/],
    ['null as message', (c) => c.send(null as never), 'TypeError', /array/],
    ['strings in the message', (c) => c.send(['1'] as never), 'TypeError', /lists of numbers/],
    ['holes in the message', (c) => c.send(Object.assign([1, 2], { length: 3 })), 'TypeError', /lists of numbers/],
    ['a DataView as message', (c) => c.send(new DataView(new ArrayBuffer(8)) as never), 'TypeError', /array|list/],
    ['a target of another type', (c) => c.recvIntoSync(new Float32Array(8) as never), 'TypeError', /Float64Array/],
    ['no target', (c) => c.recvInto(undefined as never), 'TypeError', /Float64Array/],
    ['no function to fill', (c) => c.produce(1, 5 as never), 'TypeError', /function/],
    ['no function to use', (c) => c.consumeSync('x' as never), 'TypeError', /function/],
    ['commit without reserve', (c) => c.commit(), 'StateError', /without reserve/],
    ['abort without reserve', (c) => c.abort(), 'StateError', /without reserve/],
    ['release without peek', (c) => c.release(), 'StateError', /without peek/],
    ['reserve twice', (c) => [c.reserveSync(1), c.reserveSync(1)], 'StateError', /reserved/],
    ['reserve twice, async', async (c) => [await c.reserve(1), await c.reserve(1)], 'StateError', /reserved/],
    ['send while it has reserved', (c) => [c.reserveSync(1), c.sendSync([1])], 'StateError', /reserved/],
    ['peek twice', (c) => [c.sendSync([1]), c.peekSync(), c.tryPeek()], 'StateError', /release\(\)/],
    ['receive while it looks', (c) => [c.sendSync([1]), c.peekSync(), c.recvSync()], 'StateError', /release\(\)/],
    ['a commit of more than reserved', (c) => [c.reserveSync(2), c.commit(3)], 'RangeError', /0 to 2/],
    ['an unknown option of a wait', (c) => c.recv({ timeOut: 1 } as never), 'TypeError', /timeOut/],
    ['a signal for a thread', (c) => c.recvSync({ signal: AbortSignal.abort() } as never), 'TypeError', /signal/],
    ['a negative timeout', (c) => c.recv({ timeout: -1 }), 'RangeError', /-1/],
    ['a timeout that is no number', (c) => c.recv({ timeout: '1' as never }), 'TypeError', /string/],
    ['a NaN timeout', (c) => c.recvSync({ timeout: Number.NaN }), 'RangeError', /NaN/],
    ['a signal that is none', (c) => c.recv({ signal: {} as never }), 'TypeError', /AbortSignal/],
    ['an unknown option', () => new FloatChannel(1, { slot: 1 } as never), 'TypeError', /"slot"/],
    ['a size of 0', () => new FloatChannel(0), 'RangeError', /maxSize/],
    ['a size of 1.5', () => new FloatChannel(1.5), 'RangeError', /maxSize/],
    ['a size that is a string', () => new FloatChannel('8' as never), 'TypeError', /maxSize/],
    ['a size beyond 2 GiB', () => new FloatChannel(2 ** 29), 'RangeError', /maxSize/],
    ['no slots', () => new FloatChannel(1, { slots: 0 }), 'RangeError', /slots/],
    ['too many slots', () => new FloatChannel(1, { slots: 1025 }), 'RangeError', /slots/],
    ['slots as a string', () => new FloatChannel(1, { slots: '2' as never }), 'TypeError', /slots/],
    ['an unknown type', () => new FloatChannel(1, { type: 'x' as never }), 'TypeError', /"x"/],
    ['an empty name', () => new FloatChannel(1, { name: '' }), 'RangeError', /name/],
    ['a path as name', () => FloatChannel.open('../x'), 'RangeError', /name/],
    ['a name that is a number', () => FloatChannel.open(5 as never), 'TypeError', /name/],
  ])('is an error: %s', async (_title, misuse, name, message) => {
    const channel = make8();
    await expect((async () => misuse(channel))()).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message) as string,
    });
    channel.close();
  });

  it('with a list that changes while it waits harms nobody', async () => {
    const channel = make8(8, { slots: 1 });
    channel.sendSync([1]);
    const values = [2];
    const sending = channel.send(values);
    for (let extra = 0; extra < 20; extra++) values.push(extra);
    expect(channel.recvSync()).toEqual(Float64Array.of(1));
    await expect(sending).rejects.toThrow(RangeError);
    const target = new Float64Array(8);
    const receiving = channel.recvInto(target);
    structuredClone(target, { transfer: [target.buffer] });
    channel.sendSync([3]);
    await expect(receiving).rejects.toThrow(RangeError);
    expect(channel.recvSync()).toEqual(Float64Array.of(3));
    channel.sendSync([4]);
    expect(channel.recvSync()).toEqual(Float64Array.of(4));
  });

  it('leaves a message that does not fit the target in the channel', () => {
    const channel = make8();
    channel.sendSync([1, 2, 3]);
    expect(() => channel.recvIntoSync(new Float64Array(2))).toThrow(/stays in the channel/);
    expect(channel.recvSync()).toHaveLength(3);
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

describe('The name of a FloatChannel', () => {
  it('leads to the same channel, and goes with the last user', () => {
    const name = freshName();
    const descriptors = openDescriptors();
    const channel = new FloatChannel<'i'>(4, { name, type: 'i', slots: 3 });
    expect(filesOf(name)).toHaveLength(1);
    const other = FloatChannel.open<'i'>(name);
    expect([other.maxSize, other.type, other.slots, other.name]).toEqual([4, 'i', 3, name]);
    channel.sendSync([7]);
    channel.detach();
    expect(filesOf(name)).toHaveLength(1);
    expect(other.recvSync()).toEqual(Int32Array.of(7));
    other.close();
    expect(filesOf(name)).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
  });

  it('is taken only once', () => {
    const name = freshName();
    const channel = new FloatChannel(4, { name });
    expect(() => new FloatChannel(4, { name })).toThrow(
      expect.objectContaining({ name: 'ResourceError', message: expect.stringMatching(/exists/) as string }) as Error,
    );
    channel.close();
    new FloatChannel(4, { name }).close();
    expect(filesOf(name)).toEqual([]);
  });

  it('that nobody has made cannot be opened', () => {
    expect(() => FloatChannel.open(freshName())).toThrow(
      expect.objectContaining({ name: 'ResourceError', errno: 'ENOENT', syscall: 'shm_open' }) as Error,
    );
  });

  it('is not left behind by a channel that is too large', () => {
    const name = freshName();
    const descriptors = openDescriptors();
    expect(() => new FloatChannel(2 ** 27, { name, slots: 1024 })).toThrow(ResourceError);
    expect(filesOf(name)).toEqual([]);
    expect(openDescriptors()).toBe(descriptors);
    new FloatChannel(4, { name }).close();
  });

  it('is free again when all users were killed', async () => {
    const name = freshName();
    const creator = new Program('transport/creator.js', [name]);
    await creator.printed('made');
    creator.child.kill('SIGKILL');
    await creator.end;
    expect(() => FloatChannel.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }) as Error);
    expect(filesOf(name)).toEqual([]);
    new FloatChannel(4, { name }).close();
  });
});

describe('What util.inspect shows of a FloatChannel', () => {
  it('is its live state', () => {
    const channel = make8(8, { slots: 2 });
    channel.sendSync([1]);
    expect(inspect(channel)).toBe("FloatChannel { type: 'd', maxSize: 8, messages: 1 of 2 }");
    const other = FloatChannel.attach(channel.share());
    channel.close();
    expect(inspect(channel)).toBe('FloatChannel { closed }');
    expect(inspect(other)).toMatch(/closed by another/);
    other.detach();
    const name = freshName();
    const named = new FloatChannel(8, { name });
    expect(inspect(named)).toContain(`"${name}"`);
    named.close();
  });
});

describe('A FloatChannel between processes', () => {
  it.each([
    ['sync', 'sync'],
    ['copySync', 'async'],
    ['async', 'copySync'],
    ['copy', 'copy'],
  ])(
    'carries every message once, from %s producers to %s consumers, in the order of each producer',
    async (from, to) => {
      const name = freshName();
      const count = 300;
      const channel = new FloatChannel(40, { name, slots: 3 });
      const consumers = [0, 1].map(() => new Program(PARTY, ['consumer', to, name]));
      // One that comes when all is sent and taken would find no channel of this name.
      await Promise.all(consumers.map((consumer) => consumer.printed('ready')));
      const producers = [1, 2, 3].map((id) => new Program(PARTY, ['producer', from, name, `${id}`, '0', `${count}`]));
      for (const producer of producers) expect(await producer.end).toMatchObject({ code: 0 });
      expect(faultsOf(arenaOfChannel(channel))).toBe(0);
      channel.close();
      const ends = await Promise.all(consumers.map((consumer) => consumer.end));
      expect(ends.map(({ code }) => code)).toEqual([0, 0]);
      const got = ends.map(({ lines }) => lines.filter((line) => line !== 'ready' && line !== 'end'));
      for (const id of [1, 2, 3]) {
        for (const lines of got) {
          const sequences = lines
            .filter((line) => line.startsWith(`got ${id} `))
            .map((line) => Number(line.split(' ')[2]));
          expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
        }
      }
      const expected = [1, 2, 3].flatMap((id) =>
        Array.from({ length: count }, (_, sequence) => `got ${id} ${sequence}`),
      );
      expect(got.flat().toSorted()).toEqual(expected.toSorted());
      expect(filesOf(name)).toEqual([]);
    },
  );
});

describe('A FloatChannel between threads', () => {
  it('carries messages to worker threads and back', async () => {
    const name = freshName();
    const there = new FloatChannel(40, { name });
    const back = new FloatChannel(40, { name: `${name}b` });
    const workers = ['sync', 'async'].map(
      (form) => new Worker(new URL('../fixtures/transport/echo.js', import.meta.url), { workerData: { name, form } }),
    );
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
    const received: string[] = [];
    const receiving = (async () => {
      for (let count = 0; count < 200; count++) received.push(lineOf(await back.recv()));
    })();
    for (let sequence = 0; sequence < 200; sequence++) await there.send(make(1, sequence));
    await receiving;
    there.close();
    expect(await Promise.all(ended)).toEqual([0, 0]);
    expect(received.toSorted()).toEqual(Array.from({ length: 200 }, (_, sequence) => `got 1 ${sequence}`).toSorted());
    back.close();
    expect([...filesOf(name), ...filesOf(`${name}b`)]).toEqual([]);
  });
});
