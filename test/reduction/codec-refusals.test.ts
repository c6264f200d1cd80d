import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/reduction/codec.ts';
import { KIND, type Body, type Head } from '../../src/reduction/message-format.ts';
import { MessageWriter } from '../../src/reduction/message-writer.ts';
import { registerType } from '../../src/reduction/registered-types.ts';
import { SerializationError } from '../../src/support/errors.ts';
import * as fixtures from '../fixtures/reduction/functions.js';

const trip = <T>(value: T): T => decode(encode(value).bytes) as T;

const standsFor = [new Uint8Array(0), new Uint8Array(0)] as const;

/** A message as nobody sends it; its value is its first special object. */
function craft(heads: readonly Head[], bodies: readonly Body[], modules: readonly string[] = []): Uint8Array {
  const placeholders = new Map(standsFor.map((placeholder, number) => [placeholder, number]));
  return new MessageWriter({ modules, heads, bodies, placeholders, buffers: new Set() }).message(standsFor[0]);
}

describe('what cannot travel', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  it.each([
    ['a native function', [Math.max], /^args\[0\] .*native code/],
    ['a Promise', new Map([['key', Promise.resolve()]]), /^args\.get\('key'\) .*Await it first/],
    ['a WeakMap', new Set([1, new WeakMap()]), /^args\.values\(\)\[1\] .*Use a Map/],
    [
      'an object of the inside of the runtime',
      [new Headers()],
      /^args\[0\] .*'Headers' of the runtime, which exists in this process only/,
    ],
    ['a WeakRef', { 'odd key': new WeakRef({}) }, /^args\["odd key"\] .*'WeakRef' of the runtime/],
    ['a local symbol', [Symbol('here')], /^args\[0\] .*Symbol\(here\).*Symbol\.for/],
    ['a boxed symbol', [Object(Symbol.for('there'))], /^args\[0\] .*Send the symbol itself/],
    ['a SharedArrayBuffer', [new SharedArrayBuffer(8)], /RawArray/],
    ['a view of a SharedArrayBuffer', [new Uint8Array(new SharedArrayBuffer(8))], /RawArray/],
    ['a stream', [Readable.from([])], /^args\[0\] .*stream/],
    ['standard output', [process.stdout], /^args\[0\] /],
    ['a server', [createServer()], /'Server' of the runtime/],
    ['a generator', [(function* () {})()], /running generator/],
    ['an iterator', [[1][Symbol.iterator]()], /^args\[0\] /],
    ['a revoked Proxy', [revoked.proxy], /^args\[0\] .*reading it failed/],
    [
      'an object with a prototype of its own',
      [Object.create({ inherited: 1 })],
      /prototype is an object of this process/,
    ],
    [
      'a getter that throws',
      [
        {
          get x() {
            throw new Error('not today');
          },
        },
      ],
      /^args\[0\]\.x .*not today/,
    ],
    ['the cause of an error', [new Error('x', { cause: Math.max })], /^args\[0\]\.cause /],
    ['a property of an instance', [Object.assign(new fixtures.Point(1, 2), { f: Math.max })], /^args\[0\]\.f /],
  ])('%s is refused at once, with its place and a remedy', (_what, value, message) => {
    expect(() => encode(value, 'args')).toThrow(SerializationError);
    expect(() => encode(value, 'args')).toThrow(message);
    // The next message is not disturbed by the half of this one.
    expect(trip({ a: [1] })).toEqual({ a: [1] });
  });

  it.each([
    [
      'a function that is no export',
      { options: { callback: fixtures.inside.hidden } },
      /^args\.options\.callback cannot travel to another process: 'hidden': it is not an export of .*functions\.js.*To send it, export it/,
    ],
    ['a bound function', [fixtures.inside.bound], /^args\[0\] .*bind/],
    [
      'an instance of a class that is no export',
      [{ a: new fixtures.inside.Hidden() }],
      /^args\[0\]\.a .*instance of the class 'Hidden', but the class is not an export.*registerType\(\)/,
    ],
  ])('%s is refused at once when code may not travel', (_what, value, message) => {
    expect(() => encode(value, 'args', { code: false })).toThrow(SerializationError);
    expect(() => encode(value, 'args', { code: false })).toThrow(message);
    expect(decode(encode(value, 'args').bytes, { code: true })).toBeTypeOf('object');
  });

  it('refuses what is nested too deeply instead of crashing', () => {
    const root: { next?: object } = {};
    let at = root;
    for (let i = 0; i < 200_000; i++) at = at.next = {};
    expect(() => encode(root)).toThrow(/nested too deeply/);
  });
});

/** What decode throws; bytes that are still a message count as refused. */
function refusal(bytes: Uint8Array): unknown {
  try {
    decode(bytes);
  } catch (error) {
    return error;
  }
  return new SerializationError('not refused');
}

