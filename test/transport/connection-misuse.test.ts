import { describe, expect, it } from 'vitest';

import { type Connection, Pipe } from '../../dist/index.js';
import { errorOf, pattern, pipe } from '../helpers/pipes.ts';
import { expectNoHolds } from '../helpers/primitives.ts';

expectNoHolds();

const bytes = pattern(26);

type Misuse = readonly [title: string, call: (c: Connection) => unknown, name: string, message: RegExp];

const MISUSES: readonly Misuse[] = [
  ['an offset beyond the bytes', (c) => c.sendBytes(bytes, 27), 'RangeError', /offset 27 is beyond the 26 bytes/],
  ['more than there is from an offset on', (c) => c.sendBytesSync(bytes, 22, 5), 'RangeError', /5 bytes from 22 on/],
  ['one byte behind the last', (c) => c.trySendBytes(bytes, 26, 1), 'RangeError', /more than the 26/],
  ['a negative offset', (c) => c.sendBytesSync(bytes, -1), 'RangeError', /offset.*-1/],
  ['a negative size', (c) => c.sendBytes(bytes, 4, -1), 'RangeError', /size.*-1/],
  ['half an offset', (c) => c.sendBytes(bytes, 0.5), 'RangeError', /0.5/],
  ['an offset that is a text', (c) => c.sendBytes(bytes, '1' as never), 'TypeError', /offset.*string/],
  ['a size that is null', (c) => c.trySendBytes(bytes, 0, null as never), 'TypeError', /size.*null/],
  ['a text as bytes', (c) => c.sendBytes('text' as never), 'TypeError', /typed array.*string/],
  ['a list as bytes', (c) => c.sendBytesSync([1, 2] as never), 'TypeError', /typed array.*object/],
  ['no bytes', (c) => c.trySendBytes(undefined as never), 'TypeError', /undefined/],
  ['a text to receive into', (c) => c.recvBytesInto('text' as never), 'TypeError', /string/],
  ['an offset behind the buffer', (c) => c.recvBytesIntoSync(bytes, 27), 'RangeError', /27/],
  ['a negative maxLength', (c) => c.recvBytes({ maxLength: -1 }), 'RangeError', /maxLength.*-1/],
  ['a maxLength that is a text', (c) => c.recvBytesSync({ maxLength: '5' as never }), 'TypeError', /maxLength.*string/],
  ['an unknown option', (c) => c.recvBytes({ maxSize: 5 } as never), 'TypeError', /"maxSize".*"maxLength"/],
  ['maxLength of a value', (c) => c.recv({ maxLength: 5 } as never), 'TypeError', /"maxLength"/],
  ['a misspelt timeout', (c) => c.recv({ timeOut: 5 } as never), 'TypeError', /"timeOut"/],
  ['a number as options', (c) => c.poll(5 as never), 'TypeError', /number/],
  ['a negative timeout', (c) => c.poll({ timeout: -1 }), 'RangeError', /-1/],
  ['a timeout that is NaN', (c) => c.sendSync(1, { timeout: NaN }), 'RangeError', /NaN/],
  ['a timeout that is a text', (c) => c.pollSync({ timeout: '1' as never }), 'TypeError', /string/],
  ['a signal for a thread', (c) => c.recvSync({ signal: AbortSignal.abort() } as never), 'TypeError', /signal/],
  ['a signal to receive bytes', (c) => c.recvBytesSync({ signal: undefined } as never), 'TypeError', /signal/],
  ['a signal that is none', (c) => c.send(1, { signal: {} as never }), 'TypeError', /AbortSignal/],
  ['what cannot travel', (c) => c.send(new WeakMap()), 'SerializationError', /the message/],
  ['what cannot travel, tried', (c) => c.trySend({ deep: [Symbol('x')] }), 'SerializationError', /deep/],
];

describe('The misuse of a Connection', () => {
  it.each(MISUSES)('is an error before anything happens: %s', async (_title, call, name, message) => {
    const [one, two] = pipe();
    await expect((async () => call(one))()).rejects.toMatchObject({
      name,
      message: expect.stringMatching(message) as string,
    });
    two.sendBytesSync(bytes);
    await expect((async () => call(one))()).rejects.toMatchObject({ name });
    expect(two.pollSync()).toBe(false);
    expect(one.recvBytesSync()).toEqual(bytes);
  });

  it.each([
    ['an unknown option', () => Pipe({ duplx: true } as never), /"duplx".*"duplex"/],
    ['a text', () => Pipe({ duplex: 'no' as never }), /true or false, not string/],
    ['a boolean alone, as in Python', () => Pipe(false as never), /must be an object, not boolean/],
  ])('is an error of Pipe(): %s', (_title, call, message) => {
    expect(call).toThrow(TypeError);
    expect(call).toThrow(message);
  });

  it('in the wrong direction is a StateError, in every form', async () => {
    const [from, to] = pipe({ duplex: false });
    const wrong: [string, () => unknown, RegExp][] = [
      ['send', () => from.send(1), /only receives/],
      ['sendSync', () => from.sendSync(1), /only receives/],
      ['trySend', () => from.trySend(1), /only receives/],
      ['sendBytes', () => from.sendBytes(bytes), /only receives/],
      ['sendBytesSync', () => from.sendBytesSync(bytes), /only receives/],
      ['trySendBytes', () => from.trySendBytes(bytes), /only receives/],
      ['recv', () => to.recv(), /only sends/],
      ['recvSync', () => to.recvSync(), /only sends/],
      ['tryRecv', () => to.tryRecv(), /only sends/],
      ['recvBytes', () => to.recvBytes(), /only sends/],
      ['recvBytesSync', () => to.recvBytesSync(), /only sends/],
      ['tryRecvBytes', () => to.tryRecvBytes(), /only sends/],
      ['recvBytesInto', () => to.recvBytesInto(bytes), /only sends/],
      ['recvBytesIntoSync', () => to.recvBytesIntoSync(bytes), /only sends/],
      ['poll', () => to.poll(), /only sends/],
      ['poll, a while', () => to.poll({ timeout: 10 }), /only sends/],
      ['pollSync', () => to.pollSync({ timeout: 10 }), /only sends/],
      ['iteration', () => to[Symbol.asyncIterator]().next(), /only sends/],
    ];
    for (const [what, call, message] of wrong) {
      expect([what, await errorOf(call)]).toMatchObject([
        what,
        { name: 'StateError', code: 'ERR_MP_STATE', message: expect.stringMatching(message) as string },
      ]);
    }
    expect([from.readable, from.writable, to.readable, to.writable]).toEqual([true, false, false, true]);
    to.sendSync('all the same');
    expect(from.recvSync()).toBe('all the same');
  });
});
