import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decode, decodeFrom, encode, encodeInto, encodeWithV8, modulesOf } from '../../src/reduction/codec.ts';
import { FORMAT } from '../../src/reduction/message-format.ts';
import { registerType } from '../../src/reduction/registered-types.ts';
import {
  SMALL,
  SMALL_ARRAY_LIMIT,
  SMALL_KEYS_LIMIT,
  SMALL_MESSAGE_LIMIT,
  SMALL_OBJECTS_LIMIT,
} from '../../src/reduction/small-format.ts';
import { SerializationError } from '../../src/support/errors.ts';
import { declared } from '../fixtures/reduction/functions.js';

const trip = <T>(value: T): T => decode(encode(value).bytes) as T;
const formatOf = (value: unknown): number | undefined => encode(value).bytes[0];
const objectWith = (count: number, key: (i: number) => string): object =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [key(i), i]));
const listWith = (length: number, more: object, ...holes: number[]): unknown[] => {
  const list: unknown[] = Object.assign(
    Array.from({ length }, (_, i) => i),
    more,
  );
  for (const hole of holes) delete list[hole];
  return list;
};

describe('small plain messages', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['undefined, also as a property and as an element', { a: undefined, b: [undefined] }],
    ['truth', [true, false]],
    ['integers', [0, 1, 127, 128, -1, 255, 256, -129, 65_536, 2 ** 31 - 1, -(2 ** 31)]],
    ['other numbers', [-0, 0.1, NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53 + 2, 5e-324, 1.7976931348623157e308]],
    ['texts', ['', 'a', 'é', 'x'.repeat(12), 'x'.repeat(13), 'x'.repeat(63), 'x'.repeat(64), 'ÿ'.repeat(900)]],
    ['wide texts', ['日本', '😀', 'a'.repeat(62) + 'Ā', 'Ā'.repeat(64), '\u0100\ud800', '\udc00x'.repeat(40)]],
    ['objects', { id: 12345, name: 'item-12345', value: 0.5, ok: true, deep: { er: [{}] } }],
    ['keys of all kinds', { '': 1, 2: 2, '-1': 3, é: 4, constructor: 5, toString: 6, length: 7, a_b: 8 }],
    ['an own property named __proto__', JSON.parse('{"__proto__":{"x":1},"a":2}')],
    ['arrays', [[], [[]], [1, 'x']]],
    ['the parts of a joined text', { s: ['left', 'right'].join('-') + String(Math.PI) }],
    ['as many keys, elements and objects as the limits say', [objectWith(SMALL_KEYS_LIMIT, String)]],
    ['as many elements', Array.from({ length: SMALL_ARRAY_LIMIT }, (_, i) => i)],
    ['as many objects', Array.from({ length: SMALL_OBJECTS_LIMIT - 1 }, () => ({ a: 1 }))],
  ])('carry %s, whether or not their shapes are known', (_what, value) => {
    expect(formatOf(value)).toBe(FORMAT.small);
    for (let round = 0; round < 4; round++) expect(trip(value)).toStrictEqual(value);
    expect(modulesOf(encode(value).bytes)).toEqual([]);
  });

  const shared = { a: 1 };
  const cycle: unknown[] = [];
  cycle.push(cycle);
  it.each<[string, unknown]>([
    ['a cycle', cycle],
    ['an object met twice', [shared, { shared }]],
    ['a big integer', [1n]],
    ['a Date', { at: new Date(5) }],
    ['a Map', [new Map([[1, 2]])]],
    ['bytes', { bytes: new Uint8Array(3) }],
    ['an error', { error: new RangeError('x') }],
    ['no prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['a hole', [1, , 3]],
    ['a hole at the end', listWith(3, {}, 2)],
    ['an array with a property', listWith(2, { more: 1 })],
    ['a hole and a property', listWith(3, { more: 1 }, 1)],
    ['a match', /b(.)/.exec('abc')],
    ['a key with a zero in it', { 'a\0b': 1 }],
    ['a wide key', { 日本: 1 }],
    ['a lone surrogate as a key', { '\ud800': 1 }],
    ['a boxed primitive', [Object(1)]],
    ['too many keys', objectWith(SMALL_KEYS_LIMIT + 1, String)],
    ['too long keys', objectWith(SMALL_KEYS_LIMIT, (i) => `${i}`.padStart(20))],
    ['too many elements', Array.from({ length: SMALL_ARRAY_LIMIT + 1 }, () => 0)],
    ['too many objects', Array.from({ length: SMALL_OBJECTS_LIMIT }, () => ({ a: 1 }))],
    ['a long text', 'x'.repeat(SMALL_MESSAGE_LIMIT)],
    ['a long wide text', 'Ā'.repeat(SMALL_MESSAGE_LIMIT / 2)],
    ['many integers', Array.from({ length: 4 }, () => Array.from({ length: SMALL_ARRAY_LIMIT }, (_, i) => -i - 1))],
    ['many doubles', Array.from({ length: 5 }, () => Array.from({ length: 400 }, (_, i) => i / 7))],
  ])('are not what has %s: V8 writes that', (_what, value) => {
    expect(formatOf(value)).toBe(FORMAT.v8);
    expect(trip(value)).toStrictEqual(value);
  });

  it('keep identity by leaving it to V8', () => {
    const [a, b] = trip([shared, { shared }] as const);
    expect(b.shared).toBe(a);
    const received = trip(cycle);
    expect(received[0]).toBe(received);
  });

  it('end before their buffer does, whatever comes last', () => {
    for (const last of ['y', 'y'.repeat(50), 'Ā'.repeat(20), 0.5, { key: 'v' }, [1, 2, 3], -5]) {
      for (let length = SMALL_MESSAGE_LIMIT - 160; length < SMALL_MESSAGE_LIMIT; length++) {
        const value = ['x'.repeat(length), last];
        expect(trip(value)).toStrictEqual(value);
      }
    }
  });

  it('read each property once', () => {
    let reads = 0;
    expect(
      trip({
        get x() {
          return ++reads;
        },
      }),
    ).toEqual({ x: 1 });
    expect(reads).toBe(1);
  });

  it('of thousands of shapes are told apart, also when a message gives a wrong slot', () => {
    const values = Array.from({ length: 5000 }, (_, i) => ({
      [`k${i}`]: i,
      [`l${i % 7}`]: [{ [`m${i % 1000}`]: 'x' }],
    }));
    for (const value of [...values, ...values, ...values.slice(0, 5), ...values.slice(0, 5)]) {
      expect(trip(value)).toStrictEqual(value);
    }
    const { bytes } = encode({ ab: 1 });
    encode({ cd: 1 });
    for (let slot = 0; slot < 65_536; slot += 97) {
      bytes.set([slot, slot >> 8], 2);
      expect(decode(bytes)).toEqual({ ab: 1 });
    }
  });
});

