import { expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { allocate } from '../../dist/memory/heap.js';
import { Wait } from '../../dist/synchronize/wait-point.js';
import { MessageStream } from '../../dist/transport/message-stream.js';
import { pack, unpack } from '../../dist/transport/parcels.js';
import type { Incoming } from '../../dist/transport/records.js';
import { SIMPLEX_KIND } from '../../dist/transport/connection-ends.js';
import { streamBlockBytes } from '../../dist/transport/stream-layout.js';
import { ENDED } from '../../dist/transport/stream-state.js';

const MESSAGE = {
  bytes: new Uint8Array(3),
  start: 0,
  end: 3,
  needsModules: false,
  weight: 3,
  parcel: undefined,
  head: undefined,
};

it('tells that the other end is deserted once, and not after a message has come all the same', () => {
  const block = allocate(familyArena(), streamBlockBytes(1), { kind: SIMPLEX_KIND });
  MessageStream.initialize(block, 0, { maxSize: 10, maxBytes: 1e6 });
  const stream = new MessageStream(block, 0, { writer: 0, reader: 0 }, () => true);
  const probe = (): void => (stream.read() as Wait).probe?.(true, true);
  try {
    probe();
    expect(stream.poll()).toBe(true);
    expect(stream.read()).toBe(ENDED);
    expect(stream.poll()).toBeInstanceOf(Wait);

    probe();
    expect(stream.write(MESSAGE)).toBe(true);
    expect(stream.read()).toMatchObject({ end: expect.any(Number) as number });
    expect(stream.poll()).toBeInstanceOf(Wait);
    expect(stream.read()).toBeInstanceOf(Wait);
  } finally {
    block.release();
  }
});

it('carries the head of a message beside it, whether it is in the stream or in a block of its own', () => {
  const block = allocate(familyArena(), streamBlockBytes(1), { kind: SIMPLEX_KIND });
  MessageStream.initialize(block, 0, { maxSize: 10, maxBytes: 1e6 });
  const stream = new MessageStream(block, 0);
  const received = (): unknown[] => {
    const { head, ...message } = stream.read() as Incoming;
    return [unpack({ ...message, head }), ...head];
  };
  try {
    for (const value of ['a', 'abcd', 'x'.repeat(1000), 'x'.repeat(100_000)]) {
      for (const head of [Int32Array.of(1, -2, 3, 2 ** 31 - 1), undefined, Int32Array.of(5, 6, 7, 8)]) {
        const message = pack(familyArena(), value, 'the value', head);
        expect(stream.write(message)).toBe(true);
        message.parcel?.release();
      }
      expect(received()).toEqual([value, 1, -2, 3, 2 ** 31 - 1]);
      expect(received()[0]).toBe(value);
      expect(received()).toEqual([value, 5, 6, 7, 8]);
    }
  } finally {
    block.release();
  }
});

it('numbers its messages for who looks at them before he takes them', () => {
  const block = allocate(familyArena(), streamBlockBytes(1), { kind: SIMPLEX_KIND });
  MessageStream.initialize(block, 0, { maxSize: 10, maxBytes: 1e6 });
  const stream = new MessageStream(block, 0);
  const numbers: number[] = [];
  try {
    for (let i = 0; i < 3; i++) {
      expect([stream.sent, stream.taken]).toEqual([i, i]);
      stream.write(MESSAGE);
      stream.read((_, number) => numbers.push(number));
    }
    expect(numbers).toEqual([0, 1, 2]);
  } finally {
    block.release();
  }
});
