import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { PoolChannel } from '../../dist/pool/pool-channel.js';
import { pack } from '../../dist/transport/parcels.js';
import { newHead } from '../../dist/transport/records.js';

let channel: PoolChannel;
beforeEach(() => {
  channel = PoolChannel.create(1);
  expect(channel.tasks.write(pack(channel.arena, ['args'], 'args', newHead()))).toBe(true);
});
afterEach(() => channel.release());

describe('A task that is taken back', () => {
  it('is seen as cancelled by the worker that takes it after that', () => {
    expect(channel.cancelUntaken(0)).toBe(true);
    channel.tasks.read();
    expect([channel.isTaken(0), channel.isCancelled(0)]).toEqual([true, true]);
  });

  it('is not cancelled when a worker has taken it before', () => {
    channel.tasks.read();
    expect(channel.cancelUntaken(0)).toBe(false);
    expect(channel.isCancelled(0)).toBe(false);
  });

  it('is not certain to be cancelled when a worker takes it at that very moment', () => {
    const cancel = channel.cancel.bind(channel);
    channel.cancel = (number) => {
      channel.tasks.read();
      cancel(number);
    };
    expect(channel.cancelUntaken(0)).toBe(false);
  });
});
