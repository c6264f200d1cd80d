import { Deserializer, Serializer } from 'node:v8';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { PortableDeserializer } from '../../dist/reduction/portable/deserializer.js';
import { PortableSerializer } from '../../dist/reduction/portable/serializer.js';

interface AnySerializer {
  writeHeader(): unknown;
  writeValue(value: unknown): unknown;
  releaseBuffer(): Buffer;
}
interface AnyDeserializer {
  readHeader(): unknown;
  readValue(): unknown;
}

function written(serializer: AnySerializer, ...values: unknown[]): Buffer {
  serializer.writeHeader();
  for (const value of values) serializer.writeValue(value);
  return serializer.releaseBuffer();
}

function read(deserializer: AnyDeserializer, count = 1): unknown[] {
  deserializer.readHeader();
  return Array.from({ length: count }, () => deserializer.readValue());
}

const sparse: unknown[] = [];
sparse[1000] = 'last';
const withHole = Object.assign([1, 2, 3], { named: 'property' });
delete withHole[1];
const twice = { a: 1 };

const VALUES: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['numbers', [0, -0, 1, -1, 2 ** 30 - 1, 2 ** 30, -(2 ** 30), -(2 ** 30) - 1, 2 ** 32, 1.5, NaN, -Infinity]],
  ['bigints', [0n, 1n, -1n, 2n ** 63n, 2n ** 64n, -(2n ** 200n)]],
  ['texts', ['', 'a', 'ä', '\xff', '∞', '\ud800', 'x'.repeat(1000), '∞'.repeat(1000)]],
  ['keys', { 1: 'index', '-1': 'text', '01': 'text', 4294967295: 'no index', ['ü∞']: 1, ['__proto__x']: 2 }],
  ['a key named __proto__', JSON.parse('{"__proto__": {"a": 1}}')],
  ['a sparse array', sparse],
  ['an array with a hole and a property', withHole],
  ['a Map', new Map<unknown, unknown>([[{ key: 1 }, new Set([1, 'a', new Set()])]])],
  ['dates', [new Date(0), new Date(NaN)]],
  ['regular expressions', [/a/, /ü∞/dgimsuy, new RegExp('[\\p{L}--[a-z]]', 'v')]],
  ['boxed values', [Object(1), Object(-0), Object('text'), Object(true), Object(false), Object(3n)]],
  ['buffers', [new ArrayBuffer(0), Uint8Array.from([1, 2, 3]).buffer]],
  ['what is met twice', [twice, twice]],
];

describe('The serializer for runtimes without node:v8', () => {
  it.each(VALUES)('writes %s so that V8 reads them, and reads what V8 writes', (_what, value) => {
    const bytes = written(new PortableSerializer(), value);
    expect(read(new Deserializer(bytes))).toEqual([value]);
    expect(read(new PortableDeserializer(written(new Serializer(), value)))).toEqual([value]);
    expect(read(new PortableDeserializer(bytes))).toEqual([value]);
  });

  it('keeps cycles, and identity across the values of a message', () => {
    const cycle: { self?: unknown; list: unknown[] } = { list: [] };
    cycle.self = cycle;
    cycle.list.push(cycle, new Map([[cycle, cycle]]));
    for (const Writer of [PortableSerializer, Serializer]) {
      for (const Reader of [PortableDeserializer, Deserializer]) {
        const [first, second] = read(new Reader(written(new Writer(), cycle, [cycle])), 2) as [typeof cycle, unknown[]];
        expect(first.self).toBe(first);
        expect(second[0]).toBe(first);
        expect((first.list[1] as Map<unknown, unknown>).get(first)).toBe(first);
      }
    }
  });

  it('agrees with V8 on whatever structured clone carries', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withSparseArray: true,
      withBoxedValues: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        const expected = read(new Deserializer(written(new Serializer(), value)));
        const bytes = written(new PortableSerializer(), value);
        expect(read(new Deserializer(bytes))).toStrictEqual(expected);
        expect(read(new PortableDeserializer(bytes))).toStrictEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses what has no bytes, and damaged bytes with an error', () => {
    expect(() => written(new PortableSerializer(), Symbol('a'))).toThrow(TypeError);
    expect(() => written(new PortableSerializer(), () => {})).toThrow(TypeError);
    const bytes = written(new PortableSerializer(), [VALUES.map(([, value]) => value), { a: [twice, twice] }]);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const damaged = Buffer.from(cut ? bytes.subarray(0, at) : bytes);
        if (!cut) damaged[at] = byte;
        try {
          read(new PortableDeserializer(damaged));
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
