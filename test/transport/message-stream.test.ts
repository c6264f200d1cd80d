import { expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { allocate } from '../../dist/memory/heap.js';
import { Wait } from '../../dist/synchronize/wait-point.js';
import { MessageStream } from '../../dist/transport/message-stream.js';
import { SIMPLEX_KIND } from '../../dist/transport/connection-ends.js';
import { streamBlockBytes } from '../../dist/transport/stream-layout.js';
import { ENDED } from '../../dist/transport/stream-state.js';

const MESSAGE = { bytes: new Uint8Array(3), start: 0, end: 3, needsModules: false, weight: 3, parcel: undefined };

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
