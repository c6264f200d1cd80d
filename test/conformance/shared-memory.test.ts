import { existsSync, readFileSync } from 'node:fs';
import { inspect } from 'node:util';

import {
  fromHandle,
  Process,
  ResourceError,
  ShareableList,
  SharedMemory,
  SharedMemoryManager,
  StateError,
  toHandle,
} from 'forkless';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { openAndEnd, write } from '../fixtures/managers/shared-blocks.js';
import { childrenOf, expectNoLeaks, until } from '../helpers/leaks.ts';
import { Program } from '../helpers/programs.ts';

const made: SharedMemory[] = [];
const nameOf = (what: string): string => `${what}-${process.pid}`;

function block(options: { name?: string; size?: number; track?: boolean } = {}): SharedMemory {
  const created = new SharedMemory({ create: true, size: 512, ...options });
  made.push(created);
  return created;
}

function list(items?: Iterable<number | string>): ShareableList {
  const created = new ShareableList(items);
  made.push(created.shm);
  return created;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const notThere = expect.objectContaining({ errno: 'ENOENT' }) as unknown;

// The keeper of names stays until the end.
beforeAll(() => new SharedMemory({ create: true, size: 1 }).unlink());
expectNoLeaks();
afterEach(() => {
  for (const each of made.splice(0)) {
    each.close();
    if (existsSync(`/dev/shm/${each.name}`)) each.unlink();
  }
});

describe('SharedMemory', () => {
  it('has no name with a zero in it (_TestSharedMemory.test_shared_memory_name_with_embedded_null)', () => {
    const { name } = block({ name: nameOf('test01_null') });
    // Python: ValueError.
    expect(() => new SharedMemory(`${name}\0a`)).toThrow(RangeError);
    expect(() => new SharedMemory({ name: `${name}\0a`, create: true, size: 1 })).toThrow(RangeError);
  });

  it('is made, opened, removed (_TestSharedMemory.test_shared_memory_basics)', () => {
    const name = nameOf('test01_tsmb');
    const own = block({ name });
    expect([own.name, own.size, own.buf.length]).toEqual([name, 512, 512]);
    expect(inspect(own)).toBe(`SharedMemory { name: '${name}', size: 512 }`);
    own.buf[0] = 42;
    using also = new SharedMemory(name);
    expect(also.buf[0]).toBe(42);
    using same = new SharedMemory({ name, size: 20 * own.size });
    expect(same.size).toBe(512);
    // Python: ValueError.
    expect(() => new SharedMemory({ create: true, size: -2 })).toThrow(RangeError);
    expect(() => new SharedMemory({ create: false })).toThrow(TypeError);
    const twice = block({ name: nameOf('test01_dblunlink'), size: 5000 });
    using duo = new SharedMemory(twice.name);
    duo.unlink();
    // Python: FileNotFoundError.
    expect(() => twice.unlink()).toThrow(notThere);
    // Python: FileExistsError.
    expect(() => block({ name })).toThrow(expect.objectContaining({ errno: 'EEXIST' }));
    expect(() => new SharedMemory('test01_notthere')).toThrow(notThere);
    expect(() => new SharedMemory('test01_notthere')).toThrow(ResourceError);
  });

  it('finds another name when one is taken (_TestSharedMemory.test_shared_memory_recreate)', () => {
    const names = Array.from({ length: 100 }, () => block({ size: 1 }).name);
    expect(new Set(names).size).toBe(100);
    for (const name of names) expect(name).toMatch(/^psm_[0-9a-f]{8}$/);
  });

  it('needs a size (_TestSharedMemory.test_invalid_shared_memory_creation)', () => {
    for (const size of [-1, 0, undefined, 1.5, NaN]) {
      expect(() => new SharedMemory({ create: true, ...(size !== undefined && { size }) })).toThrow(RangeError);
    }
  });

  it('travels as its name (_TestSharedMemory.test_shared_memory_pickle_unpickle)', () => {
    const own = block();
    own.buf.set(Buffer.from('pickle'));
    using other = fromHandle<SharedMemory>(toHandle(own));
    expect(other).toBeInstanceOf(SharedMemory);
    expect(other.name).toBe(own.name);
    expect(text(other.buf.subarray(0, 6))).toBe('pickle');
    own.buf.set(Buffer.from('newval'));
    expect(text(other.buf.subarray(0, 6))).toBe('newval');
    other.buf.set(Buffer.from('oldval'));
    expect(text(own.buf.subarray(0, 6))).toBe('oldval');
  });

  it('leads nowhere when it is gone (_TestSharedMemory.test_shared_memory_pickle_unpickle_dead_object)', () => {
    const own = block();
    const handle = toHandle(own);
    own.close();
    own.unlink();
    expect(() => fromHandle(handle)).toThrow(expect.objectContaining({ cause: notThere }));
  });

  it('is written to by others (_TestSharedMemory.test_shared_memory_across_processes)', async () => {
    const own = block();
    await new Process({ target: write, args: [own.name, 'howdy'] }).start().join();
    expect(text(own.buf.subarray(0, 5))).toBe('howdy');
    await new Process({ target: write, args: [own, 'HELLO'] }).start().join();
    expect(text(own.buf.subarray(0, 5))).toBe('HELLO');
  });

  it('goes when its process is killed (_TestSharedMemory.test_shared_memory_cleaned_after_process_termination)', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const program = new Program('managers/makes-blocks.mjs', ['stays']);
      await until(() => program.lines.length > 0, 'the blocks are made');
      const [tracked, odd, untracked, heir] = JSON.parse(program.lines[0] as string) as [
        string,
        string,
        string,
        string,
      ];
      program.child.kill(signal);
      await program.end;
      for (const name of [tracked, odd]) await until(() => !existsSync(`/dev/shm/${name}`), `${name} is removed`);
      for (const name of [untracked, heir]) {
        using left = new SharedMemory(name);
        left.unlink();
      }
    }
  });

  it('stays when another process has used it (_TestSharedMemory.test_shared_memory_untracking)', async () => {
    const own = block();
    const child = new Process({ target: openAndEnd, args: [own.name] }).start();
    await child.join();
    expect(child.exitCode).toBe(0);
    using still = new SharedMemory(own.name);
    expect(still.size).toBe(512);
  });

  it('is tracked by who has made it only (_TestSharedMemory.test_shared_memory_tracking)', async () => {
    // Python: a user with track=True that ends takes it from all the others.
    const own = block({ track: false });
    const child = new Process({ target: openAndEnd, args: [own.name] }).start();
    await child.join();
    child.close();
    using still = new SharedMemory({ name: own.name, track: true });
    expect(still.size).toBe(512);
  });
});

