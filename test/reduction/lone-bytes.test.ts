import { RawArray } from 'forkless';
import { describe, expect, it } from 'vitest';

import { encode as encodeBuilt } from '../../dist/reduction/codec.js';
import { decode, decodeFrom, encode, encodeInto } from '../../src/reduction/codec.ts';
import { FORMAT } from '../../src/reduction/message-format.ts';

const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7) & 255);

describe('A message that is nothing but bytes', () => {
  it.each([0, 1, 3, 300, 8191, 8192, 32_765, 32_766])('arrives as a copy of %i bytes, of the same class', (length) => {
    for (const value of [pattern(length), Buffer.from(pattern(length))]) {
      const { bytes } = encode(value);
      expect(bytes[0]).toBe(FORMAT.bytes);
      const copy = decode(bytes) as Uint8Array;
      expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(value));
      expect(Buffer.compare(copy, value)).toBe(0);
      bytes.fill(0);
      expect(Buffer.compare(copy, value)).toBe(0);
    }
  });

  it('is not changed by the next one, nor by what is received over it', () => {
    const { bytes } = encode(pattern(32_766));
    encode(new Uint8Array(32_766));
    expect(Buffer.compare(decode(bytes) as Uint8Array, pattern(32_766))).toBe(0);
    const inPlace = encodeInto(pattern(50));
    const copy = decodeFrom(inPlace.bytes, inPlace.start, inPlace.end) as Uint8Array;
    encodeInto(new Uint8Array(50));
    expect(Buffer.compare(copy, pattern(50))).toBe(0);
    const inBuffer = Buffer.concat([Buffer.from('xx'), encode(pattern(9)).bytes]);
    const found = decodeFrom(inBuffer, 2, inBuffer.length) as Uint8Array;
    expect(Object.getPrototypeOf(found)).toBe(Uint8Array.prototype);
    inBuffer.fill(0);
    expect(Buffer.compare(found, pattern(9))).toBe(0);
  });

  it('can be written while an accessor of another message is read', () => {
    const value = {
      before: 'before',
      get bytes() {
        return decode(encode(Buffer.from('inner')).bytes) instanceof Buffer;
      },
      after: 'after',
    };
    expect(decode(encode(value).bytes)).toEqual({ before: 'before', bytes: true, after: 'after' });
  });

  it('sends a part of a buffer without the rest', () => {
    expect(encode(Buffer.alloc(10_000).subarray(5, 10)).bytes).toHaveLength(7);
  });

  it.each([
    ['another kind of view', new Int8Array(3)],
    ['a class that extends Uint8Array', new (class Special extends Uint8Array {})(3)],
    ['what is longer', new Uint8Array(40_000)],
    ['bytes in an object', { bytes: new Uint8Array(3) }],
  ])('is not used for %s', (_, value) => {
    try {
      expect(encode(value).bytes[0]).toBe(FORMAT.v8);
    } catch (error) {
      // A class of a test cannot travel at all.
      expect(error).toMatchObject({ code: 'ERR_MP_SERIALIZATION' });
    }
  });

  it('is not used for shared memory, which travels by reference', () => {
    expect(encodeBuilt(RawArray('B', 3)).modules).not.toEqual([]);
  });

  it.each([[[FORMAT.bytes]], [[FORMAT.bytes, 0, 1]], [[FORMAT.bytes, 255]]])(
    'is refused when it is damaged: %j',
    (bytes) => {
      expect(() => decode(Uint8Array.from(bytes))).toThrow(/damaged|no message of bytes/);
    },
  );
});
