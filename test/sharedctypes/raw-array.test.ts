import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { Process, RawArray, RawValue, type ElementType } from 'forkless';
import { describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { familyHolds } from '../helpers/shared-memory.ts';
import { square, setValue, writeThroughBoth } from '../fixtures/shared.js';

const CONSTRUCTORS: readonly (readonly [ElementType, abstract new () => unknown])[] = [
  ['c', Uint8Array],
  ['b', Int8Array],
  ['B', Uint8Array],
  ['?', Uint8Array],
  ['h', Int16Array],
  ['H', Uint16Array],
  ['i', Int32Array],
  ['I', Uint32Array],
  ['l', BigInt64Array],
  ['L', BigUint64Array],
  ['q', BigInt64Array],
  ['Q', BigUint64Array],
  ['f', Float32Array],
  ['d', Float64Array],
  ['int8', Int8Array],
  ['uint16', Uint16Array],
  ['int64', BigInt64Array],
  ['float64', Float64Array],
];

async function run(target: (...args: never[]) => unknown, args: readonly unknown[]): Promise<void> {
  const child = new Process({ target: target as (...args: unknown[]) => unknown, args: args as unknown[] }).start();
  expect(await child.join({ timeout: 20_000 })).toBe(true);
  expect(child.exitCode).toBe(0);
}

describe('RawArray', () => {
  it.each(CONSTRUCTORS)("of type '%s' is that typed array itself", (type, Constructor) => {
    const array = RawArray(type, 3);
    expect(array).toBeInstanceOf(Constructor);
    expect(Array.from(array as Iterable<unknown>, Number)).toEqual([0, 0, 0]);
  });

  it('begins with zeros when given a size, and with its elements when given a list', () => {
    expect(RawArray('i', 4)).toEqual(new Int32Array(4));
    expect(RawArray('d', [1, 2.5, -3])).toEqual(Float64Array.of(1, 2.5, -3));
    expect(RawArray('q', new Set([1n, -2n]))).toEqual(BigInt64Array.of(1n, -2n));
    expect(RawArray('i', 0)).toHaveLength(0);
  });

  it('is all zeros although its memory was used before', async () => {
    for (const length of [10, 1000, 100_000]) {
      const dirty = RawArray('uint8', length).fill(255);
      expect(dirty[length - 1]).toBe(255);
    }
    for (const length of [10, 1000, 100_000]) expect(RawArray('uint8', length).every((byte) => byte === 0)).toBe(true);
  });

  it('takes a slice of values at once and gives one back (row 79)', () => {
    const array = RawArray('d', 10);
    array.set([1, 2, 3], 4);
    expect(Array.from(array.subarray(3, 8))).toEqual([0, 1, 2, 3, 0]);
    expect(Array.from(array.slice(5, 7))).toEqual([2, 3]);
  });

  it('is the same memory in a child', async () => {
    const numbers = RawArray('i', [1, 2, 3, 4, 5]);
    await run(square, [numbers]);
    expect(Array.from(numbers)).toEqual([1, 4, 9, 16, 25]);
  });

  it('travels by reference as a subarray, and views of one memory stay views of one memory', async () => {
    const whole = RawArray('d', 8);
    const report = RawArray('d', 2);
    await run(writeThroughBoth, [whole, whole.subarray(2, 4), report]);
    expect(Array.from(report)).toEqual([1, 42]);
    expect(whole[2]).toBe(42);
  });

  it.each([
    ['an unknown type', () => RawArray('x' as 'd', 1), TypeError],
    ['a negative size', () => RawArray('d', -1), RangeError],
    ['a fractional size', () => RawArray('d', 1.5), RangeError],
    ['no size at all', () => RawArray('d', undefined as unknown as number), TypeError],
    ['text among the elements', () => RawArray('d', [1, '2' as unknown as number]), TypeError],
    ['a bigint for an array of doubles', () => RawArray('d', [1n as unknown as number]), TypeError],
    ['a number for an array of bigints', () => RawArray('q', [1 as unknown as bigint]), TypeError],
    ['a fraction for an array of whole numbers', () => RawArray('i', [1, 1.5]), TypeError],
    ['an element out of range', () => RawArray('h', [1, 32_768]), RangeError],
    ['2 for true', () => RawArray('?', [1, 2]), RangeError],
    ['elements of another array that do not fit', () => RawArray('B', Int8Array.of(1, -1)), RangeError],
  ])('refuses %s before anything is allocated', (_what, make, error) => {
    const before = familyHolds();
    expect(make).toThrow(error);
    expect(familyHolds()).toBe(before);
  });

  it('takes true and false for the elements of an array of flags', () => {
    expect([...RawArray('?', [true, false, 1])]).toEqual([1, 0, 1]);
  });

  it('converts what is written later as typed arrays do', () => {
    const array = RawArray('h', 2);
    array[0] = 70_000;
    array[1] = 1.9;
    expect([...array]).toEqual([70_000 - 65_536, 1]);
  });

  it('says so when the memory could never hold it', () => {
    expect(() => RawArray('d', 2 ** 50)).toThrow(RangeError);
  });
});

describe('RawValue', () => {
  it('starts at zero (row 79)', () => {
    expect(RawValue('i').value).toBe(0);
    expect(RawValue('q').value).toBe(0n);
    expect(RawValue('d', 2.5).value).toBe(2.5);
  });

  it('is shared with a child', async () => {
    const value = RawValue('i', 1);
    await run(setValue, [value, 7]);
    expect(value.value).toBe(7);
  });

  it('refuses values of a wrong kind', () => {
    const value = RawValue('i');
    expect(() => {
      value.value = '1' as unknown as number;
    }).toThrow(TypeError);
    expect(() => RawValue('q', 1 as unknown as bigint)).toThrow(TypeError);
    expect(value.value).toBe(0);
  });
});

describe('An array that is forgotten', () => {
  it('gives its memory back when it is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const holds = (): number => familyArena().statistics().holds;
    const settle = async (): Promise<void> => {
      collect();
      // The finalizers run in a later turn of the loop than the collection.
      await sleep(10);
    };
    for (let i = 0; i < 5; i++) await settle();
    const before = holds();
    (() => RawArray('d', 100_000).fill(1))();
    expect(holds()).toBe(before + 1);
    for (let i = 0; i < 500 && holds() > before; i++) await settle();
    expect(holds()).toBe(before);
  });
});
