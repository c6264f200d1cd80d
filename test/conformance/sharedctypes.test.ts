import { Array as SharedArray, Lock, RawArray, RawValue, struct, Value } from 'forkless';
import type { SharedValue } from 'forkless';
import { describe, expect, it } from 'vitest';

import { familyArena } from '../../dist/memory/arena.js';
import { allocate, type Block } from '../../dist/memory/heap.js';
import { double, runningSums, setAll } from '../fixtures/conformance/sharedctypes.js';
import { collectUntil } from '../helpers/garbage.ts';
import { faultsOf } from '../helpers/shared-memory.ts';
import { WAYS } from '../helpers/ways.ts';

const Foo = struct({ x: 'i', y: 'd', z: 'q' });

describe('The heap of shared memory', () => {
  const arena = familyArena();

  it('is sound after many blocks of all sizes, and all is free at the end (_TestHeap.test_heap)', async () => {
    await collectUntil(() => true);
    const before = arena.statistics();
    const blocks: Block[] = [];
    const freeOne = (): void => blocks.splice(Math.floor(Math.random() * blocks.length), 1)[0]?.release();
    for (let i = 0; i < 5000; i++) {
      // Like Python's lognormvariate(0, 1) * 1000.
      const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
      const block = allocate(arena, Math.floor(Math.exp(normal) * 1000));
      blocks.push(block);
      if (blocks.length > 50) freeOne();
    }
    expect(faultsOf(arena)).toBe(0);
    const places = blocks.map(({ offset, byteLength }) => [offset, offset + byteLength] as const);
    const overlapping = places
      .toSorted(([a], [b]) => a - b)
      .filter(([, end], i, all) => end > (all[i + 1]?.[0] ?? end));
    expect(overlapping).toEqual([]);
    while (blocks.length > 0) freeOne();
    expect(faultsOf(arena)).toBe(0);
    const after = arena.statistics();
    expect([after.usedBytes, after.holds]).toEqual([before.usedBytes, before.holds]);
  });

  it('gets back what the collector frees in cycles at any moment (_TestHeap.test_free_from_gc)', async () => {
    const before = await collectUntil(() => true);
    for (let i = 0; i < 5000; i++) {
      const a = { array: RawArray('B', 1), buddy: undefined as unknown };
      const b = { array: RawArray('B', 1), buddy: a as unknown };
      a.buddy = b;
      // The collector's clean-up runs between turns of the loop.
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    expect(await collectUntil((holds) => holds <= before)).toBe(before);
    expect(faultsOf(arena)).toBe(0);
  });
});

describe.each(WAYS)('Shared values and arrays, %s', (_, run) => {
  const BEFORE = [4343, 3.625, -232, 2n ** 33n, 'x'.charCodeAt(0)];
  const AFTER = [24_234, -4.25, 234, 2n ** 34n, 'y'.charCodeAt(0)];
  const CODES = ['i', 'd', 'h', 'q', 'c'] as const;

  // Python's 'c' is a bytes object of length 1, ours a number.
  it.each([
    ['a Value shows what somebody else sets (_TestValue.test_value)', Value],
    ['a RawValue shows what somebody else sets (_TestValue.test_rawvalue)', RawValue],
  ] as const)('%s', async (__, make) => {
    const values = CODES.map((code, i) => (make as typeof RawValue)(code, BEFORE[i] as never));
    expect(values.map(({ value }) => value)).toEqual(BEFORE);
    await run(setAll, values, AFTER);
    expect(values.map(({ value }) => value)).toEqual(AFTER);
  });

  it.each([
    ['an Array is a sequence that others change (_TestArray.test_array)', SharedArray],
    ['a RawArray is a sequence that others change (_TestArray.test_rawarray)', RawArray],
  ] as const)('%s', async (__, make) => {
    const sequence = [680, 626, 934, 821, 150, 233, 548, 982, 714, 831];
    const array = (make as typeof RawArray)('i', sequence);
    expect([array.length, array[3]]).toEqual([sequence.length, sequence[3]]);
    expect([...array.slice(2, 7)]).toEqual(sequence.slice(2, 7));
    sequence.splice(4, 4, 1, 2, 3, 4);
    array.set([1, 2, 3, 4], 4);
    expect([...array]).toEqual(sequence);
    runningSums(sequence);
    await run(runningSums, array);
    expect([...array]).toEqual(sequence);
  });

  it.each([
    ['all of them are changed by others, without a lock (_TestSharedCTypes.test_sharedctypes)', false],
    ['all of them are changed by others, with a lock (_TestSharedCTypes.test_synchronize)', true],
  ])('%s', async (__, lock) => {
    const options = { lock };
    const x = Value('i', 7, options);
    const y = Value('d', 1 / 3, options);
    const z = Value('q', 2n ** 33n, options);
    const foo = Value(Foo, 3, 2, options);
    const array = SharedArray('d', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], options);
    const string = SharedArray('c', 20, options);
    string.set(new TextEncoder().encode('hello'));
    await run(double, x, y, z, foo, array, string);
    expect([x.value, y.value, z.value]).toEqual([14, 2 / 3, 2n ** 34n]);
    expect([foo.value.x, foo.value.y, foo.value.z]).toEqual([6, 4, 0n]);
    expect([...array]).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(new TextDecoder().decode(string.slice(0, string.indexOf(0)))).toBe('hellohello');
    expect(['getLock' in x, 'getLock' in array]).toEqual([lock, lock]);
  });
});

