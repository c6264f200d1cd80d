import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../../src/reduction/codec.ts';
import { SerializationError } from '../../src/support/errors.ts';

const trip = <T>(value: T): T => decode(encode(value).bytes) as T;

describe('encode and decode', () => {
  it.each([
    [
      'integers of every size',
      [0, 1, 127, 128, -1, -128, -129, 255, 32767, 32768, -32768, -32769, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53],
    ],
    ['floats', [0.1, -0, NaN, Infinity, -Infinity, Number.MIN_VALUE, Number.MAX_VALUE]],
    ['big integers of any size', [0n, 1n, -1n, 255n, 256n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, -(3n ** 700n)]],
    ['the primitives', [null, undefined, true, false, '']],
    [
      'texts of every length',
      [
        'a',
        'x'.repeat(31),
        'x'.repeat(32),
        'y'.repeat(70_000),
        'é'.repeat(40),
        '日本',
        '日'.repeat(9000),
        'mixed é日😀',
      ],
    ],
    ['lone surrogates', ['\ud800', 'a\udfffb', '\ude00\ud83d'.repeat(50)]],
    ['symbols of the registry', [Symbol.for('forkless test')]],
    ['objects with many properties', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))],
    [
      'objects with strange keys',
      { '': 1, constructor: 2, toString: 3, hasOwnProperty: 4, 日本: 5, 'a-b': 6, length: 7 },
    ],
    ['objects without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
    ['arrays longer than fifteen elements', Array.from({ length: 70_000 }, (_, i) => i)],
    ['dates, invalid ones too', [new Date(0), new Date(-1), new Date(8.64e15), new Date(1234567890123), new Date(NaN)]],
    ['regular expressions', [/a\/b/giu, /[^]/, new RegExp('')]],
    ['URLs', [new URL('http://user@host:81/p?q#h'), new URLSearchParams('a=1&a=2')]],
    ['boxed primitives', [Object(1), Object('two'), Object(true), Object(4n)]],
    [
      'maps and sets with objects as keys',
      [
        new Map<unknown, unknown>([
          [{ a: 1 }, new Set([1, [2]])],
          [NaN, undefined],
        ]),
        new Set(),
      ],
    ],
  ])('carries %s', (_what, value) => {
    expect(trip(value)).toStrictEqual(value);
  });

  it('carries every kind of view with its class, offset and contents', () => {
    const buffer = new ArrayBuffer(64);
    new Uint8Array(buffer).forEach((_, i, bytes) => (bytes[i] = i));
    for (const View of [
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    ]) {
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
    const Resizable = ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & { resizable: boolean; maxByteLength: number };
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
      expect(() => encode(bad)).toThrow(SerializationError);
      refs.push(new WeakRef(value), new WeakRef(value.inner), new WeakRef(bad), new WeakRef(bad.inner));
    })();
    // What V8's serializer has written lives as long as the serializer: the first round ends that.
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve));
      collect();
    }
    expect(refs.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('carries holes as holes, however far apart', () => {
    const holes: unknown[] = [1];
    holes[2] = undefined;
    holes[3] = 4;
    expect(1 in trip(holes)).toBe(false);
    expect(2 in trip(holes)).toBe(true);
    const sparse: number[] = [];
    sparse[4_000_000_000] = 7;
    sparse[5] = 6;
    const { bytes } = encode(sparse);
    expect(bytes.length).toBeLessThan(40);
    expect(Object.entries(decode(bytes) as number[])).toEqual([
      ['5', 6],
      ['4000000000', 7],
    ]);
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
    const value = {
      get x() {
        return 5;
      },
      [Symbol.for('s')]: 1,
    };
    Object.defineProperty(value, 'hidden', { value: 1, enumerable: false });
    expect(Reflect.ownKeys(trip(value))).toEqual(['x']);
  });

  it('takes the objects of other realms for what they are', () => {
    const foreign = vm.runInNewContext(
      '({ o: { a: 1 }, l: [1], m: new Map([[1, 2]]), d: new Date(5), e: new TypeError("x"), n: new Uint8Array(2) })',
    ) as Record<string, unknown>;
    const { o, l, m, d, e, n } = trip(foreign);
    expect([o, l, m, d, n]).toStrictEqual([{ a: 1 }, [1], new Map([[1, 2]]), new Date(5), new Uint8Array(2)]);
    expect(e).toBeInstanceOf(TypeError);
  });

  it('carries the contents of a Proxy', () => {
    expect(trip(new Proxy({ a: 1 }, {}))).toEqual({ a: 1 });
    expect(trip(new Proxy([1, 2], {}))).toEqual([1, 2]);
  });
});