describe('encodeInto and decodeFrom', () => {
  it('give the same object and the same buffer for each small message', () => {
    const first = encodeInto({ a: 1 });
    const { bytes } = first;
    expect([bytes.byteOffset, bytes.byteLength % 8, bytes.buffer.byteLength]).toEqual([0, 0, bytes.byteLength]);
    const second = encodeInto([2]);
    expect(second).toBe(first);
    expect(second.bytes).toBe(bytes);
    expect(decodeFrom(second.bytes, second.start, second.end)).toEqual([2]);
    const large = encodeInto(new Date(7));
    expect(decodeFrom(large.bytes, large.start, large.end)).toEqual(new Date(7));
  });

  it('say which modules a message needs, and none for the next', () => {
    expect(encodeInto([declared]).modules).toHaveLength(1);
    expect(encodeInto([1]).modules).toEqual([]);
  });

  it('read a message among other bytes, and keep none of them', () => {
    const value = { text: 'short', long: 'y'.repeat(200), wide: '日本語'.repeat(30), key: { 'k k': [1.5] } };
    for (const message of [encode(value).bytes, encodeWithV8({ ...value, bytes: new Uint8Array(9) }, 'it').bytes]) {
      const ring = new Uint8Array(message.length + 30).fill(0xc1);
      ring.set(message, 11);
      const received = decodeFrom(ring, 11, 11 + message.length);
      ring.fill(0x41);
      expect(received).toMatchObject(value);
    }
  });

  it('remember the keys of a message that nobody has written here, and not its memory', async () => {
    const message = encode({ remembered: 1 }).bytes;
    const withKey = (key: string): Buffer => {
      const bytes = Buffer.alloc(message.length);
      bytes.set(message);
      bytes.write(key, bytes.indexOf('remembered'));
      return bytes;
    };
    const ring = withKey('from afar!');
    for (let round = 0; round < 3; round++) expect(decode(ring)).toStrictEqual({ 'from afar!': 1 });
    ring.set(withKey('overwrites'));
    expect(decode(withKey('overwrites'))).toStrictEqual({ overwrites: 1 });
    expect(decode(withKey('from afar!'))).toStrictEqual({ 'from afar!': 1 });
    const last = (): WeakRef<object> => {
      const bytes = withKey('for a time');
      decode(bytes);
      return new WeakRef(bytes.buffer);
    };
    setFlagsFromString('--expose-gc');
    const memory = last();
    await new Promise((resolve) => setTimeout(resolve));
    (vm.runInNewContext('gc') as () => void)();
    expect(memory.deref()).toBeUndefined();
  });

  it('let a getter and a registered class encode meanwhile', () => {
    class Nested {
      readonly value = 1;
    }
    const inner = (): unknown => {
      const { bytes, start, end } = encodeInto({ inner: 'x'.repeat(40), more: [1, 2, 3] });
      return decodeFrom(bytes, start, end);
    };
    registerType(Nested, inner, () => new Nested(), { name: 'Nested of small messages' });
    const value = {
      before: 'before',
      get nested() {
        return [inner(), encode({ a: 1 }).bytes.length > 0];
      },
      after: 'after',
    };
    const { bytes, start, end } = encodeInto(value);
    expect(bytes[start]).toBe(FORMAT.small);
    expect(decodeFrom(bytes, start, end)).toEqual({ ...value });
    expect(trip([value, new Nested()])).toEqual([{ ...value }, new Nested()]);
  });

  it('go on after a getter that throws, and name its place', () => {
    const bad = {
      get a(): number {
        throw new RangeError('no');
      },
    };
    expect(() => encodeInto([1, bad])).toThrow(/^the value\[1\]\.a cannot travel .* \(no\)/);
    expect(formatOf({ a: 1 })).toBe(FORMAT.small);
    expect(trip([bad.constructor === Object])).toEqual([true]);
  });
});