describe('damaged messages', () => {
  it('are refused with a SerializationError, wherever they are cut', () => {
    const { bytes } = encode({
      a: [1, 'two', new Map([[3, new Date()]])],
      b: new Float64Array(3),
      c: 5n,
      e: new Error('x'),
      f: fixtures.arrow,
      self: new fixtures.Point(1, 2),
    });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(SerializationError);
    }
    expect(() => decode(Buffer.concat([encode(1).bytes, Buffer.from([0])]))).toThrow(/goes on behind/);
  });

  it('never do anything worse than throwing, whichever bytes are changed', () => {
    const holes: unknown[] = ['two', new Map([[3, new Set([1])]])];
    holes[4] = 1;
    const { bytes } = encode({
      holes,
      v: new Uint8Array(5),
      e: new Error('x'),
      f: fixtures.arrow,
      p: new fixtures.Point(1, 2),
    });
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of [0x00, 0x7f, 0x9f, 0xb5, 0xc9, 0xce, 0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdf, 0xe2, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        expect(refusal(changed)).toBeInstanceOf(SerializationError);
      }
    }
    expect({}).not.toHaveProperty('polluted');
  });

  it('cannot hand out objects that do not exist yet', () => {
    class Wrapper {
      readonly value = 1;
    }
    registerType(
      Wrapper,
      () => 1,
      () => new Wrapper(),
      { name: 'wrapper' },
    );
    expect(() => decode(craft([[KIND.custom, 'wrapper']], [{ number: 0, contents: standsFor[0] }]))).toThrow(
      /there is no object number 0/,
    );
    expect(() => decode(craft([[KIND.custom, 'wrapper']], []))).toThrow(/there is no object number 0/);
    expect(() => decode(craft([[KIND.url, 'http://a']], [{ number: 1, contents: {} }]))).toThrow(/no object number 1/);
  });

  it('cannot change what was there before, a class for instance', () => {
    const { modules } = encode([fixtures.Point, fixtures.NamedMap]);
    const point: Head = [KIND.reference, 0, 'Point'];
    const before = [Object.getPrototypeOf(fixtures.Point), Reflect.ownKeys(fixtures.Point)];
    for (const contents of [{ polluted: 1 }, { prototype: {} }, standsFor[0]]) {
      expect(() => decode(craft([point], [{ number: 0, contents }], modules))).toThrow(/has contents of its own/);
    }
    const changed = craft([point, [KIND.builtin, 0]], [{ number: 1, contents: standsFor[0] }], modules);
    expect(() => decode(changed)).toThrow(/would change the class/);
    expect([Object.getPrototypeOf(fixtures.Point), Reflect.ownKeys(fixtures.Point)]).toEqual(before);
  });

  it('cannot have an iterator of a class run', () => {
    class Walked extends Array {
      override [Symbol.iterator](): never {
        throw new Error('has run');
      }
    }
    registerType(
      Walked,
      () => 0,
      () => new Walked(),
      { name: 'walked' },
    );
    const heads: Head[] = [[KIND.custom, 'walked'], [KIND.set]];
    const bodies = [
      { number: 0, contents: 0 },
      { number: 1, contents: [standsFor[0], {}] },
    ];
    expect(decode(craft(heads, bodies))).toHaveLength(0);
  });

  it('of another version name both versions', () => {
    expect(() => decode(Uint8Array.of(9, 0))).toThrow(/format 9, but this process reads the formats 1 and 2/);
  });

  it('that are no bytes are a TypeError', () => {
    expect(() => decode('text' as never)).toThrow(TypeError);
    expect(() => decode(null as never)).toThrow(/not null/);
  });

  it('cannot announce more memory than they have bytes', () => {
    // An array of 2^31 elements, texts and buffers of 2^31 bytes, and as many modules and special objects.
    const head = [1, 0, 0xff, 0x0f, 0];
    for (const tag of ['A', '"', 'c', 'B', 'S', '~']) {
      const bytes = [...head, tag.charCodeAt(0), 0x80, 0x80, 0x80, 0x80, 8, 0x80, 0x80, 0x80, 0x80, 8];
      expect(() => decode(Uint8Array.from(bytes))).toThrow(SerializationError);
    }
    expect(() => decode(Uint8Array.of(1, 0x80, 0x80, 0x80, 0x80, 8, 0xff, 0x0f))).toThrow(SerializationError);
    expect(() => decode(Uint8Array.of(1, 0, 0xff, 0x0f, 0x80, 0x80, 0x80, 0x80, 8, 0x5f))).toThrow(SerializationError);
  });

  it.each([
    ['an unknown kind', [[99]], []],
    ['no list of kinds', [{}], []],
    [
      'a class that is none',
      [
        [KIND.symbol, 'a'],
        [KIND.object, 0],
      ],
      [],
    ],
    ['a class that is not there', [[KIND.object, 5]], []],
    ['a reference without a module', [[KIND.reference, 0, 'constructor']], []],
    ['contents that are none', [[KIND.map]], [{ number: 0, contents: 5 }]],
    ['contents that do not fit', [[KIND.error, 'Error']], [{ number: 0, contents: [1, 2] }]],
    ['an array with a length of its own', [[KIND.array]], [{ number: 0, contents: { length: 'long' } }]],
    ['a view without a buffer', [[KIND.sharedView, 1, 0, 1]], [{ number: 0, contents: {} }]],
    ['a view of an unknown kind', [[KIND.sharedView, 77, 0, 1]], [{ number: 0, contents: new ArrayBuffer(1) }]],
  ])('are refused when they have %s', (_what, heads, bodies) => {
    expect(() => decode(craft(heads as Head[], bodies))).toThrow(SerializationError);
  });
});
