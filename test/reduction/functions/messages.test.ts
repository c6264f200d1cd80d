import { inspectTarget } from 'forkless';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { decode, encode, modulesOf } from '../../../dist/reduction/codec.js';
import { toHandle } from '../../../dist/reduction/handle.js';
import { InspectorSession } from '../../../dist/reduction/inspector-session.js';
import { resolveModules } from '../../../dist/reduction/module-table.js';
import { decodeThrown, encodeThrown } from '../../../dist/reduction/remote-error.js';
import { bad, change, good, tooEarly } from '../../fixtures/functions/values.js';

/** Out and in again, in this very process; kinds.test.ts has other processes. */
async function trip<T>(value: T): Promise<T> {
  const { bytes, modules } = encode(value);
  await resolveModules(modules);
  return decode(bytes, { code: true }) as T;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('A message with functions by value', () => {
  it('is refused by decode() unless code is allowed', async () => {
    const { bytes } = encode({ callback: good.plain });
    expect(() => decode(bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_MP_SERIALIZATION', message: expect.stringMatching(/code: true/) as string }),
    );
    expect(() => decode(encode(good.plain.bind(null, 1)).bytes)).toThrow(/code: true/);
    expect(() => decode(bytes, { code: false })).toThrow(/code: true/);
    expect((decode(bytes, { code: true }) as { callback: (x: number) => number }).callback(4)).toBe(8);
  });

  it('names the modules that its functions import', async () => {
    const { bytes, modules } = encode(good.joined);
    expect(modules).toEqual(['node:path']);
    expect(modulesOf(bytes)).toEqual(['node:path']);
    expect((await trip(good.joined))()).toBe('a/b');
  });

  it('brings a copy of a function, with its name', async () => {
    const received = await trip(good.named);
    expect(received).not.toBe(good.named);
    expect(received.name).toBe('given');
    expect((await trip(good.recursive))(5)).toBe(120);
    expect((await trip(good.shadowing))(7)).toBe(7);
  });

  it('brings the same function for the same function', async () => {
    const [first, second] = await trip([good.plain, good.plain]);
    expect(first).toBe(second);
  });

  it('has the values that the variables have when it is made', async () => {
    change('before');
    const before = encode(good.changing).bytes;
    change('after');
    expect((decode(before, { code: true }) as typeof good.changing)()).toBe('before');
    expect((await trip(good.changing))()).toBe('after');
  });

  it('brings a function of another realm, with its global variables', async () => {
    expect([...((await trip(good.otherRealm)) as () => number[])()]).toEqual([4, 5]);
  });

  it('carries shared objects in variables by handle', async () => {
    expect((await trip(good.locked))()).toBe('held');
  });

  it('gives a class back to the process that has sent it', async () => {
    const { Class } = await trip({ Class: good.computedMethod });
    expect(Class).toBe(good.computedMethod);
  });

  it.each(['plain', 'joined'] as const)('looks at a function once only when it has no variables: %s', async (name) => {
    await trip(good[name]);
    const post = vi.spyOn(InspectorSession.prototype, 'post');
    await trip(good[name]);
    expect(post).not.toHaveBeenCalled();
    await trip(good.changing);
    expect(post).toHaveBeenCalled();
  });
});

describe('What cannot travel with a function', () => {
  it.each([
    ['weak', /^args\.callback: its variable 'weak' cannot travel to another process: .*Use a Map or Set/],
    ['promise', /^args\.callback: its variable 'promise' .*Await it first/],
    ['symbol', /^args\.callback: its variable 'symbol' .*Symbol\.for/],
    ['native', /^args\.callback: its variable 'native' .*'max': it is native code.*wrap it in a function of your own/],
    ['socket', /^args\.callback: its variable 'socket' .*instance of the class 'AsyncLocalStorage' of the runtime/],
    ['proxy', /^args\.callback: its variable 'proxy' .*it is a Proxy.*send the function that it wraps/],
    ['nested', /^args\.callback: its variable 'nested'\.list\[0\]\.socket cannot travel/],
    [
      'helper',
      /^args\.callback: its variable 'helper': its variable 'usesSocket': its variable 'socket' cannot travel/,
    ],
    ['namespace', /^args\.callback: its variable 'namespace' .*import\(\).*"import \* as"/],
    [
      'private',
      /^args\.callback .*'inside': it uses the private name '#secret' of the class around it.*send the object or class/,
    ],
    ['method', /^args\.callback .*'method': it uses the private name '#secret'/],
    ['super', /^args\.callback .*'parent': it uses 'super'/],
    ['this', /^args\.callback .*an arrow function whose variable 'this' belongs to what is around it/],
    ['arguments', /^args\.callback .*an arrow function whose variable 'arguments' belongs to the function around it/],
    ['newTarget', /^args\.callback .*'new\.target' of the function around it/],
    ['computedField', /^args\.callback .*a computed name in the class uses the variable 'key'/],
    ['bound', /^args\.callback\[0\] .*'max': it is native code/],
    ['property', /^args\.callback\.socket cannot travel/],
  ] as const)('is refused at the call, with the variable, its place and a remedy: %s', (name, message) => {
    expect(() => encode({ callback: bad[name] }, 'args')).toThrow(
      expect.objectContaining({ code: 'ERR_MP_SERIALIZATION', message: expect.stringMatching(message) as string }),
    );
  });

  it('is a variable that has no value yet', () => {
    expect(tooEarly).toMatchObject({
      code: 'ERR_MP_SERIALIZATION',
      message: expect.stringMatching(/^process 'early'\.target: its variable 'later' .*has no value yet/) as string,
    });
  });

  it('has no case that nobody looks at', () => {
    expect(Object.keys(bad)).toHaveLength(18);
  });

  it('includes any code for handles and, unless it is allowed, for what was thrown', () => {
    expect(() => encode(good.plain, 'it', { code: false })).toThrow(/is not an export of .*values\.js/);
    expect(() => toHandle(good.plain)).toThrow(TypeError);
    const origin = { name: 'Process-1', pid: 1 };
    const error = Object.assign(new RangeError('no'), { check: good.plain });
    const sent = encodeThrown(error, origin);
    expect(decodeThrown(sent.bytes)).not.toHaveProperty('check');
    const withCode = encodeThrown(error, origin, { code: true });
    expect(decodeThrown(withCode.bytes)).toHaveProperty('name', 'RemoteError');
    expect((decodeThrown(withCode.bytes, { code: true }) as typeof error).check(3)).toBe(6);
  });
});

describe('inspectTarget', () => {
  it('tells what would travel with a function by value, and how', () => {
    const found = inspectTarget(good.everything);
    expect(found).toMatchObject({
      kind: 'value',
      source: String(good.everything),
      captured: [
        { name: 'join', how: 'import', from: { module: 'node:path', name: 'join' } },
        { name: 'changing', how: 'copy' },
        { name: 'helper2', how: 'function', target: { kind: 'value', captured: [{ name: 'join', how: 'import' }] } },
        { name: 'lock', how: 'shared' },
        { name: 'state', how: 'function', target: { kind: 'reference', reference: { name: 'stateOf' } } },
        { name: 'Secretive', how: 'class', target: { kind: 'value', captured: [] } },
      ],
    });
  });

  it('tells which variable cannot travel, and why', () => {
    expect(inspectTarget(bad.socket)).toMatchObject({
      captured: [
        { name: 'socket', how: 'none', reason: expect.stringMatching(/'AsyncLocalStorage' of the runtime/) as string },
      ],
    });
    expect(inspectTarget(bad.native)).toMatchObject({
      captured: [{ name: 'native', how: 'none', reason: expect.stringMatching(/native code/) as string }],
    });
  });

  it('tells what a class extends', () => {
    expect(inspectTarget(good.derived)).toMatchObject({
      captured: [{ name: 'extends', how: 'class', target: { kind: 'value', captured: [] } }],
    });
    expect(inspectTarget(class extends Map {})).toMatchObject({ captured: [{ name: 'extends', how: 'runtime' }] });
  });

  it('shows the parts of a bound function', () => {
    expect(inspectTarget(good.plain.bind({ a: 1 }, 2))).toMatchObject({
      kind: 'value',
      captured: [
        { name: '[[TargetFunction]]', how: 'function', target: { kind: 'value', captured: [] } },
        { name: '[[BoundThis]]', how: 'copy' },
        { name: '[[BoundArgs]]', how: 'copy' },
      ],
    });
  });

  it('names reason and remedy for what cannot travel at all', () => {
    expect(inspectTarget(Math.max)).toEqual({
      kind: 'none',
      reason: 'it is native code, not JavaScript',
      remedy: 'wrap it in a function of your own',
    });
  });
});
