import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import {
  ClosedError,
  fromHandle,
  JoinableQueue,
  Queue,
  QueueEmptyError,
  QueueFullError,
  ref,
  SerializationError,
  SimpleQueue,
  StateError,
  toHandle,
} from '../../dist/index.js';
import { keep } from '../helpers/primitives.ts';
import { type AnyQueue, expectNoTraces, FORMS, get, KINDS, put } from '../helpers/queues.ts';
import { filesOf, freshName, sleep } from '../helpers/shared-memory.ts';

const LIMITED = [
  ['Queue', Queue],
  ['JoinableQueue', JoinableQueue],
] as const;
expectNoTraces();

describe.each(KINDS)('%s', (title, Class) => {
  const make = (): AnyQueue => keep(new Class() as AnyQueue);

  it.each(FORMS)('gives items in the order in which they were put, %s', async (form) => {
    const queue = make();
    for (let i = 0; i < 5000; i++) await put(form, queue, i);
    for (let i = 0; i < 5000; i++) expect(await get(form, queue)).toBe(i);
    expect(queue.empty()).toBe(true);
  });

  it('keeps the order whatever form each item is put and taken in', async () => {
    const queue = make();
    for (let i = 0; i < 900; i++) await put(FORMS[i % 3] as 'sync', queue, i);
    for (let i = 0; i < 900; i++) expect(await get(FORMS[(i >> 1) % 3] as 'sync', queue)).toBe(i);
  });

  it.each([
    [null],
    [undefined],
    [Number.NaN],
    [-0],
    [0],
    [''],
    [false],
    [12n],
    [[]],
    [{}],
    [new Uint8Array()],
    [new Error('as an item')],
    [new Map([[1, new Set(['a', null])]])],
    [[undefined, { a: [Number.NaN] }]],
  ])('takes %o for an item like any other', async (item) => {
    const queue = make();
    for (const form of FORMS) {
      await put(form, queue, item);
      expect(queue.empty()).toBe(false);
      expect(await get(form, queue)).toEqual(item);
      expect(queue.empty()).toBe(true);
    }
  });

  it('has an item when put is called, though nobody awaits it', () => {
    const queue = make();
    const promise = queue.put('a');
    expect(queue.empty()).toBe(false);
    expect(queue.tryGet()).toBe('a');
    return promise;
  });

  it('gives a copy: what happens to the item after put has returned happens to the sender alone', () => {
    const queue = make();
    const item = { list: [1] };
    queue.putSync(item);
    item.list.push(2);
    expect(queue.getSync()).toEqual({ list: [1] });
  });

  it('gives the items to those who wait, in the order in which they came', async () => {
    const queue = make();
    const waiting = [queue.get(), queue.get(), queue.get()];
    await sleep(20);
    for (const item of ['a', 'b', 'c']) queue.putSync(item);
    expect(await Promise.all(waiting)).toEqual(['a', 'b', 'c']);
  });

  it('lets the event loop turn though there is always an item, and always room', async () => {
    const queue = make();
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const watchdog = performance.now() + 20_000;
    while (turns <= 3 && performance.now() < watchdog) {
      await queue.put(1);
      await queue.get();
    }
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('is empty when an item did not come in time, and says how long', async () => {
    const queue = make();
    const start = performance.now();
    await expect(queue.get({ timeout: 60 })).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_MP_QUEUE_EMPTY',
        message: 'get(): the queue is empty and has been for 60 ms',
      }),
    );
    expect(() => queue.getSync({ timeout: 60 })).toThrow('getSync(): the queue is empty and has been for 60 ms');
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
  });

  it('does not wait when it is told not to', async () => {
    const queue = make();
    for (const wait of [{ block: false }, { timeout: 0 }, { block: false, timeout: 60_000 }]) {
      await expect(queue.get(wait)).rejects.toThrow(QueueEmptyError);
      expect(() => queue.getSync(wait)).toThrow(QueueEmptyError);
    }
    expect(queue.tryGet()).toBeUndefined();
    queue.putSync('a', { block: false });
    await queue.put('b', { timeout: 0 });
    expect(await queue.get({ block: false })).toBe('a');
    expect(queue.getSync({ timeout: 0 })).toBe('b');
  });

  it.each(FORMS)('refuses an item that cannot travel before anything has happened, %s', async (form) => {
    const queue = make();
    await put(form, queue, 'before');
    await expect(put(form, queue, { deep: [new WeakRef({})] })).rejects.toThrow(SerializationError);
    await expect(put(form, queue, { deep: [new WeakRef({})] })).rejects.toThrow(/the item\.deep\[0\]/);
    await put(form, queue, 'after');
    expect([await get(form, queue), await get(form, queue), queue.tryGet()]).toEqual(['before', 'after', undefined]);
  });

  it('keeps an item that needs a module until the promise form takes it, which imports the module', async () => {
    const queue = make();
    const module = new URL(`../fixtures/transport/late.js?${title}`, import.meta.url);
    queue.putSync({ double: ref<(x: number) => number>(module, 'double') });
    queue.putSync('next');
    expect(() => queue.getSync()).toThrow(SerializationError);
    expect(() => queue.tryGet()).toThrow(/stays where it is. Take it with the promise form/);
    expect(queue.empty()).toBe(false);
    const item = (await queue.get()) as { double: (x: number) => number };
    expect(item.double(21)).toBe(42);
    expect(queue.getSync()).toBe('next');
  });

  it('ends the waits of a closed object, and cannot be used any more', async () => {
    const queue = new Class<unknown>();
    const other = keep(fromHandle(toHandle(queue)) as AnyQueue);
    const [first, second] = [queue.get(), queue.get({ timeout: 60_000 })];
    await sleep(10);
    queue.close();
    queue.close();
    await expect(first).rejects.toThrow(ClosedError);
    await expect(second).rejects.toThrow(ClosedError);
    await expect(queue.put(1)).rejects.toThrow(ClosedError);
    expect(() => queue.putSync(1)).toThrow(ClosedError);
    expect(() => queue.tryPut(1)).toThrow(ClosedError);
    await expect(queue.get()).rejects.toThrow(ClosedError);
    expect(() => queue.tryGet()).toThrow(ClosedError);
    expect(() => queue.empty()).toThrow(ClosedError);
    expect(() => toHandle(queue)).toThrow(/has been closed/);
    expect(inspect(queue)).toBe(`${title} { closed }`);
    other.putSync('still there');
    expect(other.getSync()).toBe('still there');
  });

  it('is iterated over until it is closed', async () => {
    const queue = make();
    const items: unknown[] = [];
    for (const item of ['a', 'b', 'c']) queue.putSync(item);
    for await (const item of queue) {
      items.push(item);
      if (item === 'c') setTimeout(() => queue.close(), 10);
    }
    expect(items).toEqual(['a', 'b', 'c']);
  });

  it('stays as it is when an iteration is left', async () => {
    const queue = make();
    for (const item of ['a', 'b']) queue.putSync(item);
    for await (const item of queue) {
      expect(item).toBe('a');
      break;
    }
    expect(queue.getSync()).toBe('b');
  });

  it('is found by its name, which goes with its last user', () => {
    const name = freshName();
    const queue = new Class<string>({ name });
    const same = Class.open<string>(name);
    queue.putSync('by name');
    expect(same.name).toBe(name);
    expect(inspect(same)).toBe(inspect(queue));
    expect(inspect(same)).toContain(`${title} "${name}" { size: 1, bytes: `);
    queue.close();
    expect(same.getSync()).toBe('by name');
    same.close();
    expect(filesOf(name)).toEqual([]);
    expect(() => Class.open(name)).toThrow(expect.objectContaining({ errno: 'ENOENT' }));
  });

  it('travels as a handle, with what is in it', () => {
    const queue = make();
    queue.putSync('first');
    const same = keep(fromHandle(toHandle(queue)) as AnyQueue);
    expect(same).toBeInstanceOf(Class);
    expect(same.getSync()).toBe('first');
    same.putSync('second');
    expect(queue.getSync()).toBe('second');
  });

  it('ends a wait with the reason of its signal, and takes no item then', async () => {
    const queue = make();
    const controller = new AbortController();
    const [aborted, patient] = [queue.get({ signal: controller.signal }), queue.get()];
    await sleep(10);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    queue.putSync('a');
    expect(await patient).toBe('a');
    await expect(queue.get({ signal: controller.signal })).rejects.toThrow('enough');
    await expect(queue.put('b', { signal: controller.signal })).rejects.toThrow('enough');
    expect(queue.empty()).toBe(true);
  });

  it('refuses options that there are not, before anything has happened', async () => {
    const queue = make();
    expect(() => new Class({ size: 3 } as object)).toThrow(/has no option "size"/);
    await expect(queue.put(1, { timeOut: 3 } as object)).rejects.toThrow(/put\(\) has no option "timeOut"/);
    await expect(queue.get({ time: 3 } as object)).rejects.toThrow(/get\(\) has no option "time"/);
    await expect(queue.get(true as unknown as object)).rejects.toThrow(TypeError);
    expect(() => queue.putSync(1, { signal: new AbortController().signal } as object)).toThrow(/option "signal"/);
    expect(() => queue.getSync({ timeout: -1 })).toThrow(RangeError);
    expect(() => queue.getSync({ timeout: '1' } as object)).toThrow(/must be a number of ms, not string/);
    expect(() => queue.putSync(1, { block: 1 } as object)).toThrow(
      'putSync(): block must be true or false, not number',
    );
    await expect(queue.get({ signal: {} } as object)).rejects.toThrow(/must be an AbortSignal/);
    expect(queue.empty()).toBe(true);
  });

  it('is of its own kind to those who open it by name', () => {
    const name = freshName();
    keep(new Class({ name }));
    for (const [other, Other] of KINDS.filter(([kind]) => kind !== title)) {
      expect(() => Other.open(name)).toThrow(new RegExp(`not a ${other}`));
    }
  });
});

