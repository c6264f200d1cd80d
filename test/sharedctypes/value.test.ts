import { inspect } from 'node:util';

import {
  ClosedError,
  fromHandle,
  Lock,
  RawArray,
  RawValue,
  RLock,
  Semaphore,
  struct,
  toHandle,
  Value,
  type ElementType,
  type SharedValue,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import { Sampler, takeSamples } from '../fixtures/shared.js';
import * as work from '../fixtures/sharedctypes/values.js';
import { collectUntil } from '../helpers/garbage.ts';
import { counters, expectNoHolds, keep, start } from '../helpers/primitives.ts';
import { familyHolds } from '../helpers/shared-memory.ts';

const Point = struct({ x: 'd', y: 'd', id: 'i' });
const Large = struct({ from: Point, to: Point });

async function run(target: (...args: never[]) => unknown, ...args: unknown[]): Promise<void> {
  const child = start(target, ...args);
  await child.join();
  expect(child.exitCode).toBe(0);
}

describe('Value', () => {
  expectNoHolds();

  it('starts at zero or at the value given, and is what it is set to (row 75)', () => {
    expect(keep(Value('i')).value).toBe(0);
    expect(keep(Value('q')).value).toBe(0n);
    const value = keep(Value('d', 2.5));
    expect(value.value).toBe(2.5);
    value.value = -0;
    expect(value.value).toBe(-0);
    expect(keep(Value('d', -0)).value).toBe(-0);
    expect(keep(Value('i', { lock: true })).value).toBe(0);
  });

  it("takes true and false for a '?', which reads as 1 and 0", () => {
    const flag = keep(Value('?', true));
    expect(flag.value).toBe(1);
    flag.value = false;
    expect(flag.value).toBe(0);
  });

  it.each<[string, () => unknown, typeof Error, RegExp]>([
    ['an unknown type', () => Value('x' as 'd'), TypeError, /no element type "x"/],
    ['a lock that is no lock', () => Value('i', 5, { lock: 'navalue' as never }), TypeError, /"lock".*not 'navalue'/],
    ['null for a lock', () => Value('i', 5, { lock: null as never }), TypeError, /"lock".*not null/],
    ['an unknown option', () => Value('i', 5, { lokc: true } as never), TypeError, /no option "lokc"/],
    ['two values', () => Value('i', ...([1, 2] as unknown as [number])), TypeError, /one value, not 2/],
    ['a value out of range with a lock', () => Value('b', 300, { lock: true }), RangeError, /-128 to 127/],
    ['a wrong value without a lock', () => Value('b', 300, { lock: false }), RangeError, /-128 to 127/],
    ['a wrong field', () => Value(Point, { x: 1, z: 2 } as never), TypeError, /no field 'z'/],
  ])('refuses %s before anything is allocated', (_, make, kind, message) => {
    const before = familyHolds();
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
    expect(familyHolds()).toBe(before);
  });

  it('refuses a semaphore for a lock, and a lock that is closed', () => {
    const semaphore = keep(new Semaphore(1));
    expect(() => Value('i', 0, { lock: semaphore as never })).toThrow(TypeError);
    const closed = new Lock();
    closed.close();
    expect(() => Value('i', 0, { lock: closed })).toThrow(ClosedError);
  });

  it('is one block of memory, lock included, which is free after close()', () => {
    const before = familyHolds();
    const value = Value('i', 1);
    expect(value.withSync(() => value.value)).toBe(1);
    expect(familyHolds()).toBe(before + 1);
    value.close();
    value.close();
    expect(familyHolds()).toBe(before);
  });

  it('cannot be used after close(), which releases the lock', () => {
    const value = Value('i', 1);
    const other = keep(fromHandle<typeof value>(toHandle(value)));
    value.acquireSync();
    value.close();
    expect(other.locked).toBe(false);
    for (const use of [
      () => value.value,
      () => (value.value = 1),
      () => value.add(1),
      () => value.load(),
      () => value.exchange(1),
      () => value.getLock(),
      () => value.getObj(),
      () => value.acquireSync(),
      () => value.locked,
    ]) {
      expect(use).toThrow(ClosedError);
    }
    expect(() => toHandle(value)).toThrow(/Value object has been closed/);
    expect(inspect(value)).toBe('Value { closed }');
    expect(inspect(other)).toBe('Value { 1 }');
  });

  it("has all forms of an RLock's use", async () => {
    const value = keep(Value('i'));
    expect(value.getLock()).toBeInstanceOf(RLock);
    expect(value.getLock()).toBe(value.getLock());
    expect(await value.acquire()).toBe(true);
    expect([value.acquireSync({ timeout: 0 }), value.tryAcquire(), value.locked]).toEqual([true, true, true]);
    expect(inspect(value.getLock())).toMatch(/held 3 times/);
    for (let i = 0; i < 3; i++) value.release();
    expect(value.locked).toBe(false);
    expect(await value.with(async () => value.locked)).toBe(true);
    expect(value.withSync(() => value.locked)).toBe(true);
    for (const held of [await value.hold(), value.holdSync()]) {
      expect(value.locked).toBe(true);
      held[Symbol.dispose]();
    }
    expect([value.locked, value.abandoned]).toEqual([false, false]);
  });

  it('uses the lock that it is given, which travels along and stays open', async () => {
    const lock = keep(new Lock());
    const value = keep(Value('i', 0, { lock }));
    expect(value.getLock()).toBe(lock);
    value.acquireSync();
    await run(work.sameLock, { value, lock }, counters);
    expect([counters[0], counters[1]]).toEqual([2, 1]);
    value.release();
    value.close();
    expect(() => value.acquireSync()).toThrow(ClosedError);
    expect(lock.tryAcquire()).toBe(true);
    lock.release();
  });

  it('has a lock that travels without it', async () => {
    const value = keep(Value('i'));
    value.acquireSync();
    await run(work.whetherFree, value.getLock(), counters);
    expect(counters[0]).toBe(2);
    value.release();
    await run(work.whetherFree, value.getLock(), counters);
    expect(counters[0]).toBe(1);
  });

  it('counts right in three processes that use the lock (row 11)', async () => {
    const value = keep(Value('i', 0));
    const children = [1, 2].map(() => start(work.addWithLock, value, 5000, counters));
    work.addWithLock(value, 5000, counters);
    for (const child of children) expect([await child.join(), child.exitCode]).toEqual([true, 0]);
    expect(value.value).toBe(15_000);
  });

  it('is abandoned when a holder dies', async () => {
    const value = keep(Value('d', 1));
    await run(work.dieHolding, value);
    expect(value.acquireSync({ timeout: 20_000 })).toBe(true);
    expect(value.abandoned).toBe(true);
    value.release();
  });

  it('is shared when it is sent alone, in a list or twice', async () => {
    const value = keep(Value('h', 1));
    await run(work.setTo, value, -5);
    expect(value.value).toBe(-5);
    await run(work.setTwice, [value, { value }], counters);
    expect([value.value, counters[0]]).toEqual([3, 1]);
    const same = keep(fromHandle<typeof value>(toHandle(value)));
    expect(() => (same.value = 70_000)).toThrow(RangeError);
    expect(same.value).toBe(3);
  });
});

describe('A Value of whole numbers', () => {
  expectNoHolds();

  it.each(['i', 'Q'] as const)("of type '%s' counts right in three processes without a lock", async (type) => {
    const value = keep(Value(type));
    const children = [1, 2].map(() => start(work.addAtomically, value, 200_000, counters));
    work.addAtomically(value, 200_000, counters);
    for (const child of children) expect([await child.join(), child.exitCode]).toEqual([true, 0]);
    expect(Number(value.value)).toBe(600_000);
  });

  it('returns what it was before each operation', () => {
    const value = keep(Value('H', 0b1100));
    const results = [
      value.add(1),
      value.sub(1),
      value.and(0b0110),
      value.or(0b0011),
      value.xor(0b0101),
      value.exchange(9),
      value.compareExchange(8, 1),
      value.compareExchange(9, 1),
      value.load(),
    ];
    expect(results).toEqual([12, 13, 12, 4, 7, 2, 9, 9, 1]);
    value.store(65_535);
    expect([value.add(2), value.value, value.sub(2), value.value]).toEqual([65_535, 1, 1, 65_535]);
    const big = keep(Value('q', 5n));
    expect([big.add(-7n), big.value, big.compareExchange(-2n, 2n ** 40n), big.load()]).toEqual([
      5n,
      -2n,
      -2n,
      2n ** 40n,
    ]);
  });

  it.each<[string, (value: SharedValue<'b'>) => unknown, typeof Error]>([
    ['fractions', (value) => value.add(1.5), TypeError],
    ['NaN', (value) => value.and(Number.NaN), TypeError],
    ['bigints', (value) => value.or(1n as never), TypeError],
    ['text', (value) => value.sub('1' as never), TypeError],
    ['nothing', (value) => value.xor(undefined as never), TypeError],
    ['what it cannot hold', (value) => value.exchange(128), RangeError],
    ['an expected value that it cannot hold', (value) => value.compareExchange(256 + 5, 1), RangeError],
    ['a replacement that it cannot hold', (value) => value.compareExchange(5, 200), RangeError],
    ['to store a fraction', (value) => value.store(0.5), TypeError],
  ])('refuses %s, and stays as it is', (_, use, kind) => {
    const value = keep(Value('b', 5));
    expect(() => use(value)).toThrow(kind);
    expect(value.value).toBe(5);
  });

  it.each(['d', 'f', '?'] as const)("is the only one with atomic operations: '%s' refuses them", (type) => {
    const value = keep(Value(type, 1)) as unknown as SharedValue<'i'>;
    for (const use of [() => value.add(1), () => value.exchange(1), () => value.load(), () => value.store(1)]) {
      expect(use).toThrow(TypeError);
      expect(use).toThrow(`'${type}'`);
    }
    expect(value.value).toBe(1);
  });
});

describe('A Value or RawValue', () => {
  it.each<[ElementType, number | bigint, number | bigint]>([
    ['c', 0, 255],
    ['b', -128, 127],
    ['B', 0, 255],
    ['h', -32_768, 32_767],
    ['H', 0, 65_535],
    ['i', -2_147_483_648, 2_147_483_647],
    ['I', 0, 4_294_967_295],
    ['l', -(2n ** 63n), 2n ** 63n - 1n],
    ['Q', 0n, 2n ** 64n - 1n],
    ['?', 0, 1],
    ['uint8', 0, 255],
    ['int64', -(2n ** 63n), 2n ** 63n - 1n],
  ])("of type '%s' holds %s to %s, and refuses what is beyond", (type, min, max) => {
    for (const make of [Value, RawValue] as const) {
      const value = make(type, min as never);
      expect(value.value).toBe(min);
      value.value = max as never;
      const one = (typeof max === 'bigint' ? 1n : 1) as number;
      for (const beyond of [(min as number) - one, (max as number) + one]) {
        expect(() => (value.value = beyond as never)).toThrow(RangeError);
        expect(() => (value.value = beyond as never)).toThrow(`from ${min} to ${max}, not ${beyond}`);
        expect(() => make(type, beyond as never)).toThrow(RangeError);
      }
      expect(value.value).toBe(max);
    }
  });

  it.each<[string, ElementType, unknown]>([
    ['text', 'i', '1'],
    ['a fraction for whole numbers', 'i', 1.5],
    ['NaN for whole numbers', 'h', Number.NaN],
    ['a bigint for numbers', 'd', 1n],
    ['a number for bigints', 'q', 1],
    ['null', 'i', null],
    ['undefined', 'i', undefined],
    ['true for a number', 'i', true],
  ])('refuses %s, and stays as it is', (_, type, wrong) => {
    const first = (type === 'q' ? 7n : 7) as never;
    const value = Value(type, first);
    expect(() => (value.value = wrong as never)).toThrow(TypeError);
    expect(value.value).toBe(first);
    expect(() => RawValue(type, wrong as never)).toThrow(TypeError);
    expect(() => Value(type, wrong as never)).toThrow(TypeError);
  });
});

describe('A Value without a lock', () => {
  it('is a RawValue', () => {
    const value = Value('i', 5, { lock: false });
    expect(inspect(value)).toBe('RawValue { 5 }');
    expect('getLock' in value || 'getObj' in value || 'add' in value).toBe(false);
  });

  it('is what getObj() gives, and may be used longer than the Value', () => {
    const value = Value('i', 5);
    const raw = value.getObj();
    expect(value.getObj()).toBe(raw);
    raw.value = 6;
    expect(value.value).toBe(6);
    const other = fromHandle<typeof raw>(toHandle(raw));
    value.close();
    raw.value = 7;
    expect([other.value, inspect(other)]).toEqual([7, 'RawValue { 7 }']);
    // New memory has not taken its place.
    expect(Value('i', 1).value + raw.value).toBe(8);
  });
});

describe('A Value of a struct', () => {
  it.each<[string, () => { withSync(use: () => unknown): unknown; readonly value: unknown }]>([
    ['small', () => Value(Point, 1, 2)],
    ['larger than what is left of a cache line', () => Value(Large, { from: { x: 1, y: 2 } })],
  ])('that is %s begins with its fields in order or by name, and its lock does not touch it', (_, make) => {
    const value = make();
    const before = JSON.stringify(value.value);
    expect(before).toContain('{"x":1,"y":2,"id":0}');
    expect(value.withSync(() => JSON.stringify(value.value))).toBe(before);
    expect(JSON.stringify(value.value)).toBe(before);
  });

  it('is changed by its fields and by assignment, here and in a child', async () => {
    const value = Value(Point, { x: 1, id: 3 });
    await run(work.moveStruct, value, 10);
    expect(inspect(value)).toBe('Value { x: 11, y: 7, id: 3 }');
    expect(() => (value.value = { x: 1, id: 0.5 } as never)).toThrow(TypeError);
    expect(value.value.x).toBe(11);
    expect(() => (value as unknown as SharedValue<'i'>).add(1)).toThrow(/a struct/);
    expect(inspect(value.getObj())).toBe('RawValue { x: 11, y: 7, id: 3 }');
  });

  it('gives views that may be used longer than the Value', () => {
    const value = Value(Point, 1, 2, 3);
    const view = value.value;
    value.close();
    expect(() => value.value).toThrow(ClosedError);
    view.x = 5;
    // New memory has not taken its place.
    const others = Array.from({ length: 20 }, () => Value(Point, 9, 9, 9));
    expect([view.x, view.id, others.length]).toEqual([5, 3, 20]);
  });

  it('takes a last object with a lock for the options, unless a field may be meant', () => {
    const lock = new Lock();
    const Pair = struct({ first: Point, second: Point });
    expect(Value(Pair, { x: 1 }, { x: 2 }).value.second.x).toBe(2);
    expect(Value(Pair, { first: { x: 1 } }, { lock }).getLock()).toBe(lock);
    const Guarded = struct({ lock: 'i', n: 'i' });
    expect(Value(Guarded, { lock: 5 }).value.lock).toBe(5);
    expect(Value(Guarded, { lock: 5 }, { lock }).getLock()).toBe(lock);
  });
});

describe("An object of a user's class", () => {
  it('that holds an array, a value and semaphores works in a child with its methods (row 80)', async () => {
    const sampler = new Sampler(RawArray('d', [1, 2, 3]), Value('i', 10), new Semaphore(0), new Semaphore(0));
    const child = start(takeSamples, { samplers: [sampler] });
    sampler.ready.release();
    expect(await sampler.taken.acquire({ timeout: 20_000 })).toBe(true);
    expect([sampler.count.value, ...sampler.samples, sampler.total()]).toEqual([13, 6, 6, 6, 18]);
    expect([await child.join(), child.exitCode]).toEqual([true, 0]);
  });
});

describe('A Value that is forgotten', () => {
  it.each([
    ['an element', () => Value('i', 1)],
    ['a struct', () => Value(Point, 1)],
    ['an element whose lock was used', () => Value('i', 1).withSync(() => 1)],
  ])('gives its memory back when it is collected: %s', async (_, make) => {
    const before = await collectUntil(() => true);
    make();
    expect(familyHolds()).toBeGreaterThan(before);
    expect(await collectUntil((holds) => holds <= before)).toBe(before);
  });
});