describe('A SharedMemoryManager', () => {
  it('keeps names in spite of SIGINT (_TestSharedMemory.test_shared_memory_SharedMemoryServer_ignores_sigint)', async () => {
    using manager = new SharedMemoryManager().start();
    const first = manager.ShareableList([1, 2, 3]);
    const program = new Program('managers/makes-blocks.mjs', ['stays']);
    await until(() => program.lines.length > 0, 'the blocks are made');
    const [tracked, , untracked, heir] = JSON.parse(program.lines[0] as string) as [string, string, string, string];
    // The keeper of its names has the signal, and goes on.
    const [keeper] = childrenOf(program.child.pid as number) as [number];
    await until(() => readFileSync(`/proc/${keeper}/comm`, 'utf8').includes('awk'), 'the keeper is ready');
    process.kill(keeper, 'SIGINT');
    process.kill(keeper, 'SIGTERM');
    program.child.kill('SIGINT');
    await program.end;
    await until(() => !existsSync(`/dev/shm/${tracked}`), 'the block is removed');
    for (const name of [untracked, heir]) new SharedMemory(name).unlink();
    expect([...manager.ShareableList([...first])]).toEqual([1, 2, 3]);
  });

  it('has no keeper of its own (_TestSharedMemory.test_shared_memory_SharedMemoryManager_reuses_resource_tracker)', () => {
    const before = childrenOf('self');
    {
      using manager = new SharedMemoryManager().start();
      manager.ShareableList([1]);
    }
    expect(childrenOf('self')).toEqual(before);
  });

  it('removes what it has made (_TestSharedMemory.test_shared_memory_SharedMemoryManager_basics)', () => {
    const manager = new SharedMemoryManager();
    // Python: ValueError.
    expect(() => manager.SharedMemory(9)).toThrow(StateError);
    manager.start();
    const lists = [5, 6, 7, 8, 9].map((length) => manager.ShareableList(Array.from({ length }, (_, i) => i)));
    const blocks = [32, 48, 64].map((size) => manager.SharedMemory(size));
    using other = new ShareableList({ name: (lists[0] as ShareableList).shm.name });
    expect(other).toHaveLength(5);
    const held = (blocks[0] as SharedMemory).name;
    using otherBlock = new SharedMemory(held);
    expect(otherBlock.size).toBe(32);
    manager.shutdown();
    expect(() => new SharedMemory(held)).toThrow(notThere);
    expect(other.get(4)).toBe(4);
    expect(() => manager.SharedMemory(9)).toThrow(StateError);
    expect(() => manager.start()).toThrow(StateError);
    let name: string;
    {
      using second = new SharedMemoryManager().start();
      name = second.ShareableList('howdy').shm.name;
    }
    expect(() => new ShareableList({ name })).toThrow(notThere);
  });
});

