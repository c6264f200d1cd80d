import { describe, expect, it } from 'vitest';

import { FloatChannel } from '../../dist/index.js';
import { closeChannelsAfterEach, make8 } from '../helpers/channels.ts';

closeChannelsAfterEach();

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