describe('Shared values and arrays', () => {
  // Python answers a wrong lock with AttributeError, and takes None for one of its own.
  it('a Value has its lock or the one given, a RawValue none (_TestValue.test_getobj_getlock)', () => {
    for (const value of [Value('i', 5), Value('i', 5, { lock: undefined }), Value('i', 5, { lock: true })]) {
      expect(value.getLock().tryAcquire()).toBe(true);
      value.release();
      expect(value.getObj().value).toBe(5);
    }
    const lock = new Lock();
    const value: SharedValue<'i'> = Value('i', 5, { lock });
    expect(value.getLock()).toBe(lock);
    for (const raw of [Value('i', 5, { lock: false }), RawValue('i', 5)]) {
      expect('getLock' in raw || 'getObj' in raw).toBe(false);
    }
    expect(() => Value('i', 5, { lock: 'navalue' as never })).toThrow(TypeError);
  });

  it('an Array has its lock or the one given, a RawArray none (_TestArray.test_getobj_getlock_obj)', () => {
    const ten = Array.from({ length: 10 }, (_, i) => i);
    for (const array of [SharedArray('i', ten), SharedArray('i', ten, { lock: undefined })]) {
      expect(array.getLock().tryAcquire()).toBe(true);
      array.release();
      expect([...array.getObj()]).toEqual(ten);
    }
    const lock = new Lock();
    expect(SharedArray('i', ten, { lock }).getLock()).toBe(lock);
    for (const raw of [SharedArray('i', ten, { lock: false }), RawArray('i', ten)]) {
      expect('getLock' in raw || 'getObj' in raw).toBe(false);
    }
    expect(() => SharedArray('i', ten, { lock: 'notalock' as never })).toThrow(TypeError);
  });

  it('an Array of a size is all zeros, whatever its memory held before (_TestArray.test_array_from_size)', () => {
    for (let round = 0; round < 3; round++) {
      const array = SharedArray('i', 10);
      expect([array.length, ...array]).toEqual([10, ...Array<number>(10).fill(0)]);
      array.set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect([...array]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      // Python's `del`: its memory is the next to be used.
      array.close();
    }
  });

  it('a copy of a struct does not change with it (_TestSharedCTypes.test_copy)', () => {
    const foo = Foo.of(2, 5, 2n ** 33n);
    const bar = Foo.copy(foo);
    foo.x = 0;
    foo.y = 0;
    foo.z = 0n;
    expect([bar.x, bar.y, bar.z]).toEqual([2, 5, 2n ** 33n]);
  });
});
