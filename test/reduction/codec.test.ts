import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { decode, encode, encodeWith, modulesOf } from '../../src/reduction/codec.ts';
import { resolveModules } from '../../src/reduction/module-table.ts';
import { ref } from '../../src/reduction/reference.ts';
import { registerType } from '../../src/reduction/registered-types.ts';
import { SerializationError, TimeoutError } from '../../src/support/errors.ts';
import * as fixtures from '../fixtures/reduction/functions.js';
import { Money } from '../fixtures/reduction/money.js';

const FUNCTIONS = new URL('../fixtures/reduction/functions.js', import.meta.url).href;
const trip = <T>(value: T): T => decode(encode(value).bytes) as T;

class Registered {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
const moneyType = 'money of the test';

beforeAll(() => {
  registerType(Money, (money) => money.amount, (amount: number) => new Money(amount), { name: moneyType });
  registerType(Registered, (object) => object.value, (value) => new Registered(value), { name: 'Registered of the codec test' });
});

describe('encode and decode', () => {
  it.each([
    ['integers of every size', [0, 1, 127, 128, -1, -128, -129, 255, 32767, 32768, -32768, -32769, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53]],
    ['floats', [0.1, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE]],
    ['big integers of any size', [0n, 1n, -1n, 255n, 256n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(3n ** 700n)]],
    ['the primitives', [null, undefined, true, false, '']],
    ['texts of every length', ['a', 'x'.repeat(31), 'x'.repeat(32), 'y'.repeat(70_000), 'é'.repeat(40), '日本', '日'.repeat(9000), 'mixed é日😀']],
    ['lone surrogates', ['\ud800', 'a\udfffb', '\ude00\ud83d'.repeat(50)]],
    ['symbols of the registry', [Symbol.for('forkless test')]],
    ['objects with many properties', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))],
    ['objects with strange keys', { '': 1, constructor: 2, toString: 3, hasOwnProperty: 4, '日本': 5, 'a-b': 6, length: 7 }],
    ['objects without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['arrays longer than fifteen elements', Array.from({ length: 70_000 }, (_, i) => i)],
    ['dates, invalid ones too', [new Date(0), new Date(-1), new Date(8.64e15), new Date(1234567890123), new Date(NaN)]],
    ['regular expressions', [/a\/b/giu, /[^]/, new RegExp('')]],
    ['URLs', [new URL('http://user@host:81/p?q#h'), new URLSearchParams('a=1&a=2')]],
    ['boxed primitives', [Object(1), Object('two'), Object(true), Object(4n), Object(Symbol.for('five'))]],
    ['maps and sets with objects as keys', [new Map<unknown, unknown>([[{ a: 1 }, new Set([1, [2]])], [NaN, undefined]]), new Set()]],
  ])('carries %s', (_what, value) => {
    expect(trip(value)).toStrictEqual(value);
  });

  it('carries every kind of view with its class, offset and contents', () => {
    const buffer = new ArrayBuffer(64);
    new Uint8Array(buffer).forEach((_, i, bytes) => (bytes[i] = i));
    for (const View of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array]) {
      expect(trip(new View(buffer))).toStrictEqual(new View(buffer));
      expect(trip(new View(buffer, 8, 3))).toStrictEqual(new View(buffer, 8, 3));
      expect(trip(new View(0))).toStrictEqual(new View(0));
    }
    const view = trip(new DataView(buffer, 5, 9));
    expect([view.byteLength, view.getUint8(0)]).toEqual([9, 5]);
  });

  it('keeps the difference between a Buffer and a Uint8Array', () => {
    expect(Buffer.isBuffer(trip(Buffer.from('hello')))).toBe(true);
    expect(trip(Buffer.from('hello')).toString()).toBe('hello');
    expect(Buffer.isBuffer(trip(new Uint8Array(3)))).toBe(false);
  });

  it('sends of a small part of a buffer only that part', () => {
    expect(encode(new Uint8Array(1_000_000).subarray(10, 20)).bytes.length).toBeLessThan(40);
    expect(encode(Buffer.from('pooled')).bytes.length).toBeLessThan(40);
  });

  it('keeps two views on one buffer, and a buffer and its view, together', () => {
    const buffer = new ArrayBuffer(16);
    const [a, b, whole] = trip([new Uint8Array(buffer), new Float64Array(buffer), buffer] as const);
    expect(a.buffer).toBe(b.buffer);
    expect(whole).toBe(a.buffer);
    const [first, part] = trip([buffer, new Uint8Array(buffer, 4, 4)] as const);
    expect(part.buffer).toBe(first);
    expect(part.byteOffset).toBe(4);
  });

