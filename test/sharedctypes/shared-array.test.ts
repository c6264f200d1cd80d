import { inspect } from 'node:util';

import {
  Array as MpArray,
  ClosedError,
  fromHandle,
  Lock,
  RLock,
  SharedArray,
  struct,
  toHandle,
  type ElementType,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import { square } from '../fixtures/shared.js';
import * as work from '../fixtures/sharedctypes/values.js';
import { collectUntil } from '../helpers/garbage.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { familyHolds } from '../helpers/shared-memory.ts';

const Point = struct({ x: 'd', y: 'd', id: 'i' });

async function run(target: (...args: never[]) => unknown, ...args: unknown[]): Promise<void> {
  const child = start(target, ...args);
  await child.join();
  expect(child.exitCode).toBe(0);
}

describe('SharedArray', () => {
  expectNoHolds();

  it('is exported as Array, too', () => {
    expect(MpArray).toBe(SharedArray);
  });

  it.each<[ElementType, abstract new () => object]>([
    ['b', Int8Array],
    ['c', Uint8Array],
    ['?', Uint8Array],
    ['h', Int16Array],
    ['H', Uint16Array],
    ['i', Int32Array],
    ['I', Uint32Array],
    ['l', BigInt64Array],
    ['Q', BigUint64Array],
    ['f', Float32Array],
    ['d', Float64Array],
    ['uint32', Uint32Array],
  ])("of type '%s' is a real typed array with a lock", (type, Base) => {
    const array = keep(SharedArray(type, 3));
    expect(array).toBeInstanceOf(Base);
    expect(ArrayBuffer.isView(array)).toBe(true);
    expect(Object.prototype.toString.call(array)).toBe(`[object ${Base.name}]`);
    expect(array.getLock()).toBeInstanceOf(RLock);
    expect(Array.from(array as Iterable<unknown>, Number)).toEqual([0, 0, 0]);
    expect(inspect(array)).toMatch(new RegExp(`^Shared${Base.name}\\(3\\)`));
    array.fill((typeof array[0] === 'bigint' ? 1n : 1) as never);
    expect(array.withSync(() => Array.from(array as Iterable<unknown>, Number))).toEqual([1, 1, 1]);
  });

  it('has a length, elements by index and iteration (row 13)', () => {
    const array = keep(SharedArray('i', [1, 2, 3, 4, 5]));
    expect(array).toHaveLength(5);
    array[2] = 30;
    array[5] = 6;
    expect([array[2], array[5], array.at(-1), ...array]).toEqual([30, undefined, 5, 1, 2, 30, 4, 5]);
    expect(Object.keys(array)).toEqual(['0', '1', '2', '3', '4']);
  });

  it('begins with a size of zeros or with a list (row 76)', () => {
    expect([...keep(SharedArray('d', 3))]).toEqual([0, 0, 0]);
    expect([...keep(SharedArray('d', new Set([1.5, 2])))]).toEqual([1.5, 2]);
    expect([...keep(SharedArray('h', Int8Array.of(1, -2)))]).toEqual([1, -2]);
    expect([...keep(SharedArray('?', [true, false, 1]))]).toEqual([1, 0, 1]);
    expect(keep(SharedArray('q', []))).toHaveLength(0);
  });

  it('gives private arrays by map, filter and slice, and plain shared views by subarray', () => {
    const array = keep(SharedArray('i', [1, 2, 3]));
    for (const copy of [array.map((x) => x), array.filter(() => true), array.slice()]) {
      expect(Object.getPrototypeOf(copy)).toBe(Int32Array.prototype);
      copy[0] = 9;
    }
    expect(array[0]).toBe(1);
    const part = array.subarray(1);
    expect(Object.getPrototypeOf(part)).toBe(Int32Array.prototype);
    part[0] = 20;
    expect(array[1]).toBe(20);
    const plain = array.getObj();
    expect(Object.getPrototypeOf(plain)).toBe(Int32Array.prototype);
    plain[2] = 30;
    expect([...array]).toEqual([1, 20, 30]);
  });

  it("goes on with a typed array's own with(index, value)", () => {
    const array = keep(SharedArray('i', [1, 2, 3]));
    expect(array.with(0, 9)).toEqual(Int32Array.of(9, 2, 3));
    expect(array[0]).toBe(1);
  });

  it("has all forms of an RLock's use", async () => {
    const array = keep(SharedArray('d', 2));
    expect(await array.acquire()).toBe(true);
    expect([array.acquireSync({ timeout: 0 }), array.tryAcquire(), array.locked]).toEqual([true, true, true]);
    for (let i = 0; i < 3; i++) array.release();
    expect(await array.with(async () => array.locked)).toBe(true);
    for (const held of [await array.hold(), array.holdSync()]) {
      expect(array.locked).toBe(true);
      held[Symbol.dispose]();
    }
    expect([array.locked, array.abandoned]).toEqual([false, false]);
    await expect(array.with('fn' as never)).rejects.toThrow(TypeError);
  });

  it('is the same memory with the same lock in other processes (row 12)', async () => {
    const array = keep(SharedArray('i', [1, 2, 3, 4, 5]));
    await run(square, array);
    expect([...array]).toEqual([1, 4, 9, 16, 25]);
    array.fill(0);
    const children = [1, 2].map(() => start(work.addToElements, array, 3000, counters));
    work.addToElements(array, 3000, counters);
    for (const child of children) expect([await child.join(), child.exitCode]).toEqual([true, 0]);
    expect([...array]).toEqual([9000, 9000, 9000, 9000, 9000]);
  });

  it('arrives as what it is, and its subarrays as plain views of the same memory', async () => {
    const array = keep(SharedArray('i', [1, 2, 3]));
    await run(work.describeArray, array, array.subarray(2), counters);
    expect([...counters.subarray(0, 4)]).toEqual([1, 1, 2, 99]);
    expect(array[2]).toBe(99);
  });

  it('uses the lock that it is given, which travels along and stays open', async () => {
    const lock = keep(new Lock());
    const array = keep(SharedArray('i', 2, { lock }));
    expect(array.getLock()).toBe(lock);
    lock.acquireSync();
    await run(work.sameLock, { value: array, lock }, counters);
    expect([counters[0], counters[1]]).toEqual([2, 1]);
    lock.release();
    array.close();
    expect(lock.locked).toBe(false);
  });

  it('is empty after close(), with its subarrays, and nobody else notices', () => {
    const array = SharedArray('i', [1, 2, 3]);
    const part = array.subarray(1);
    const other = keep(fromHandle<typeof array>(toHandle(array)));
    array.acquireSync();
    array.close();
    array.close();
    part[0] = 7;
    array[0] = 7;
    expect([array.length, part.length, other.locked, ...other]).toEqual([0, 0, false, 1, 2, 3]);
    for (const use of [() => array.getLock(), () => array.getObj(), () => array.acquireSync(), () => array.locked]) {
      expect(use).toThrow(ClosedError);
    }
    expect(() => toHandle(array)).toThrow(/SharedArray object has been closed/);
  });

  it.each<[string, () => unknown, typeof Error, RegExp]>([
    ['an unknown type', () => SharedArray('x' as 'd', 1), TypeError, /no element type "x"/],
    ['a negative size', () => SharedArray('d', -1), RangeError, /size/],
    ['a size beyond all memory', () => SharedArray('d', 2 ** 50), RangeError, /8 GiB/],
    ['no size', () => SharedArray('d', undefined as never), TypeError, /a size or a list/],
    ['a wrong element', () => SharedArray('d', [1, '2' as never]), TypeError, /element 1 of 'd' must be a number/],
    ['a fraction', () => SharedArray('i', [1, 2.5]), TypeError, /element 1 of 'i' must be a whole number, not 2.5/],
    ['an element out of range', () => SharedArray('h', [70_000]), RangeError, /element 0 of 'h' must be from -32768/],
    ['elements of another array out of range', () => SharedArray('b', Int16Array.of(1, 128)), RangeError, /element 1/],
    ['a lock that is no lock', () => SharedArray('d', 1, { lock: 'notalock' as never }), TypeError, /"lock"/],
    ['an unknown option', () => SharedArray('d', 1, { name: 'x' } as never), TypeError, /no option "name"/],
    ['a wrong struct', () => SharedArray(Point, [{ x: 1 }, { z: 1 } as never]), TypeError, /element 1.*no field 'z'/],
  ])('refuses %s before anything is allocated', (_, make, kind, message) => {
    const before = familyHolds();
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(familyHolds()).toBe(before);
  });

  it('of structs is an array of views with a lock', async () => {
    const points = keep(SharedArray(Point, [{ x: 1 }, [2, 3]]));
    expect(points.withSync(() => Array.from(points, ({ x, y }) => [x, y]))).toEqual([
      [1, 0],
      [2, 3],
    ]);
    const other = keep(fromHandle<typeof points>(toHandle(points)));
    other[1] = Point.of(7, 8, 9);
    expect([points[1]?.id, points.getObj()[1]?.x, points.getObj().length]).toEqual([9, 7, 2]);
    points.acquireSync();
    expect(other.locked).toBe(true);
    points.close();
    expect([points.length, points[0], other.length, other.locked]).toEqual([0, undefined, 2, false]);
  });
});

describe('A SharedArray without a lock', () => {
  it('is a RawArray', () => {
    const array = SharedArray('i', [1, 2], { lock: false });
    expect(Object.getPrototypeOf(array)).toBe(Int32Array.prototype);
    expect('getLock' in array || 'getObj' in array).toBe(false);
    expect(() => SharedArray('h', [1e9], { lock: false })).toThrow(RangeError);
  });
});

describe('A SharedArray that is forgotten', () => {
  it('gives its memory back when it and its subarrays are collected', async () => {
    const before = await collectUntil(() => true);
    const parts = [SharedArray('d', 1000).subarray(5)];
    expect(await collectUntil((holds) => holds <= before + 1)).toBe(before + 1);
    parts[0]?.fill(3);
    // New memory has not taken the place of what a subarray still shows.
    expect([SharedArray('d', 1000)[5], parts[0]?.[0]]).toEqual([0, 3]);
    parts.length = 0;
    expect(await collectUntil((holds) => holds <= before)).toBe(before);
  });
});