describe('A ShareableList', () => {
  it('holds values of several types (_TestSharedMemory.test_shared_memory_ShareableList_basics)', () => {
    const items = ['howdy', Buffer.from('HoWdY'), -273.154, 100, null, true, 42];
    const own = new ShareableList(items);
    made.push(own.shm);
    expect(inspect(own)).toContain(own.shm.name);
    // Python: IndexError.
    expect(() => own.get(7)).toThrow(RangeError);
    expect(() => own.set(7, 2)).toThrow(RangeError);
    own.set(0, 'howdy');
    expect(own.format).toBe('8s8sdqxxxxxx?xxxxxxxx?q');
    expect(own).toHaveLength(7);
    // Python: ValueError.
    expect(() => own.index('100')).toThrow(RangeError);
    expect(own.index(100)).toBe(3);
    expect([own.get(0), own.get(-2)]).toEqual(['howdy', true]);
    expect([...own]).toEqual(['howdy', new Uint8Array(Buffer.from('HoWdY')), -273.154, 100, null, true, 42]);
    own.set(3, 42);
    expect(own.get(3)).toBe(42);
    own.set(4, 'some');
    expect(own.get(4)).toBe('some');
    expect(own.format).toBe('8s8sdq8sxxxxxxx?q');
    expect(() => own.set(4, 'far too many')).toThrow(/exceeds the available storage/);
    expect(own.get(4)).toBe('some');
    own.set(0, 'encodés');
    expect(own.get(0)).toBe('encodés');
    expect(own.get(1)).toEqual(new Uint8Array(Buffer.from('HoWdY')));
    expect(() => own.set(0, 'encodées')).toThrow(/exceeds/);
    expect(() => own.set(1, Buffer.from('123456789'))).toThrow(/exceeds/);
    expect(own.get(1)).toEqual(new Uint8Array(Buffer.from('HoWdY')));
    expect([own.count(42), own.count(Buffer.from('HoWdY')), own.count(Buffer.from('adios'))]).toEqual([2, 1, 0]);

    const name = nameOf('test03_duplicate');
    const copy = new ShareableList(own, { name });
    made.push(copy.shm);
    expect(copy.shm.name).toBe(name);
    expect([...copy]).toEqual([...own]);
    expect(copy.format).toBe(own.format);
    copy.set(-1, 77);
    expect([copy.get(-1), own.get(-1)]).toEqual([77, 42]);

    using tethered = new ShareableList({ name: own.shm.name });
    tethered.set(-1, 880);
    expect(own.get(-1)).toBe(880);

    const empty = list();
    expect([empty.length, empty.format, empty.count('any')]).toEqual([0, '', 0]);
    expect(() => empty.index(null)).toThrow(RangeError);
  });

  it('travels as its name (_TestSharedMemory.test_shared_memory_ShareableList_pickling)', () => {
    const own = list([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const handle = toHandle(own);
    using other = fromHandle<ShareableList>(handle);
    expect(other).toBeInstanceOf(ShareableList);
    expect(other.get(-1)).toBe(9);
    other.set(4, 'changed');
    expect(own.get(4)).toBe('changed');
    own.set(3, 'newvalue');
    expect(other.get(3)).toBe('newvalue');
    const larger = list(Array.from({ length: 400 }, (_, i) => i));
    expect(toHandle(larger)).toHaveLength(handle.length);
  });

  it('leads nowhere when it is gone (_TestSharedMemory.test_shared_memory_ShareableList_pickling_dead_object)', () => {
    const own = list([1, 2]);
    const handle = toHandle(own);
    own.shm.close();
    own.shm.unlink();
    expect(() => fromHandle(handle)).toThrow(expect.objectContaining({ cause: notThere }));
  });
});