  it.runIf('resizable' in ArrayBuffer.prototype)('keeps resizable buffers resizable', () => {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer & { resizable: boolean; maxByteLength: number };
    const received = trip(new Resizable(4, { maxByteLength: 9 }));
    expect([received.resizable, received.byteLength, received.maxByteLength]).toEqual([true, 4, 9]);
  });

  it('does not alias the memory of the sender or of the message', () => {
    const sent = new Uint8Array([1, 2, 3]);
    const { bytes } = encode(sent);
    const received = decode(bytes) as Uint8Array;
    sent[0] = 9;
    bytes.fill(0);
    expect([...received]).toEqual([1, 2, 3]);
  });

  it('gives bytes that the next message does not overwrite', () => {
    const first = encode({ a: 'first' });
    encode({ a: 'second' });
    expect(decode(first.bytes)).toEqual({ a: 'first' });
  });

  it('keeps nothing alive of what it has written, whether it succeeded or not', async () => {
    setFlagsFromString('--expose-gc');
    const collect = vm.runInNewContext('gc') as () => void;
    const refs: WeakRef<object>[] = [];
    (() => {
      const value = { inner: [{}] };
      encode(value);
      const bad = { inner: [{}, Math.max] };
      expect(() => encode(bad)).toThrow();
      refs.push(new WeakRef(value), new WeakRef(value.inner), new WeakRef(bad), new WeakRef(bad.inner));
    })();
    await new Promise((resolve) => setTimeout(resolve));
    collect();
    expect(refs.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('lends its own buffer for the time of a call', () => {
    expect(encodeWith({ a: 1 }, 'the value', (bytes, modules) => [decode(bytes), modules])).toEqual([{ a: 1 }, []]);
  });

  it('carries holes as holes, however far apart', () => {
    const holes = [1, 0, undefined, 4];
    delete holes[1];
    expect(1 in trip(holes)).toBe(false);
    expect(2 in trip(holes)).toBe(true);
    const sparse: number[] = [];
    sparse[4_000_000_000] = 7;
    sparse[5] = 6;
    const { bytes } = encode(sparse);
    expect(bytes.length).toBeLessThan(30);
    expect(Object.entries(decode(bytes) as number[])).toEqual([['5', 6], ['4000000000', 7]]);
    expect((decode(bytes) as number[]).length).toBe(4_000_000_001);
  });

  it('carries cycles through every container', () => {
    const map = new Map<unknown, unknown>();
    const set = new Set<unknown>();
    const error = new Error('loop');
    const list: unknown[] = [map, set, error];
    map.set(map, list).set('error', error);
    set.add(set).add(list);
    error.cause = list;
    const [map2, set2, error2] = trip(list) as [typeof map, typeof set, Error];
    expect([...map2.keys()][0]).toBe(map2);
    expect([...set2][0]).toBe(set2);
    expect((error2.cause as unknown[])[2]).toBe(error2);
    expect(map2.get('error')).toBe(error2);
  });

  it('keeps shared objects shared, among few objects and among many', () => {
    for (const count of [2, 7, 8, 9, 10, 500]) {
      const objects = Array.from({ length: count }, (_, i) => ({ i }));
      const received = trip([...objects, ...objects]);
      expect(new Set(received).size).toBe(count);
      expect(received[count + 1]).toBe(received[1]);
      expect(received[1]).toEqual({ i: 1 });
    }
  });

  it('carries own keys named __proto__ as data and pollutes nothing', () => {
    const evil = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as object;
    const received = trip(evil);
    expect(Object.getPrototypeOf(received)).toBe(Object.prototype);
    expect(Object.hasOwn(received, '__proto__')).toBe(true);
    expect(received).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
    const dictionary = trip(Object.assign(Object.create(null) as object, { ['__proto__']: 1 }));
    expect(Object.entries(dictionary)).toEqual([['__proto__', 1]]);
  });

  it('reads accessors and leaves out symbols and hidden properties, as structuredClone does', () => {
    const value = { get x() { return 5; }, [Symbol.for('s')]: 1 };
    Object.defineProperty(value, 'hidden', { value: 1, enumerable: false });
    expect(Reflect.ownKeys(trip(value))).toEqual(['x']);
  });

  it('takes the objects of other realms for what they are', () => {
    const foreign = vm.runInNewContext('({ o: { a: 1 }, l: [1], m: new Map([[1, 2]]), d: new Date(5), e: new TypeError("x"), n: new Uint8Array(2) })') as Record<string, unknown>;
    const { o, l, m, d, e, n } = trip(foreign);
    expect([o, l, m, d, n]).toStrictEqual([{ a: 1 }, [1], new Map([[1, 2]]), new Date(5), new Uint8Array(2)]);
    expect(e).toBeInstanceOf(TypeError);
  });

  it('carries the contents of a Proxy', () => {
    expect(trip(new Proxy({ a: 1 }, {}))).toEqual({ a: 1 });
    expect(trip(new Proxy([1, 2], {}))).toEqual([1, 2]);
  });
});

describe('errors as values', () => {
  it('keep class, message, stack, cause and properties', () => {
    const error = Object.assign(new RangeError('too much', { cause: new TypeError('inner') }), { code: 'E', info: { a: 1 } });
    const received = trip(error);
    expect(received).toBeInstanceOf(RangeError);
    expect(received.stack).toBe(error.stack);
    expect(received.cause).toBeInstanceOf(TypeError);
    expect(received).toMatchObject({ message: 'too much', name: 'RangeError', code: 'E', info: { a: 1 } });
    expect(Object.keys(received)).toEqual(['code', 'info']);
  });

  it('keep the parts of an AggregateError', () => {
    const received = trip(new AggregateError([new Error('a'), 'b'], 'many'));
    expect(received).toBeInstanceOf(AggregateError);
    expect(received.errors).toEqual([new Error('a'), 'b']);
  });

  it('keep exported classes, without running their constructors', () => {
    const received = trip(new fixtures.ShopError('sold out', 17));
    expect(received).toBeInstanceOf(fixtures.ShopError);
    expect(received.hint()).toBe('see 17');
    expect(Object.prototype.toString.call(received)).toBe('[object Error]');
  });

  it('arrive as the nearest class with their name when their own cannot travel', () => {
    const received = trip(new fixtures.inside.SecretError('psst'));
    expect(received.constructor).toBe(RangeError);
    expect(String(received)).toBe('SecretError: psst');
    expect(String(trip(new fixtures.inside.InheritedName('psst')))).toBe('InheritedName: psst');
  });

  it('keep the errors of forkless without any import', () => {
    const { bytes, modules } = encode(new TimeoutError('late'));
    expect(modules).toEqual([]);
    expect(decode(bytes)).toBeInstanceOf(TimeoutError);
    expect(decode(bytes)).toMatchObject({ code: 'ERR_MP_TIMEOUT', name: 'TimeoutError', message: 'late' });
  });

  it('keep the reason of an aborted signal', () => {
    const received = trip(AbortSignal.abort().reason as DOMException);
    expect(received).toBeInstanceOf(DOMException);
    expect([received.name, received.code]).toEqual(['AbortError', 20]);
  });
});

describe('functions, classes and instances', () => {
  it('carries functions and classes by reference, and lists their modules', () => {
    const { bytes, modules } = encode({ f: fixtures.declared, C: fixtures.Point, again: fixtures.declared });
    expect(modules).toEqual([FUNCTIONS]);
    expect(modulesOf(bytes)).toEqual([FUNCTIONS]);
    expect(decode(bytes)).toEqual({ f: fixtures.declared, C: fixtures.Point, again: fixtures.declared });
  });

  it('carries instances with their own fields and their class', () => {
    const received = trip(new fixtures.Point(3, 4));
    expect(received).toBeInstanceOf(fixtures.Point);
    expect(received.norm()).toBe(5);
    expect(trip(new fixtures.NoConstructor()).hello()).toBe('hello 1');
  });

  it('carries instances of classes that extend built-in ones, whatever they override', () => {
    const map = new fixtures.NamedMap();
    map.set('a', 1);
    map.label = 'other';
    const received = trip(map);
    expect(received).toBeInstanceOf(fixtures.NamedMap);
    expect([...received]).toEqual([['touched a', 1]]);
    expect(received.label).toBe('other');
    const list = fixtures.NamedList.from([1, 2, 3]) as InstanceType<typeof fixtures.NamedList>;
    expect(trip(list).total()).toBe(6);
    expect(trip(list).label).toBe('list');
  });

  it('keeps cycles through instances', () => {
    const point = new fixtures.Point(1, 2) as InstanceType<typeof fixtures.Point> & { self?: unknown };
    point.self = { point, all: new Map([[point, point]]) };
    const received = trip(point);
    expect((received.self as { point: unknown }).point).toBe(received);
    expect((received.self as { all: Map<unknown, unknown> }).all.get(received)).toBe(received);
  });

  it('does not run setters of the class for own fields that hide them', () => {
    const point = new fixtures.Point(1, 2);
    Object.defineProperty(point, 'double', { value: 'own', enumerable: true });
    expect(trip(point).double).toBe('own');
  });

  it('uses the form that a class was registered with', () => {
    const { bytes, modules } = encode([new Money(5), new Money(6)]);
    expect((decode(bytes) as Money[]).map((money) => money.amount)).toEqual([5, 6]);
    // Its registration stands in this file, which vitest evaluates under its own URL.
    expect(modules).toEqual([import.meta.url]);
  });

  it('uses a registration from the moment on at which it was made', () => {
    expect(trip(new fixtures.RegisteredLater())).toEqual(new fixtures.RegisteredLater());
    registerType(fixtures.RegisteredLater, () => 5, (n) => Object.assign(new fixtures.RegisteredLater(), { n }));
    expect(trip(new fixtures.RegisteredLater()).n).toBe(5);
  });

  it('lets the form of a registered class be anything that can travel', () => {
    const shared = { a: 1 };
    const [one, two] = trip([new Registered(shared), new Registered(shared)]);
    expect(one).toBeInstanceOf(Registered);
    expect(one?.value).toBe(two?.value);
    expect(trip(new Registered(encode(new Registered(7)).bytes))).toBeInstanceOf(Registered);
  });

  it('may encode and decode inside of the functions of a registered class', () => {
    class Nested { value: unknown; constructor(value: unknown) { this.value = value; } }
    registerType(Nested, ({ value }) => encode({ value }).bytes, (bytes) => new Nested((decode(bytes) as { value: unknown }).value), { name: 'Nested' });
    const value = { before: [1], nested: new Nested(new Nested('deep')), after: new Date(7) };
    expect(trip(value)).toEqual(value);
    expect(encodeWith(value, 'it', (bytes) => [encode('other').bytes, decode(bytes)][1])).toEqual(value);
  });

  it('refuses a registered class whose form contains the object itself', () => {
    const object = new Registered(undefined);
    Object.assign(object, { value: { object } });
    expect(() => encode(object)).toThrow(/the value\.object cannot travel.*contains the object itself/);
  });

  it('says which modules are missing when a function is not there', async () => {
    const { bytes } = encode(ref('file:///nowhere/gone.js', 'work'));
    expect(() => decode(bytes)).toThrow(/'work' of file:\/\/\/nowhere\/gone\.js, which is not loaded.*resolveModules/);
    const there = encode(ref(FUNCTIONS, 'arrow'));
    await resolveModules(there.modules);
    expect(decode(there.bytes)).toBe(fixtures.arrow);
  });

  it('refuses wrong registrations', () => {
    expect(() => registerType(Money, () => 1, () => new Money(1))).toThrow(/registered already/);
    expect(() => registerType(class Other {}, () => 1, () => ({}), { name: moneyType })).toThrow(/Another class is registered as/);
    expect(() => registerType(class {}, () => 1, () => ({}))).toThrow(/option `name`/);
    expect(() => registerType(5 as never, () => 1, () => ({}))).toThrow(TypeError);
    expect(() => registerType(class A {}, 5 as never, () => ({}))).toThrow(TypeError);
    expect(() => registerType(class A {}, () => 1, () => ({}), { nmae: 'A' } as never)).toThrow(/no option 'nmae'/);
  });
});

describe('what cannot travel', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  it.each([
    ['a function that is no export', { options: { callback: fixtures.inside.hidden } }, /^args\.options\.callback cannot travel to another process: 'hidden': it is not an export of .*functions\.js.*To send it, export it/],
    ['a native function', [Math.max], /^args\[0\] .*native code/],
    ['a bound function', [fixtures.inside.bound], /^args\[0\] .*bind/],
    ['an instance of a class that is no export', [{ a: new fixtures.inside.Hidden() }], /^args\[0\]\.a .*instance of the class 'Hidden', but the class is not an export.*registerType\(\)/],
    ['a Promise', new Map([['key', Promise.resolve()]]), /^args\.get\('key'\) .*Await it first/],
    ['a WeakMap', new Set([1, new WeakMap()]), /^args\.values\(\)\[1\] .*Use a Map/],
    ['an object of the inside of the runtime', [new Headers()], /^args\[0\] .*'Headers' of the runtime, which exists in this process only/],
    ['a WeakRef', { 'odd key': new WeakRef({}) }, /^args\["odd key"\] .*'WeakRef' of the runtime/],
    ['a local symbol', [Symbol('here')], /^args\[0\] .*Symbol\(here\).*Symbol\.for/],
    ['a SharedArrayBuffer', [new SharedArrayBuffer(8)], /RawArray/],
    ['a view of a SharedArrayBuffer', [new Uint8Array(new SharedArrayBuffer(8))], /RawArray/],
    ['a stream', [Readable.from([])], /^args\[0\] .*stream/],
    ['standard output', [process.stdout], /^args\[0\] /],
    ['a server', [createServer()], /'Server' of the runtime/],
    ['a generator', [(function* () {})()], /running generator/],
    ['an iterator', [[1][Symbol.iterator]()], /^args\[0\] /],
    ['a revoked Proxy', [revoked.proxy], /^args\[0\] .*reading it failed/],
    ['an object with a prototype of its own', [Object.create({ inherited: 1 })], /prototype is an object of this process/],
    ['a getter that throws', [{ get x() { throw new Error('not today'); } }], /^args\[0\]\.x .*not today/],
    ['the cause of an error', [new Error('x', { cause: Math.max })], /^args\[0\]\.cause /],
    ['a property of an instance', [Object.assign(new fixtures.Point(1, 2), { f: Math.max })], /^args\[0\]\.f /],
  ])('%s is refused at once, with its place and a remedy', (_what, value, message) => {
    expect(() => encode(value, 'args')).toThrow(SerializationError);
    expect(() => encode(value, 'args')).toThrow(message);
    // The next message is not disturbed by the half of this one.
    expect(trip({ a: [1] })).toEqual({ a: [1] });
  });

  it('refuses what is nested too deeply instead of crashing', () => {
    const root: { next?: object } = {};
    let at = root;
    for (let i = 0; i < 200_000; i++) at = (at.next = {}) as typeof root;
    expect(() => encode(root)).toThrow(/nested too deeply/);
  });
});

describe('damaged messages', () => {
  it('are refused with a SerializationError, wherever they are cut', () => {
    const { bytes } = encode({ a: [1, 'two', new Map([[3, new Date()]])], b: new Float64Array(3), c: 5n, e: new Error('x'), f: fixtures.arrow, self: new fixtures.Point(1, 2) });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decode(bytes.subarray(0, length))).toThrow(SerializationError);
    }
    expect(() => decode(Buffer.concat([encode(1).bytes, Buffer.from([0])]))).toThrow(/goes on behind/);
  });