describe('an object whose keys were guessed from the one before', () => {
  const learn = (make: () => object): void => {
    for (let i = 0; i < 3; i++) encode(make());
  };

  it('travels without what an accessor has taken from it meanwhile', () => {
    const shrinking = (): object => ({
      get guessed1() {
        Reflect.deleteProperty(this, 'guessed2');
        return 1;
      },
      guessed2: 2,
    });
    const changing = (): object => ({
      get guessed1() {
        Reflect.deleteProperty(this, 'guessed2');
        Object.assign(this, { other: 3 });
        return 1;
      },
      guessed2: 2,
    });
    for (const make of [shrinking, changing]) {
      learn(() => ({ guessed1: 1, guessed2: 2 }));
      const copy = trip(make());
      expect(copy).toMatchObject({ guessed1: 1 });
      expect(copy).not.toHaveProperty('guessed2');
    }
  });

  it('may be a Proxy that shows other keys each time', () => {
    let shown = 0;
    const proxy = new Proxy({} as Record<string, number>, {
      ownKeys: () => (shown++ % 2 === 0 ? ['guessed1', 'guessed2'] : ['guessed2', 'guessed1']),
      getOwnPropertyDescriptor: () => ({ value: 7, enumerable: true, configurable: true }),
      get: (_, key) => (key === 'guessed1' ? 1 : 2),
    });
    for (let i = 0; i < 4; i++) {
      learn(() => ({ guessed1: 1, guessed2: 2 }));
      expect(trip(proxy)).toEqual({ guessed1: 1, guessed2: 2 });
    }
  });
});

