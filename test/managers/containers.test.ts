import { inspect } from 'node:util';

import { Process, Queue, SerializationError } from 'forkless';
import { describe, expect, it } from 'vitest';

import { addToEach, changeAll, pushFromQueue } from '../fixtures/managers/clients.js';
import { sharedManager, thrownBy } from '../helpers/managers.ts';

const manager = sharedManager();

describe('A dict of a manager', () => {
  it('is like a Map and like an object', () => {
    const dict = manager().dict({ a: 1 });
    dict['b'] = 2;
    dict.set('c', 3);
    expect([dict['a'], dict.get('b'), dict.c, dict.size]).toEqual([1, 2, 3, 3]);
    expect(['a' in dict, 'z' in dict, dict.has('b'), dict.has('z')]).toEqual([true, false, true, false]);
    expect(Object.keys(dict)).toEqual(['a', 'b', 'c']);
    expect(Object.assign({}, dict)).toEqual({ a: 1, b: 2, c: 3 });
    expect(new Map(dict)).toEqual(new Map<string, unknown>(Object.entries({ a: 1, b: 2, c: 3 })));
    expect(Reflect.deleteProperty(dict, 'a')).toBe(true);
    expect([dict.delete('b'), dict.delete('b')]).toEqual([true, false]);
    expect(dict.items()).toEqual([['c', 3]]);
  });

  it('has one key for a number and its text, in the form that came first', () => {
    const dict = manager().dict<string>();
    dict.set(65, 'A');
    dict[65] = 'B';
    dict['x'] = 'C';
    expect([dict.get(65), dict.get('65'), dict[65]]).toEqual(['B', 'B', 'B']);
    expect(dict.keys()).toEqual([65, 'x']);
  });

  it('pops, sets defaults and takes many entries at once', () => {
    const dict = manager().dict<number>([['a', 1]]);
    dict.update({ b: 2, c: 3 });
    dict.update(new Map([['d', 4]]));
    dict.update(manager().dict({ e: 5 }));
    expect([dict.pop('a'), dict.pop('a', 9), dict.popitem()]).toEqual([1, 9, ['e', 5]]);
    expect(() => dict.pop('a')).toThrow(RangeError);
    expect([dict.setdefault('b', 7), dict.setdefault('f', 7)]).toEqual([2, 7]);
    expect(dict.copy()).toEqual({ b: 2, c: 3, d: 4, f: 7 });
    dict.clear();
    expect(dict.size).toBe(0);
    expect(() => dict.popitem()).toThrow(RangeError);
  });

  it('has entries of the same names as its methods, which are reached by the methods alone', () => {
    const dict = manager().dict();
    dict.set('size', 'large').set('then', 'later').set('__proto__', 'own').set('constructor', 'too');
    expect([dict.size, dict.get('size'), dict.get('then'), dict.get('__proto__')]).toEqual([
      4,
      'large',
      'later',
      'own',
    ]);
    expect(Object.entries(dict.copy()).flat()).toEqual(dict.items().flat());
    expect(Object.keys(dict.copy())).toEqual(['size', 'then', '__proto__', 'constructor']);
    expect(() => ((dict as Record<string, unknown>)['size'] = 1)).toThrow(/Use set\('size'/);
    expect(({} as Record<string, unknown>)['own']).toBe(undefined);
  });

  it('refuses keys that are neither texts nor numbers', () => {
    const dict = manager().dict();
    expect(() => dict.set({} as string, 1)).toThrow(/keys of a dict are strings and numbers, not object/);
    expect(() => dict.get(NaN)).toThrow(TypeError);
    expect(() => manager().dict(new Map([[null, 1]]) as never)).toThrow(TypeError);
  });

  it('can be returned by an async function', async () => {
    const dict = manager().dict({ a: 1 });
    expect(await (async () => dict)()).toBe(dict);
  });
});

describe('A list of a manager', () => {
  it('is like an array, with Python’s methods besides', () => {
    const list = manager().list([3, 1]);
    list.append(2);
    list.extend([5, 4]);
    expect([list.push(6, 7), list.length, list[0], list[9], list.at(-1)]).toEqual([7, 7, 3, undefined, 7]);
    expect([list.pop(), list.pop(0), list.pop(-1), list.shift()]).toEqual([7, 3, 6, 1]);
    expect(list.copy()).toEqual([2, 5, 4]);
    list.insert(1, 9);
    list.insert(-1, 8);
    list.unshift(0);
    list.remove(5);
    expect([...list]).toEqual([0, 2, 9, 8, 4]);
    expect([list.index(9), list.count(4), list.count(100)]).toEqual([2, 1, 0]);
    expect(list.splice(1, 2, 7)).toEqual([2, 9]);
    expect(list.slice(-2)).toEqual([8, 4]);
    expect(list.reverse().copy()).toEqual([4, 8, 7, 0]);
    list.length = 1;
    list[1] = 'x' as never;
    expect(list.toJSON()).toEqual([4, 'x']);
    list.clear();
    expect([list.length, list.pop(), list.shift()]).toEqual([0, undefined, undefined]);
  });

  it('has what arrays have for reading, as one call each', () => {
    const list = manager().list([1, 2, 3]);
    expect(list.map((x) => x * 2)).toEqual([2, 4, 6]);
    expect(list.filter((x) => x > 1)).toEqual([2, 3]);
    expect([list.includes(2), list.indexOf(3), list.join('-'), list.some((x) => x > 3)]).toEqual([
      true,
      2,
      '1-2-3',
      false,
    ]);
    expect([Array.isArray(list), JSON.stringify(list), Object.keys(list), 2 in list, 3 in list]).toEqual([
      true,
      '[1,2,3]',
      ['0', '1', '2'],
      true,
      false,
    ]);
    expect(list.concat([4])).toEqual([1, 2, 3, 4]);
  });

  it('is sorted as arrays are, by a function of this process', () => {
    const list = manager().list([10, 9, undefined, 1]);
    expect(list.sort().copy()).toEqual([1, 10, 9, undefined]);
    const sign = -1;
    const numbers = manager().list([1, 3, 2]);
    expect(numbers.sort((a, b) => sign * (a - b)).copy()).toEqual([3, 2, 1]);
  });

  it('refuses what would make gaps or be lost', () => {
    const list = manager().list([1]);
    expect(() => (list[5] = 1)).toThrow(RangeError);
    expect(() => (list.length = 3)).toThrow(/shortened/);
    expect(() => (list[-1] = 1)).toThrow(/use set\(-1, value\)/);
    expect(() => ((list as unknown as Record<string, number>)['name'] = 1)).toThrow(TypeError);
    expect(() => list.set(-2, 1)).toThrow(RangeError);
    expect(() => list.pop(1)).toThrow(RangeError);
    expect(() => list.remove(7)).toThrow(RangeError);
    expect(() => list.insert(0.5, 7)).toThrow(TypeError);
    expect(list.copy()).toEqual([1]);
  });

  it('is extended by itself', () => {
    const list = manager().list([1, 2]);
    list.extend(list);
    expect(list.copy()).toEqual([1, 2, 1, 2]);
  });
});

describe('A Namespace, a Value and an Array of a manager', () => {
  it('are changed by statements that read and write', () => {
    const namespace = manager().Namespace({ a: 3, list: [1] });
    namespace.a **= 2;
    namespace.list.push(2);
    expect([namespace.a, namespace.toJSON(), 'a' in namespace, 'b' in namespace]).toEqual([
      9,
      { a: 9, list: [1, 2] },
      true,
      false,
    ]);
    const value = manager().Value('i', 1);
    value.value += 2;
    expect([value.value, value.get()]).toEqual([3, 3]);
    const array = manager().Array('d', [1.5, 2]);
    array[1] = (array[1] ?? 0) * 2;
    expect([[...array], array.length, array.at(-1), array.slice(1)]).toEqual([[1.5, 4], 2, 4, [4]]);
  });

  it('refuse what their types cannot hold', () => {
    expect(() => manager().Value('b', 300)).toThrow(RangeError);
    expect(() => manager().Value('x' as 'b', 0)).toThrow(TypeError);
    const array = manager().Array('i', 2);
    expect(() => (array[0] = 0.5)).toThrow(TypeError);
    expect(() => (array[2] = 1)).toThrow(RangeError);
    expect(() => ((array as { length: number }).length = 1)).toThrow(TypeError);
    expect(array.copy()).toEqual([0, 0]);
  });
});

describe('What is nested in a managed container', () => {
  it('is shared like that itself: a change to it is not lost', () => {
    const dict = manager().dict<{ deep: number[] }>();
    dict['a'] = { deep: [1] };
    dict['a'].deep.push(2);
    expect(dict.toJSON()).toEqual({ a: { deep: [1, 2] } });
    const list = manager().list([[1], [2]]);
    for (const inner of list) inner.push(0);
    expect(list.toJSON()).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  it('keeps its identity, whichever way one comes to it', () => {
    const inner = manager().list([1]);
    const outer = manager().dict({ one: inner, other: [inner] });
    expect(outer['one']).toBe(inner);
    expect(Reflect.get(outer['other'] as object, '0')).toBe(inner);
    inner.push(2);
    expect(outer.toJSON()).toEqual({ one: [1, 2], other: [[1, 2]] });
    const list = manager().list([inner, 1]);
    expect([list.index(inner), list.count(inner)]).toEqual([0, 1]);
  });

  it('may be the container itself', () => {
    const list = manager().list();
    list.push(list);
    expect(list[0]).toBe(list);
    expect(inspect(list)).toBe('ListProxy <ref *1> [ [Circular *1] ]');
  });

  it('may be a queue or a lock of the shared memory', () => {
    const list = manager().list([manager().Queue<number>()]);
    list[0]?.putSync(123);
    expect(list[0]?.getSync()).toBe(123);
  });

  it('is a copy if it is no array, Map or plain object', () => {
    const list = manager().list([new Set([1]), new Date(0)]);
    expect(list.copy()).toEqual([new Set([1]), new Date(0)]);
  });
});

describe('A proxy', () => {
  it('is changed by a child, for its parent to see (row 96)', async () => {
    const [namespace, list, dict] = [manager().Namespace({ x: 0 }), manager().list(['a', 'b']), manager().dict()];
    const child = new Process({ target: changeAll, args: [namespace, list, dict] }).start();
    await child.join();
    expect([namespace.x, list.copy(), dict.copy()]).toEqual([1, ['a', 'b', 'c'], { b: 0 }]);
  });

  it('shows what it stands for (row 97)', () => {
    expect(inspect(manager().list([1, { a: 2 }]))).toBe('ListProxy [ 1, { a: 2 } ]');
    expect(inspect(manager().dict({ a: [1] }))).toBe('DictProxy { a: [ 1 ] }');
    expect(inspect(manager().Namespace({ name: 'Bob' }))).toBe("Namespace { name: 'Bob' }");
    expect(inspect([manager().Value('i', 3), manager().Array('i', [1])])).toBe('[ ValueProxy 3, ArrayProxy [ 1 ] ]');
  });

  it('travels through a queue, though its sender gives it up at once', async () => {
    const queue = new Queue();
    const outer = manager().dict<number[]>({ list: [] });
    const inner = outer['list'] as unknown as Disposable;
    await queue.put(inner);
    inner[Symbol.dispose]();
    const child = new Process({ target: pushFromQueue, args: [queue, 7] }).start();
    await child.join();
    expect([child.exitCode, outer.toJSON()]).toEqual([0, { list: [7] }]);
  });

  it('changes one place as one step, while other processes do', async () => {
    const times = 200;
    const dict = manager().dict({ n: 0 });
    const list = manager().list([0]);
    const namespace = manager().Namespace({ n: 0 });
    const value = manager().Value('i', 0);
    const children = [1, 2].map(() =>
      new Process({ target: addToEach, args: [dict, list, namespace, value, times] }).start(),
    );
    for (let i = 0; i < times; i++) {
      await dict.$.update('n', (n) => (n ?? 0) + 1);
      await list.$.update(0, (n) => n + 1);
      await namespace.$.update('n', async (n) => n + 1);
      await value.$.update((n) => n + 1);
    }
    for (const child of children) await child.join();
    expect([dict['n'], list[0], namespace.n, value.value]).toEqual(Array(4).fill(3 * times));
  });

  it('has a promise form of its methods, which may be mixed with blocking ones', async () => {
    const list = manager().list<number>();
    const pushes = Array.from({ length: 50 }, (_, i) => list.$.push(i));
    const lengths = Array.from({ length: 50 }, () => list.push(-1));
    expect(await Promise.all(pushes)).toHaveLength(50);
    expect(new Set([...lengths, ...(await Promise.all(pushes))]).size).toBe(100);
    expect(await list.$.size()).toBe(100);
    expect(await list.$.slice(0, 1)).toEqual(list.slice(0, 1));
  });

  it('refuses what cannot travel at the call, and goes on', async () => {
    const list = manager().list();
    list.push(1);
    expect(thrownBy(() => list.push(new WeakMap()))).toBeInstanceOf(SerializationError);
    await expect(list.$.push([new WeakMap()])).rejects.toThrow(SerializationError);
    expect(await Promise.all([list.$.push([2]), list.$.size()])).toEqual([2, 2]);
    expect(list.toJSON()).toEqual([1, [2]]);
  });
});
