import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

import {
  BaseManager,
  ClosedError,
  Event,
  fromHandle,
  Manager,
  type ManagerOptions,
  type ObjectProxy,
  Pipe,
  Process,
  RemoteError,
  SerializationError,
  StateError,
  SyncManager,
  TimeoutError,
  toHandle,
} from 'forkless';
import { describe, expect, it } from 'vitest';

import { Counter, keep, square } from '../fixtures/managers/clients.js';
import { collect } from '../helpers/garbage.ts';
import { childrenOf, expectNoLeaks, isRunning, until } from '../helpers/leaks.ts';
import { thrownBy, untilCount } from '../helpers/managers.ts';

expectNoLeaks();

type CounterProxy = ObjectProxy<Counter> & {
  add: (by?: number) => number;
  fail: () => never;
  later: <T>(value: T) => T;
  never: () => unknown;
  block: (ms: number) => void;
};

class CounterManager extends BaseManager {
  declare Counter: (n?: number) => CounterProxy;
  declare Hidden: () => CounterProxy;
  declare steps: () => Iterable<number>;
  declare shared: () => number[];
  declare sum: (...numbers: number[]) => number;
  declare wrapped: () => { readonly total: number };
}

const shared = [1];
CounterManager.register('Counter', { callable: Counter });
CounterManager.register('Hidden', { callable: Counter, exposed: ['_hidden', 'addSync'] });
CounterManager.register('steps', {
  *callable() {
    for (let i = 0; i < 3; i++) yield i * i;
  },
});
CounterManager.register('shared', { callable: () => shared });
CounterManager.register('sum', { callable: (...numbers: number[]) => numbers.reduce((a, b) => a + b, 0) });
CounterManager.register('wrapped', {
  callable: Counter,
  proxy: (counter: CounterProxy) => ({ total: counter.add(40) && counter.add(2) }),
});