describe('somebody who changed Object.prototype', () => {
  const names = ['small1', 'small2'];
  afterEach(() => {
    for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  });

  it('has no part in writing: what all objects inherit stays here', () => {
    for (let round = 0; round < 3; round++) encode({ small1: 1, small2: 2 });
    Reflect.defineProperty(Object.prototype, 'small2', {
      value: 9,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    for (let round = 0; round < 3; round++) {
      expect(Object.entries(trip({ small1: round }))).toEqual([['small1', round]]);
      expect(Object.entries(trip({ small1: round, small2: 2 }))).toEqual([
        ['small1', round],
        ['small2', 2],
      ]);
    }
  });

  it('has no part in reading, whether the shape is known or not', () => {
    const known = encode({ small1: 5 }).bytes;
    for (let round = 0; round < 3; round++) decode(known);
    const called = vi.fn<() => void>();
    for (const name of names) {
      Reflect.defineProperty(Object.prototype, name, { set: called, configurable: true });
    }
    for (let round = 0; round < 4; round++) {
      expect(Object.entries(decode(known) as object)).toEqual([['small1', 5]]);
      expect(Object.entries(trip({ small2: 6 }))).toEqual([['small2', 6]]);
    }
    expect(called).not.toHaveBeenCalled();
  });

  it('adds nothing to what is written', () => {
    Reflect.defineProperty(Object.prototype, 'small1', { value: 1, enumerable: true, configurable: true });
    const { bytes } = encode({ a: 1 });
    Reflect.deleteProperty(Object.prototype, 'small1');
    expect(decode(bytes)).toStrictEqual({ a: 1 });
  });
});

describe('damaged small messages', () => {
  it('are refused wherever they are cut, also where other bytes follow', () => {
    const { bytes } = encode({ n: 1, m: -5, d: 0.5, s: 'text', l: 'y'.repeat(70), w: '日', a: [1, 'x'], o: {} });
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(/ends too early/);
      expect(() => decodeFrom(bytes, 0, length)).toThrow(/ends too early/);
    }
    expect(() => decodeFrom(bytes, 0, 0)).toThrow(SerializationError);
    expect(() => decodeFrom(bytes, 5, 2)).toThrow(SerializationError);
    expect(() => decodeFrom(bytes, 0, bytes.length + 9)).not.toThrow();
    expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(/goes on behind/);
  });

  it.each([
    ['a value of an unknown kind', /unknown kind 255/, [0xff]],
    ['nothing', /ends too early/, []],
    ['more elements than bytes', /ends too early/, [SMALL.array, 0xff, 0xff, 1]],
    ['longer texts than bytes', /ends too early/, [SMALL.latin1, 0xff, 0xff, 1]],
    ['longer keys than bytes', /ends too early/, [SMALL.object, 0, 0, 0xff, 0xff, 1]],
    ['longer keys than any', /no keys/, [SMALL.object, 0, 0, 0, 16, ...Array.from({ length: 4200 }, () => 0x41)]],
    [
      'a deeper nesting than any',
      /too deeply/,
      [...Array.from({ length: 300 }, (_, i) => [SMALL.array, 1, 0][i % 3] ?? 0), 1],
    ],
  ])('are refused when they have %s', (_what, reason, bytes) => {
    expect(() => decode(Uint8Array.of(FORMAT.small, ...bytes))).toThrow(reason);
  });
});
