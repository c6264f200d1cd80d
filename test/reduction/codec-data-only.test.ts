import { describe, expect, it } from 'vitest';

import { Lock, RawArray } from '../../dist/index.js';
import { decode, encode } from '../../dist/reduction/codec.js';
import * as library from '../fixtures/functions/library.js';

const roundTrip = (value: unknown): unknown =>
  decode(encode(value, 'the value', { dataOnly: true }).bytes, { dataOnly: true });

describe('A message of nothing but data', () => {
  it.each([
    [{ a: [1, 'b', null, undefined, true, 10n], at: new Date(5), map: new Map([[1, new Set([2])]]) }],
    [[Float64Array.of(1, 2), new Uint8Array([3]), new URL('http://a/')]],
    [new RangeError('too far', { cause: { depth: 3 } })],
  ])('carries data: %o', (value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  it('carries a copy of shared memory', () => {
    const shared = RawArray('d', [1, 2, 3, 4]);
    const { part, whole } = roundTrip({ part: shared.subarray(1, 3), whole: shared }) as Record<string, Float64Array>;
    shared.fill(9);
    expect(part).toEqual(Float64Array.of(2, 3));
    expect(whole).toEqual(Float64Array.of(1, 2, 3, 4));
  });

  const [exported] = Object.values(library).filter((value) => typeof value === 'function');
  it.each([
    ['a function of a module', () => exported],
    ['a function by value', () => () => 1],
    ['a shared object', () => new Lock()],
  ])('refuses %s on both sides', (_, make) => {
    const value = make();
    try {
      expect(() => encode({ value }, 'the message', { dataOnly: true })).toThrow(/the message.value cannot travel/);
      const bytes = encode({ value }).bytes;
      expect(() => decode(bytes, { dataOnly: true })).toThrow(
        expect.objectContaining({ code: 'ERR_MP_SERIALIZATION' }),
      );
    } finally {
      if (value instanceof Lock) value.close();
    }
  });

  it('refuses a view of shared memory that somebody else has sent by reference', () => {
    const { bytes } = encode(RawArray('i', 4));
    expect(() => decode(bytes, { dataOnly: true })).toThrow(/only data/);
  });
});
