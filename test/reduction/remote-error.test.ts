import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decodeThrown, encodeThrown } from '../../src/reduction/remote-error.ts';
import { RemoteError } from '../../src/support/errors.ts';
import * as fixtures from '../fixtures/reduction/functions.js';

const origin = { name: 'Process-2', pid: 812 };
const trip = (thrown: unknown): unknown => decodeThrown(encodeThrown(thrown, origin).bytes);

describe('an error of another process', () => {
  it('arrives with class, message, properties and its own stack', () => {
    const thrown = Object.assign(new RangeError('too much'), { code: 'E_TOO_MUCH' });
    const error = trip(thrown) as typeof thrown;
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ message: 'too much', code: 'E_TOO_MUCH', stack: thrown.stack });
  });

  it('arrives as an instance of its exported class', () => {
    const { bytes, modules } = encodeThrown(new fixtures.ShopError('sold out', 5), origin);
    expect(modules).toEqual([new URL('../fixtures/reduction/functions.js', import.meta.url).href]);
    expect((decodeThrown(bytes) as InstanceType<typeof fixtures.ShopError>).hint()).toBe('see 5');
  });

  it('has a RemoteError as its cause, which names the process and keeps the stack', () => {
    const thrown = new Error('x');
    const { cause } = trip(thrown) as { cause: RemoteError };
    expect(cause).toBeInstanceOf(RemoteError);
    expect(cause).toMatchObject({
      code: 'ERR_MP_REMOTE',
      message: 'thrown in Process-2 (pid 812)',
      processName: 'Process-2',
      remoteStack: thrown.stack,
    });
    expect(inspect(trip(thrown))).toMatch(/thrown in Process-2 \(pid 812\)/);
    expect(cause.stack).not.toMatch(/remote-error/);
  });

  it('keeps its own causes, the RemoteError stands behind them', () => {
    const root = new TypeError('root');
    const error = trip(new Error('outer', { cause: new Error('middle', { cause: root }) })) as Error;
    const found = (error.cause as Error).cause as Error;
    expect(found.message).toBe('root');
    expect(found.cause).toBeInstanceOf(RemoteError);
    expect(trip(new Error('x', { cause: 'a text' }))).toMatchObject({ cause: 'a text' });
  });

  it('names the process where it was thrown, not those that passed it on', () => {
    const passedOn = decodeThrown(encodeThrown(trip(new Error('x')), { name: 'Process-9', pid: 9 }).bytes) as Error;
    expect((passedOn.cause as Error).message).toContain('Process-2');
    expect((passedOn.cause as Error).cause).toBeUndefined();
  });

  it('arrives even if its causes go round', () => {
    const error = new Error('round') as Error & { cause: unknown };
    error.cause = new Error('and', { cause: error });
    const received = trip(error) as typeof error;
    expect((received.cause as Error).cause).toBe(received);
  });

  it('loses only those properties that cannot travel', () => {
    const thrown = Object.assign(new TypeError('request failed'), {
      status: 500,
      socket: process.stdout,
      callback: () => 1,
      info: { ok: true },
    });
    const error = trip(thrown) as typeof thrown;
    expect(error).toBeInstanceOf(TypeError);
    expect(error.stack).toBe(thrown.stack);
    expect(Object.keys(error)).toEqual(['status', 'info']);
  });

  it('becomes a RemoteError when its class is not there', () => {
    const { bytes } = encodeThrown(new fixtures.ShopError('sold out', 5), origin);
    const broken = Buffer.from(bytes);
    // The last time it is named is in the table of modules.
    broken.write('gone', broken.lastIndexOf('functions.js'), 'latin1');
    const error = decodeThrown(broken) as RemoteError;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.message).toMatch(/sold out \(thrown in Process-2 \(pid 812\)\)/);
    expect(error.remoteStack).toContain('remote-error.test');
    expect(error.cause).toHaveProperty('code', 'ERR_MP_SERIALIZATION');
  });

  it('arrives although nothing about it is sane', () => {
    const hostile = new Error('hostile');
    Object.defineProperty(hostile, 'message', {
      get() {
        throw new Error('no message');
      },
    });
    Object.defineProperty(hostile, 'boom', {
      enumerable: true,
      get() {
        throw new Error('no property');
      },
    });
    expect(trip(hostile)).toBeInstanceOf(Error);
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    expect(trip(revoked.proxy)).toBeInstanceOf(RemoteError);
  });
});

describe('anything else that is thrown', () => {
  it.each([
    ['a text', 'oops'],
    ['nothing', undefined],
    ['an object', { code: 5 }],
    ['null', null],
  ])('arrives as it is: %s', (_what, value) => {
    expect(trip(value)).toEqual(value);
  });

  it('is described by a RemoteError when it cannot travel', () => {
    const error = trip({ callback: () => 1, socket: Symbol('s') }) as RemoteError;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.message).toMatch(/callback.*thrown in Process-2/);
  });
});