describe('A manager', () => {
  it('starts its server, and ends it with its scope', async () => {
    let server: Process | undefined;
    {
      await using manager = await Manager();
      server = manager.process;
      expect(isRunning(server?.pid ?? 0)).toBe(true);
      expect(inspect(manager)).toBe(`SyncManager { started, server: pid ${server?.pid} }`);
    }
    expect(server?.exitCode).toBe(0);
  });

  it('says what to do when it is not started, or was shut down', async () => {
    const manager = new SyncManager();
    expect(() => manager.list()).toThrow(/Call start\(\) first/);
    await manager.shutdown();
    await manager.start();
    await expect(manager.start()).rejects.toThrow(StateError);
    const list = manager.list([1]);
    await manager.shutdown();
    await manager.shutdown();
    expect(() => manager.list()).toThrow(/shut down/);
    expect(() => list.push(2)).toThrow(ClosedError);
    expect(inspect(list)).toMatch(/^ListProxy \{ .*closed \}$/);
  });

  it('refuses wrong options and registrations, naming them', () => {
    expect(() => new SyncManager({ timeout: 1 } as ManagerOptions)).toThrow(/"timeout"/);
    expect(() => new SyncManager({ callTimeout: 0 })).toThrow(RangeError);
    class Wrong extends BaseManager {}
    expect(() => Wrong.register('start', { callable: square })).toThrow(/'start' itself/);
    expect(() => Wrong.register('a b')).toThrow(TypeError);
    expect(() => Wrong.register('a', { exposed: ['constructor'] })).toThrow(/'constructor'/);
    expect(() => Wrong.register('a', { callable: 1 } as never)).toThrow(/callable must be a function/);
    expect(() => Wrong.register('a', { call: square } as never)).toThrow(/"call"/);
  });

  it('tells why its server did not start', async () => {
    class Broken extends BaseManager {}
    Broken.register('a', { callable: square });
    const initializer = (): never => process.exit(7);
    await expect(new Broken().start({ initializer })).rejects.toThrow(/exit code 7/);
    Broken.register('b', { callable: (): unknown => new WeakRef(Math.max) });
    const cannotTravel = Math.max;
    Broken.register('c', { callable: () => cannotTravel });
    await expect(new Broken().start()).rejects.toThrow(SerializationError);
  });

  it('has objects of registered types, with their public methods only', async () => {
    await using manager = await new CounterManager().start();
    const counter = manager.Counter(5);
    expect([counter.add(), counter.add(2), await counter.$.add(3)]).toEqual([6, 8, 11]);
    expect([counter.later('x'), await counter.$.later({ a: 1 })]).toEqual(['x', { a: 1 }]);
    expect(['_hidden', 'addSync'].map((name) => name in counter)).toEqual([false, false]);
    for (const name of ['_hidden', 'addSync', 'constructor', '__proto__', 'toString', 'hasOwnProperty', '#n', '']) {
      expect(thrownBy(() => counter.callMethod(name))).toMatchObject({ message: /exposes no method/ });
    }
    const hidden = manager.Hidden();
    expect(hidden.callMethod('_hidden')).toBe('hidden');
    expect(thrownBy(() => hidden.callMethod('add'))).toBeInstanceOf(TypeError);
    expect(inspect(counter)).toBe('ObjectProxy { methods: add, fail, later, never, block }');
  });

  it('gives the containers, iterators and plain values that callables give', async () => {
    await using manager = await new CounterManager().start();
    expect([...manager.steps()]).toEqual([0, 1, 4]);
    manager.shared().push(2);
    expect([manager.shared().length, manager.sum(1, 2, 3), manager.wrapped().total]).toEqual([2, 6, 42]);
    expect(manager.shared()).toBe(manager.shared());
    // The list of this process was copied when the server started.
    expect(shared).toEqual([1]);
    expect(await manager.createAsync('sum', 4)).toBe(4);
  });

  it('hands the errors of the server over with class, message and remote stack', async () => {
    await using manager = await new CounterManager().start();
    const counter = manager.Counter();
    for (const error of [thrownBy(() => counter.fail()), await counter.$.fail().catch((thrown: unknown) => thrown)]) {
      expect(error).toBeInstanceOf(RangeError);
      expect((error as Error).message).toBe('the counter is broken');
      const { cause } = error as { cause: RemoteError };
      expect(cause).toBeInstanceOf(RemoteError);
      expect(cause.remoteStack).toMatch(/at Counter\.fail/);
    }
    expect(
      thrownBy(() => (manager as unknown as { create: (...a: unknown[]) => unknown }).create('nothing', [])),
    ).toMatchObject({
      message: /has no type 'nothing'/,
    });
  });

  it('ends a blocking call that takes too long, and the next one gets its own answer', async () => {
    class Slow extends CounterManager {}
    await using manager = await new Slow({ callTimeout: 100 }).start();
    const counter = manager.Counter();
    const began = performance.now();
    expect(thrownBy(() => counter.never())).toBeInstanceOf(TimeoutError);
    expect(performance.now() - began).toBeGreaterThan(95);
    expect([counter.add(), counter.add()]).toEqual([1, 2]);
    expect(thrownBy(() => counter.block(300))).toBeInstanceOf(TimeoutError);
    await expect(counter.$.add()).resolves.toBe(3);
    expect(counter.add()).toBe(4);
  });

  it('serves others while an object works asynchronously', async () => {
    await using manager = await new CounterManager().start();
    const counter = manager.Counter();
    const never = counter.$.never().catch((error: unknown) => error);
    expect([counter.add(), await counter.$.add()]).toEqual([1, 2]);
    await manager.shutdown();
    expect(await never).toBeInstanceOf(ClosedError);
  });

  it('ignores Ctrl-C, which goes to all processes of a terminal', async () => {
    await using manager = await Manager();
    process.kill(manager.process?.pid ?? 0, 'SIGINT');
    await sleep(50);
    expect(manager.list([1]).length).toBe(1);
  });

  it('runs a pool that any process can give tasks', async () => {
    await using manager = await Manager();
    const pool = manager.Pool(2);
    const factor = 3;
    expect(pool.map(square, [1, 2, 3])).toEqual([1, 4, 9]);
    expect(await pool.$.apply((x: number) => x * factor, [5])).toBe(15);
    expect(pool.starmap((a: number, b: number) => a + b, [[1, 2]])).toEqual([3]);
    const workers = childrenOf(manager.process?.pid ?? 0);
    expect(workers).toHaveLength(2);
    pool.close();
    pool.join();
    expect(workers.some(isRunning)).toBe(false);
  });
});

