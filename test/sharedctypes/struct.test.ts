import { inspect } from 'node:util';

import { fromHandle, RawArray, RawValue, struct, toHandle } from 'forkless';
import { describe, expect, it } from 'vitest';

import { isOfLayout, moveAll, movePoint } from '../fixtures/shared.js';
import { start } from '../helpers/primitives.ts';

const Point = struct({ x: 'd', y: 'd', id: 'i' });
const Line = struct({ from: Point, to: Point, tags: ['h', 3], corners: [Point, 2], visible: '?' });

/** A shared struct, as a plain object. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function runToEnd(target: (...args: never[]) => unknown, ...args: unknown[]): Promise<number | null> {
  const child = start(target, ...args);
  return child.join().then(() => child.exitCode);
}

describe('struct', () => {
  it("has C's offsets, alignment and trailing padding", () => {
    const mixed = struct({ a: 'b', b: 'q', c: 'h', d: 'f', e: '?' });
    expect(mixed.offsets).toEqual({ a: 0, b: 8, c: 16, d: 20, e: 24 });
    expect([mixed.byteLength, mixed.alignment]).toEqual([32, 8]);
    expect(Line.offsets).toEqual({ from: 0, to: 24, tags: 48, corners: 56, visible: 104 });
    expect([Line.byteLength, Line.alignment]).toEqual([112, 8]);
    expect([struct({ a: 'c' }).byteLength, struct({ a: ['c', 3], b: 'h' }).byteLength]).toEqual([1, 6]);
  });

  it('is one object for equal layouts, and another for each order of the fields', () => {
    expect(struct({ x: 'd', y: 'd', id: 'i' })).toBe(Point);
    expect(struct({ y: 'd', x: 'd', id: 'i' })).not.toBe(Point);
    expect(struct({ p: Point, n: ['i', 2] })).toBe(struct({ p: struct({ x: 'd', y: 'd', id: 'i' }), n: ['i', 2] }));
    expect(struct({ p: ['i', 2] })).not.toBe(struct({ p: ['i', 3] }));
  });

  it.each([
    ['no fields', {}, TypeError, /type for each field/],
    ['no object', null, TypeError, /type for each field/],
    ['an unknown type', { x: 'z' }, TypeError, /field 'x': there is no element type "z"/],
    ['a length that is none', { x: ['d', 1.5] }, RangeError, /'x' must be \[type, length\]/],
    ['a length of nothing', { x: ['d', 0] }, RangeError, /'x' must be \[type, length\]/],
    ['an array of arrays', { x: [['d', 2], 2] }, TypeError, /field 'x'/],
    ['more memory than there can be', { x: ['d', 2 ** 40] }, RangeError, /'x'/],
    ['a name that a view needs itself', { toJSON: 'd' }, TypeError, /'toJSON'/],
    ['a name that JavaScript would put elsewhere', { b: 'd', 1: 'd' }, TypeError, /'1'/],
  ])('refuses %s', (_, fields, kind, message) => {
    expect(() => struct(fields as never)).toThrow(kind);
    expect(() => struct(fields as never)).toThrow(message);
  });

  it('shows its fields, and so does a view', () => {
    expect(inspect(struct({ x: 'd', n: ['i', 2] }))).toBe("struct { x: 'd', n: [ 'i', 2 ] }");
    expect(inspect(RawValue(Point, 1, 2))).toBe('RawValue { x: 1, y: 2, id: 0 }');
    expect(inspect(RawArray(Point, 2)[0])).toBe('{ x: 0, y: 0, id: 0 }');
  });
});

describe('A struct in shared memory', () => {
  it('begins with zeros, with its fields in order or with some of them by name', () => {
    expect(plain(RawValue(Point).value)).toEqual({ x: 0, y: 0, id: 0 });
    expect(plain(RawValue(Point, 1.5, 2).value)).toEqual({ x: 1.5, y: 2, id: 0 });
    expect(plain(RawValue(Point, { y: 2, id: -7 }).value)).toEqual({ x: 0, y: 2, id: -7 });
    expect(plain(RawValue(Line, [1, 2, 3], { id: 4 }, [5, 6, 7], [[8], { y: 9 }], true).value)).toEqual({
      from: { x: 1, y: 2, id: 3 },
      to: { x: 0, y: 0, id: 4 },
      tags: [5, 6, 7],
      corners: [
        { x: 8, y: 0, id: 0 },
        { x: 0, y: 9, id: 0 },
      ],
      visible: 1,
    });
  });

  it('keeps every type of field apart from its neighbours', () => {
    const all = struct({ a: 'b', b: 'B', c: 'h', d: 'H', e: 'i', f: 'I', g: 'q', h: 'Q', j: 'f', k: 'd', l: '?' });
    const values = [-128, 255, -32768, 65535, -(2 ** 31), 2 ** 32 - 1, -(2n ** 63n), 2n ** 64n - 1n, 0.5, -0, 1];
    const view = RawValue(all, ...values).value as unknown as Record<string, unknown>;
    const names = Object.keys(all.fields);
    expect(names.map((name) => view[name])).toEqual(values);
    for (const name of names) {
      const zero = typeof view[name] === 'bigint' ? 0n : 0;
      view[name] = zero;
      expect(view[name]).toBe(zero);
    }
  });

  it('is changed by its fields, nested ones and arrays included, and by objects for some of them', () => {
    const line = RawValue(Line).value;
    line.from.x = 1;
    line.to = RawValue(Point, 2, 3, 4).value;
    line.tags[2] = 5;
    line.corners[1] = { x: 6, y: 7, id: 8 };
    const { to } = line;
    line.to = { y: 30 } as never;
    expect([to.x, to.y, to.id]).toEqual([2, 30, 4]);
    expect([line.from.x, line.corners[1]?.id, ...line.tags]).toEqual([1, 8, 0, 0, 5]);
    line.tags = Int16Array.of(1, 2, 3);
    expect([...line.tags]).toEqual([1, 2, 3]);
  });

  it.each<[string, unknown, typeof Error, RegExp]>([
    ['an unknown field', { x: 1, z: 1 }, TypeError, /no field 'z'; it has x, y, id/],
    ['a wrong kind of value', { x: 1, y: '2' }, TypeError, /Field 'y' of 'd' must be a number, not string/],
    ['undefined', { x: 1, y: undefined }, TypeError, /Field 'y'/],
    ['a value out of range', { x: 1, id: 2 ** 31 }, RangeError, /'id' of 'i' must be from -2147483648 to 2147483647/],
    ['too many values', [1, 2, 3, 4], RangeError, /3 fields, not 4/],
    ['a number', 1, TypeError, /not number/],
    ['a view of another struct', struct({ x: 'd' }).of(1), TypeError, /view of another struct/],
  ])('refuses %s before anything is changed', (_, value, kind, message) => {
    const shared = RawValue(Point, 10, 20, 30);
    const set = (): void => void (shared.value = value as never);
    expect(set).toThrow(kind);
    expect(set).toThrow(message);
    expect(plain(shared.value)).toEqual({ x: 10, y: 20, id: 30 });
    if (kind === RangeError) expect(() => RawArray(Point, [value as never])).toThrow(RangeError);
  });

  it('refuses wrong fields and lists of a wrong length', () => {
    const line = RawValue(Line, { tags: [1, 2, 3] }).value;
    for (const set of [
      () => (line.tags = [1, 2] as never),
      () => (line.tags = [9, 9, 40_000] as never),
      () => (line.from.id = 1.5),
      () => (line.from.x = 1n as never),
      () => (line.to = { x: 9, y: 'a' } as never),
      () => (line.corners = [{ x: 9 }, { y: null }] as never),
    ]) {
      expect(set).toThrow(/Field '/);
    }
    expect([...line.tags, line.from.id, line.from.x, line.to.x, line.corners.at(0)?.x]).toEqual([1, 2, 3, 0, 0, 0, 0]);
  });

  it('is the same memory in a child, wherever a view of it stands', async () => {
    const value = RawValue(Point, 1, 2);
    expect(await runToEnd(movePoint, { points: [value.value] }, 10)).toBe(0);
    expect(plain(value.value)).toEqual({ x: 11, y: 12, id: 0 });
    const lines = RawArray(Line, 3);
    expect(await runToEnd(movePoint, { points: [lines.at(1)?.corners[1]] }, 5)).toBe(0);
    expect([lines[1]?.corners[1]?.x, lines[1]?.corners[0]?.x, lines[0]?.corners[1]?.x]).toEqual([5, 0, 0]);
  });

  it('arrives as a view of the class that the same struct has there', async () => {
    const report = RawArray('i', 2);
    expect(await runToEnd(isOfLayout, RawValue(Point).value, Point, report)).toBe(0);
    expect([...report]).toEqual([1, Point.byteLength]);
  });

  it('is copied into memory of its own by copy(), and travels by copy then', async () => {
    const value = RawValue(Point, 1, 2, 3);
    const copy = Point.copy(value.value);
    value.value = { x: 0, y: 0, id: 0 };
    expect(plain(copy)).toEqual({ x: 1, y: 2, id: 3 });
    expect(await runToEnd(movePoint, { points: [copy] }, 10)).toBe(0);
    expect(copy.x).toBe(1);
    expect(() => Point.copy({ x: 1, y: 2, id: 3 })).toThrow(TypeError);
  });
});

describe('An array of structs', () => {
  const Tagged = struct({ x: 'd', tags: ['B', 2] });

  it('has a length, elements by index and iteration', () => {
    const points = RawArray(Point, [{ x: 1 }, [2, 3], Point.of(4, 5, 6)]);
    expect(points).toHaveLength(3);
    expect(plain(points)).toEqual([
      { x: 1, y: 0, id: 0 },
      { x: 2, y: 3, id: 0 },
      { x: 4, y: 5, id: 6 },
    ]);
    expect(Array.from(points, ({ x }) => x)).toEqual([1, 2, 4]);
    expect([points[3], points[-1], points.at(3), points.at(-4)]).toEqual(Array(4).fill(undefined));
    expect([points.at(-1)?.id, points.at(2.9)?.id]).toEqual([6, 6]);
    points[1] = { x: 0, y: 0, id: 9 };
    expect(points[1]?.id).toBe(9);
    expect(() => (points[3] = Point.of())).toThrow(/no element 3 in an array of 3/);
    expect(RawArray(Point, 0)).toHaveLength(0);
  });

  it('shares its memory with its subarrays', () => {
    const points = RawArray(Point, 5);
    const part = points.subarray(1, -1);
    expect(part).toHaveLength(3);
    (part[0] as { x: number }).x = 7;
    expect(points[1]?.x).toBe(7);
    expect([points.subarray(4, 2).length, points.subarray(-2).length, points.subarray().length]).toEqual([0, 2, 5]);
  });

  it('is the same memory in a child, as a whole and as a part', async () => {
    const all = RawArray(Tagged, 4);
    expect(await runToEnd(moveAll, all.subarray(1, 3), 3)).toBe(0);
    expect(Array.from(all, ({ x }) => x)).toEqual([0, 3, 3, 0]);
    expect(all[1]?.tags[1]).toBe(7);
    const again = fromHandle<typeof all>(toHandle(all));
    (again[3] as { x: number }).x = 1;
    expect(all[3]?.x).toBe(1);
  });

  it.each([
    ['an element that does not fit', () => RawArray(Point, [{ x: 1 }, { id: 0.5 }]), TypeError, /Field 'id'/],
    ['a size below zero', () => RawArray(Point, -1), RangeError, /size/],
  ])('refuses %s', (_, make, kind, message) => {
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });
});