  it('never do anything worse than throwing, whichever bytes are changed', () => {
    const holes: unknown[] = ['two', new Map([[3, new Set([1])]])];
    holes[4] = 1;
    const { bytes } = encode({ holes, v: new Uint8Array(5), e: new Error('x'), f: fixtures.arrow, p: new fixtures.Point(1, 2) });
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of [0x00, 0x7f, 0x9f, 0xb5, 0xc9, 0xce, 0xcf, 0xd3, 0xd9, 0xda, 0xdb, 0xdf, 0xe2, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        try {
          decode(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(SerializationError);
        }
      }
    }
    expect({}).not.toHaveProperty('polluted');
  });

  it('cannot hand out objects that do not exist yet', () => {
    const name = Buffer.from(moneyType);
    const self = Buffer.concat([Uint8Array.of(0x11, 0xe1, 0x80 | name.length), name, Uint8Array.of(0xe2, 0)]);
    expect(() => decode(self)).toThrow(/there is no object number 0/);
  });

  it('of another version name both versions', () => {
    expect(() => decode(Uint8Array.of(9, 0))).toThrow(/format 9, but this process reads format 1/);
  });

  it('that are no bytes are a TypeError', () => {
    expect(() => decode('text' as never)).toThrow(TypeError);
    expect(() => decode(null as never)).toThrow(/not null/);
  });

  it('cannot announce more memory than they have bytes', () => {
    // An array of 2^40 elements, a text and a buffer of 2^40 bytes.
    for (const tag of [0xce, 0xcc, 0xc9, 0xca, 0xd9]) {
      expect(() => decode(Uint8Array.of(1, tag, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20))).toThrow(SerializationError);
    }
    expect(() => decode(Uint8Array.of(1, 0xda, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0))).toThrow(SerializationError);
  });
});