describe('The objects of a manager', () => {
  it('are ended when they are pools that nobody has a proxy of', async () => {
    await using manager = await Manager();
    const pool = manager.Pool(1);
    expect(pool.apply(square, [3])).toBe(9);
    const workers = childrenOf(manager.process?.pid ?? 0);
    pool[Symbol.dispose]();
    await until(() => !workers.some(isRunning), 'the worker has ended');
  });

  it('go when the last proxy is closed, and not before', async () => {
    await using manager = await Manager();
    const outer = manager.dict({ inner: [1] });
    const inner = outer['inner'] as unknown as { length: number } & Disposable;
    expect(await manager.countObjects()).toBe(2);
    inner[Symbol.dispose]();
    expect(await manager.countObjects()).toBe(1);
    expect(() => inner.length).toThrow(ClosedError);
    expect(outer.toJSON()).toEqual({ inner: [1] });
    outer.close();
    outer.close();
    expect(await manager.countObjects()).toBe(0);
  });

  it('are given again when all proxies have just been closed', async () => {
    await using manager = await Manager();
    const outer = manager.dict({ inner: [1] });
    for (let i = 0; i < 20; i++) {
      const inner = outer['inner'] as unknown as number[] & Disposable;
      expect(inner.push(0)).toBe(i + 2);
      inner[Symbol.dispose]();
    }
    expect(await manager.countObjects()).toBe(1);
  });

  it('live as long as a proxy is under way in a message', async () => {
    await using manager = await Manager();
    const [here, there] = Pipe();
    const list = manager.list([1]);
    await here.send(list);
    list.close();
    expect(await manager.countObjects()).toBe(1);
    const arrived = (await there.recv()) as { length: number } & Disposable;
    expect(arrived.length).toBe(1);
    arrived[Symbol.dispose]();
    expect(await manager.countObjects()).toBe(0);
    here.close();
    there.close();
  });

  it('live as long as another process has a proxy, and go with its death', async () => {
    await using manager = await Manager();
    using ready = new Event();
    const list = manager.list([1]);
    const child = new Process({ target: keep, args: [list, ready], daemon: true }).start();
    await ready.wait();
    list.close();
    expect(await manager.countObjects()).toBe(1);
    child.kill();
    await child.join();
    await untilCount(manager, 0);
  });

  it('go when the proxies are collected', async () => {
    await using manager = await Manager();
    for (let i = 0; i < 100; i++) manager.list([i]);
    let left = 100;
    for (let round = 0; round < 200 && left > 10; round++) {
      collect();
      // The finalizers run in a later turn of the loop than the collection.
      await sleep(5);
      left = await manager.countObjects();
    }
    expect(left).toBeLessThan(11);
  });

  it('may be proxies of other managers, which stay what they are', async () => {
    await using one = await Manager();
    await using other = await Manager();
    const list = one.list([1]);
    const dict = other.dict({ list });
    list.push(2);
    expect([dict['list'] === list, dict.toJSON()['list'] === list, await one.countObjects()]).toEqual([true, true, 1]);
    dict.clear();
    expect(list.copy()).toEqual([1, 2]);
  });

  it('can be named by a text for processes that forkless did not start', async () => {
    await using manager = await Manager();
    const list = manager.list([1]);
    const handle = toHandle(list);
    expect(handle).toMatch(/^forkless:managed:/);
    expect(fromHandle(handle)).toBe(list);
  });
});
