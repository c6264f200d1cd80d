import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { FloatChannel } from '../../dist/index.js';
import { closeChannelsAfterEach, make8 } from '../helpers/channels.ts';
import { freshName } from '../helpers/shared-memory.ts';

closeChannelsAfterEach();

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