describe.each(LIMITED)('A %s with a limit', (title, Class) => {
  it.each(FORMS)('is full with as many items as it may hold, and knows its size exactly, %s', async (form) => {
    const queue = keep(new Class<number>(3));
    for (let size = 0; size < 3; size++) {
      expect([queue.qsize(), queue.empty(), queue.full()]).toEqual([size, size === 0, false]);
      await put(form, queue, size);
    }
    for (let size = 3; size > 0; size--) {
      expect([queue.qsize(), queue.empty(), queue.full()]).toEqual([size, false, size === 3]);
      await get(form, queue);
    }
    expect([queue.qsize(), queue.empty(), queue.full()]).toEqual([0, true, false]);
  });

  it('says that it is full at once, or when its time is over; the item is not in it then', async () => {
    const queue = keep(new Class<number>(1));
    queue.putNowait(1);
    expect(() => queue.putNowait(2)).toThrow(
      expect.objectContaining({
        code: 'ERR_MP_QUEUE_FULL',
        message: 'putNowait(): the queue is full; the item is not in it',
      }),
    );
    expect(queue.tryPut(2)).toBe(false);
    for (const wait of [{ block: false }, { timeout: 0 }]) {
      expect(() => queue.putSync(2, wait)).toThrow(QueueFullError);
      await expect(queue.put(2, wait)).rejects.toThrow('put(): the queue is full; the item is not in it');
    }
    const start = performance.now();
    expect(() => queue.putSync(2, { timeout: 60 })).toThrow('the queue is full and has been for 60 ms');
    await expect(queue.put(2, { timeout: 60 })).rejects.toThrow(QueueFullError);
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
    expect([queue.getNowait(), queue.qsize()]).toEqual([1, 0]);
    expect(() => queue.getNowait()).toThrow('getNowait(): the queue is empty');
  });

  it('has those wait who put more, and takes their items in the order of their calls', async () => {
    const queue = keep(new Class<number>(2));
    const puts = Array.from({ length: 20 }, (_, i) => queue.put(i));
    expect(queue.qsize()).toBe(2);
    for (let i = 0; i < 20; i++) expect(await queue.get({ timeout: 20_000 })).toBe(i);
    await Promise.all(puts);
  });

  it('does not put what was aborted while it waited for room', async () => {
    const queue = keep(new Class<string>(1));
    queue.putSync('a');
    const controller = new AbortController();
    const [aborted, patient] = [queue.put('b', { signal: controller.signal }), queue.put('c')];
    await sleep(10);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    expect(await queue.get()).toBe('a');
    await patient;
    expect(await queue.get()).toBe('c');
  });

  it('ends the waits for room of an object that is closed', async () => {
    const queue = new Class<string>(1);
    queue.putSync('a');
    const waiting = [queue.put('b'), queue.put('c', { timeout: 60_000 })];
    await sleep(10);
    queue.close();
    for (const put of waiting) await expect(put).rejects.toThrow(ClosedError);
    expect(() => queue.qsize()).toThrow(ClosedError);
    expect(() => queue.full()).toThrow(ClosedError);
  });

  it('has room for any number when its limit is 0 or less, as in Python', () => {
    for (const queue of [keep(new Class()), keep(new Class(0)), keep(new Class(-1)), keep(new Class({ maxSize: 0 }))]) {
      for (let i = 0; i < 500; i++) queue.putNowait(i);
      expect([queue.qsize(), queue.full()]).toEqual([500, false]);
    }
  });

  it('shows how many items it has, of how many, and how large they are', () => {
    const queue = keep(new Class<unknown>(3));
    const more = title === 'Queue' ? '' : ', unfinished: 0';
    expect(inspect(queue)).toBe(`${title} { size: 0 of 3, bytes: 0${more} }`);
    queue.putSync('x'.repeat(100));
    expect(inspect(queue)).toMatch(/size: 1 of 3, bytes: 1\d\d/);
    queue.putSync('x'.repeat(100_000));
    expect(inspect(queue)).toMatch(/size: 2 of 3, bytes: 100\d\d\d/);
    queue.getSync();
    queue.getSync();
    expect(inspect(queue)).toContain('size: 0 of 3, bytes: 0');
  });

  it.each([
    [1.5, RangeError, /maxSize must be a whole number of items up to 1073741824, 0 for no limit, not 1\.5/],
    [Number.NaN, RangeError, /not NaN/],
    [2 ** 30 + 1, RangeError, /not 1073741825/],
    [{ maxSize: '3' }, TypeError, /maxSize must be a number of items, not string/],
    [{ maxBytes: 0.5 }, RangeError, /maxBytes must be a whole number of bytes/],
    [{ maxsize: 3 }, TypeError, /has no option "maxsize"/],
    ['3', TypeError, /must be an object, not string/],
    [null, TypeError, /must be an object, not null/],
  ])('refuses the limit %j', (options, error, message) => {
    expect(() => new Class(options as number)).toThrow(error);
    expect(() => new Class(options as number)).toThrow(message);
  });

  it('has no thread to be joined: joinThread() returns at once when the queue is closed', () => {
    const queue = new Class(1);
    queue.cancelJoinThread();
    expect(() => queue.joinThread()).toThrow(StateError);
    queue.close();
    expect(queue.joinThread()).toBeUndefined();
  });
});

describe('SimpleQueue', () => {
  it('takes nothing but a name', () => {
    expect(() => new SimpleQueue({ maxSize: 3 } as object)).toThrow(/new SimpleQueue\(\) has no option "maxSize"/);
  });
});
