import { isDeepStrictEqual } from 'node:util';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isPlain } from '../../dist/process/plain.js';

const twice = { a: 1 };
const withHole = [1, 2, 3];
delete withHole[1];

describe('isPlain', () => {
  it.each([[null], [true], [0], [1.5], ['täxt'], [[]], [{}], [[1, 'a', { b: [null] }]], [{ length: 1 }]])(
    'accepts %j',
    (value) => {
      expect(isPlain(value)).toBe(true);
    },
  );

  it.each([
    ['undefined', undefined],
    ['an element that is undefined', [undefined]],
    ['a property that is undefined', { a: undefined }],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['−0', -0],
    ['a bigint', 1n],
    ['a symbol', Symbol('a')],
    ['a function', () => {}],
    ['a lone surrogate', '\ud800'],
    ['a key with a lone surrogate', { '\ud800': 1 }],
    ['a Map', new Map()],
    ['a Date', new Date()],
    ['a typed array', new Uint8Array(1)],
    ['an instance', new (class A {})()],
    ['an object without a prototype', Object.create(null)],
    ['a subclass of Array', new (class A extends Array {})()],
    ['a hole', withHole],
    ['an array with a property', Object.assign([1], { a: 1 })],
    [
      'a getter',
      {
        get a() {
          return 1;
        },
      },
    ],
    ['a property that is not enumerable', Object.defineProperty({}, 'a', { value: 1 })],
    ['a symbol as a key', { [Symbol.for('a')]: 1 }],
    ['toJSON', { toJSON: 1 }],
    ['__proto__ as a key', JSON.parse('{"__proto__": 1}')],
    ['an object that is met twice', [twice, twice]],
    ['more values than are worth it', Array(2000).fill(1)],
  ])('refuses %s', (_what, value) => {
    expect(isPlain(value)).toBe(false);
    expect(isPlain({ inner: [value] })).toBe(false);
  });

  it('refuses a cycle', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(isPlain(cycle)).toBe(false);
  });

  it('accepts only what JSON keeps', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withSparseArray: true,
          withNullPrototype: true,
        }),
        (value) => {
          if (isPlain(value)) expect(isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value)).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
