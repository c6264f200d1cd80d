import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { Process, ShareableList, SharedMemory } from 'forkless';
import type { ShareableItem } from 'forkless';
import { beforeAll, describe, expect, it } from 'vitest';

import { openAndEnd } from '../fixtures/managers/shared-blocks.js';
import { childrenOf, expectNoLeaks, until } from '../helpers/leaks.ts';
import { Program } from '../helpers/programs.ts';
import { isAtLeast, PythonProgram, PYTHONS } from '../helpers/python.ts';
import { randomNumbers, SEED } from '../helpers/random.ts';

const file = (name: string): string => `/dev/shm/${name}`;
const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** Closed and removed at the end of the scope. */
function removed<T extends SharedMemory | ShareableList>(object: T): T & Disposable {
  const block: SharedMemory = object instanceof ShareableList ? object.shm : (object as SharedMemory);
  const value = (): void => {
    block.close();
    block.unlink();
  };
  return Object.defineProperty(object, Symbol.dispose, { value }) as T & Disposable;
}

beforeAll(() => new SharedMemory({ create: true, size: 1 }).unlink());
expectNoLeaks();

describe('SharedMemory', () => {
  it('is for this user only, zeroed, and has its memory from the start', () => {
    using block = removed(new SharedMemory({ create: true, size: 100_000 }));
    const { mode, size, blocks } = statSync(file(block.name));
    expect([mode & 0o777, size]).toEqual([0o600, 100_000]);
    expect(blocks * 512).toBeGreaterThanOrEqual(100_000);
    expect(block.buf.every((byte) => byte === 0)).toBe(true);
  });

  it('says that there is no room for it, and leaves no name', () => {
    const options = { create: true, size: 2 ** 46, name: `forkless-large-${process.pid}` };
    expect(() => new SharedMemory(options)).toThrow(expect.objectContaining({ errno: 'ENOSPC' }));
    expect(existsSync(file(options.name))).toBe(false);
  });

  it('is empty for all who have a view of it when it is closed, and other views of it go on', () => {
    const block = new SharedMemory({ create: true, size: 64 });
    using other = removed(new SharedMemory(block.name));
    const view = new Float64Array(block.buf.buffer, 8, 2);
    view[0] = 1.5;
    expect(new Float64Array(other.buf.buffer, 8, 1)[0]).toBe(1.5);
    block.close();
    block.close();
    expect([view.length, view[0]]).toEqual([0, undefined]);
    expect(() => block.buf).toThrow(/is closed/);
    expect([block.name, block.size]).toEqual([other.name, 64]);
    expect(inspect(block)).toMatch(/closed/);
    other.buf[0] = 9;
    expect(other.buf[0]).toBe(9);
  });

  it('leaves nothing mapped when it is closed', () => {
    const mapped = (): number => readFileSync('/proc/self/maps', 'utf8').match(/psm_/g)?.length ?? 0;
    const before = mapped();
    for (let round = 0; round < 1000; round++) {
      const block = new SharedMemory({ create: true, size: 16, track: false });
      block.buf[0] = 1;
      block.close();
      block.unlink();
    }
    // Fewer, when the collector has found what other tests have left.
    expect(mapped()).toBeLessThanOrEqual(before);
  });

  it('does not remove what it failed to open', () => {
    const name = `forkless-unfinished-${process.pid}`;
    writeFileSync(file(name), '');
    expect(() => new SharedMemory(name)).toThrow(/not finished/);
    expect(() => new ShareableList({ name })).toThrow(/not finished/);
    writeFileSync(file(name), Buffer.alloc(40, 7));
    expect(() => new ShareableList({ name })).toThrow(/no ShareableList/);
    expect(existsSync(file(name))).toBe(true);
    new SharedMemory(name).unlink();
  });

  it('is removed for all by whoever does it, and goes on for those who have it', () => {
    const block = new SharedMemory({ create: true, size: 8 });
    using other = new SharedMemory(block.name);
    other.unlink();
    block.buf[3] = 3;
    expect(other.buf[3]).toBe(3);
    block.close();
    expect(other.buf[3]).toBe(3);
  });

  it.each(['end', 'exit', 'throw', 'thread'])(
    'goes with its process or thread, and no other block does (%s)',
    async (how) => {
      const program = new Program('managers/makes-blocks.mjs', [how]);
      await until(() => program.lines.length > 0, 'the blocks are made');
      const [tracked, odd, untracked, heir] = JSON.parse(program.lines[0] as string) as [
        string,
        string,
        string,
        string,
      ];
      if (how === 'thread') await program.printed('terminated');
      else await program.end;
      await until(() => !existsSync(file(tracked)) && !existsSync(file(odd)), 'they are removed');
      expect([existsSync(file(untracked)), existsSync(file(heir))]).toEqual([true, true]);
      for (const name of [untracked, heir]) new SharedMemory(name).unlink();
      if (how === 'thread') program.child.kill('SIGKILL');
      await program.end;
    },
  );

  it('goes with its process although its keeper has been killed in between', async () => {
    const program = new Program('managers/makes-blocks.mjs', ['stays']);
    await until(() => program.lines.length > 0, 'the blocks are made');
    const [tracked, odd, untracked, heir] = JSON.parse(program.lines[0] as string) as [string, string, string, string];
    const keepers = (): number[] => childrenOf(program.child.pid as number);
    const [first] = keepers() as [number];
    process.kill(first, 'SIGKILL');
    await until(() => keepers().length === 1 && keepers()[0] !== first, 'there is another keeper');
    // It has been told of the names before the program does anything else.
    program.child.kill('SIGUSR2');
    await program.printed('listening');
    program.child.kill('SIGKILL');
    await program.end;
    await until(() => !existsSync(file(tracked)) && !existsSync(file(odd)), 'they are removed');
    for (const name of [untracked, heir]) new SharedMemory(name).unlink();
  });

  it('says so when there is nobody who would remove it', () => {
    const url = new URL('../../dist/index.js', import.meta.url).href;
    const program = `import { SharedMemory } from '${url}';
      const block = new SharedMemory({ create: true, size: 1 });
      process.on('warning', ({ message }) => { console.log(message); block.unlink(); process.exit(); });
      setInterval(() => {}, 1000);`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, PATH: '/nowhere' },
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(stdout).toMatch(/1 blocks of SharedMemory would stay.*awk.*track: false/);
  });

  it('survives the death of those who use it', async () => {
    using block = removed(new SharedMemory({ create: true, size: 8 }));
    const child = new Process({ target: openAndEnd, args: [block.name] }).start();
    child.kill();
    await child.join();
    using again = new SharedMemory(block.name);
    expect(again.size).toBe(8);
  });

  it('says what is wrong with its arguments', () => {
    const wrong: [unknown, RegExp][] = [
      [undefined, /needs/],
      [{}, /needs a name/],
      [{ create: true }, /size/],
      [{ create: true, size: '1' }, /number of bytes/],
      [{ create: 1, size: 1 }, /create/],
      [{ create: true, size: 1, track: 0 }, /track/],
      [{ name: 'a/b' }, /no '\/'/],
      [{ name: '' }, /empty/],
      [{ name: '..' }, /empty/],
      [{ name: 5 }, /string/],
      [{ name: 'x'.repeat(256) }, /at most 255/],
      [{ name: 'a\nb', create: true, size: 1 }, /line break/],
      [{ named: 'a' }, /"named"/],
    ];
    for (const [options, message] of wrong) expect(() => new SharedMemory(options as never)).toThrow(message);
  });
});

describe('A ShareableList', () => {
  it('gives every value back as it was', () => {
    const values: ShareableItem[] = [
      ...[0, -1, 1.5, -0, NaN, Infinity, 2 ** 31, -(2 ** 53) + 1, 2 ** 53, 1e300, true, false, null],
      ...[-(2n ** 63n), 2n ** 63n - 1n, '', 'a', 'x'.repeat(1000), 'ünï\0cödé', 'ééééééé', '日本語', '😀'.repeat(9)],
      ...['ends with zeros\0\0', '\0', '\ufeffmark'],
      ...[
        bytesOf(),
        bytesOf(0),
        bytesOf(1, 0),
        bytesOf(3, 2, 1, 0, 0, 0),
        bytesOf(0, 0, 0, 0, 0, 0, 0, 0),
        bytesOf(255),
      ],
    ];
    using list = removed(new ShareableList(values));
    using other = new ShareableList({ name: list.shm.name });
    for (const [i, value] of values.entries()) {
      expect(other.get(i)).toEqual(value);
      expect(Object.is(other.get(i), -0)).toBe(Object.is(value, -0));
    }
    expect(list.count(bytesOf(1, 0))).toBe(1);
    expect(list.index('\0')).toBe(values.indexOf('\0'));
    expect([list.count(1n), list.count(-1n), list.index(2n ** 53n), list.count(NaN)]).toEqual([
      0,
      1,
      values.indexOf(2 ** 53),
      0,
    ]);
  });

  it('changes types and values in place, and never its neighbours', () => {
    const random = randomNumbers(SEED);
    const model: ShareableItem[] = Array.from({ length: 12 }, (_, i) => 'x'.repeat(random(40)) + i);
    using list = removed(new ShareableList(model));
    const room = model.map((item) => 8 * (Math.floor((item as string).length / 8) + 1));
    for (let round = 0; round < 5000; round++) {
      const i = random(12);
      const length = random((room[i] as number) + 2);
      const make: readonly (() => ShareableItem)[] = [
        () => random(2 ** 31) - 2 ** 30,
        () => random(1000) / 7,
        () => random(2) === 0,
        () => null,
        () => 'é'.repeat(length >> 1) + '\0'.repeat(length & 1),
        () => Uint8Array.from({ length }, () => random(3)),
      ];
      const value = (make[random(make.length)] as () => ShareableItem)();
      const size =
        typeof value === 'string' ? Buffer.byteLength(value) : value instanceof Uint8Array ? value.length : 0;
      if (size > (room[i] as number)) {
        expect(() => list.set(i, value)).toThrow(/exceeds/);
      } else {
        list.set(i, value);
        model[i] = value;
      }
      expect(list.get(i)).toEqual(model[i]);
    }
    expect([...list]).toEqual(model);
  });

  it('refuses what Python could not read', () => {
    for (const item of [undefined, {}, [1], Symbol.for('a'), () => 1, 'half \ud800', new Date()]) {
      expect(() => new ShareableList([1, item as never])).toThrow(TypeError);
    }
    expect(() => new ShareableList([2n ** 63n])).toThrow(/64 bits/);
    expect(() => new ShareableList([new Uint8Array(10_000_000)])).toThrow(/no room/);
    using list = removed(new ShareableList([1]));
    expect(() => list.set(0, undefined as never)).toThrow(TypeError);
    expect(() => list.get(0.5)).toThrow(RangeError);
    expect(() => list.get(-2)).toThrow(RangeError);
    list.shm.close();
    expect(() => list.get(0)).toThrow(/closed/);
    expect(() => list.set(0, 1)).toThrow(/closed/);
    expect(inspect(list)).toMatch(/closed/);
  });

  it('says that it is damaged, and reads nothing beyond its memory, whatever others write into it', () => {
    const random = randomNumbers(SEED);
    for (let round = 0; round < 3000; round++) {
      using list = removed(new ShareableList(['text', 1, bytesOf(1, 2, 3), null, 2.5]));
      for (let count = 1 + random(4); count > 0; count--) list.shm.buf[random(list.shm.size)] = random(256);
      const read = (): unknown => {
        using other = new ShareableList({ name: list.shm.name });
        return [...other];
      };
      try {
        read();
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_MP_RESOURCE' });
      }
    }
  });
});

describe.skipIf(PYTHONS.length === 0).each(PYTHONS.map((python) => [python.version, python] as const))(
  'Shared memory with Python %s',
  (_, python) => {
    it('is filled by one and read by the other', async () => {
      const peer = new PythonProgram(python, 'managers/shared_memory_peer.py', []);
      peer.tell('create 100000');
      const name = await peer.line();
      {
        using theirs = new SharedMemory(name);
        expect(theirs.buf.every((byte, i) => byte === (i & 255))).toBe(true);
      }
      using ours = removed(new SharedMemory({ create: true, size: 1 << 20 }));
      ours.buf.fill(3);
      peer.tell(`sum ${ours.name}`);
      expect(await peer.line()).toBe(String(3 << 20));
      peer.child.stdin?.end('end\n');
      expect(await peer.end()).toBe(0);
      expect(existsSync(file(name))).toBe(false);
      expect(existsSync(file(ours.name))).toBe(true);
    });

    it('is a list for both, with the same bytes in it', async () => {
      const peer = new PythonProgram(python, 'managers/shared_memory_peer.py', []);
      const ask = (line: string): Promise<string> => {
        peer.tell(line);
        return peer.line();
      };
      const items = [
        'howdy',
        bytesOf(1, 0, 2),
        -273.154,
        100,
        null,
        true,
        false,
        'encodés',
        '',
        'x'.repeat(99),
        2n ** 60n,
      ];
      const json = JSON.stringify(items, (__, value: unknown) => {
        if (typeof value === 'bigint') return 1;
        return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('hex') } : value;
      }).replace(/1]$/, `${2n ** 60n}]`);
      const name = await ask(`list ${json}`);
      using theirs = new ShareableList({ name });
      using ours = removed(new ShareableList(items));
      expect([...theirs]).toEqual(items);
      expect(await ask(`format ${ours.shm.name}`)).toBe(theirs.format);
      const raw = Buffer.from(ours.shm.buf).toString('hex');
      expect(raw).toBe(Buffer.from(theirs.shm.buf).toString('hex').slice(0, raw.length));
      expect(await ask(`items ${ours.shm.name}`)).toBe(await ask(`items ${name}`));

      ours.set(0, 'changed');
      ours.set(3, 0.5);
      ours.set(9, bytesOf(7, 0, 0));
      expect(JSON.parse(await ask(`items ${ours.shm.name}`))).toMatchObject({
        0: 'changed',
        3: 0.5,
        9: { bytes: '07' },
      });
      expect(ours.get(9)).toEqual(bytesOf(7, 0, 0));
      expect(await ask(`set ${ours.shm.name} 9 "${'y'.repeat(104)}"`)).toBe('done');
      expect(await ask(`set ${ours.shm.name} 4 "now text"`)).toBe('done');
      expect([ours.get(9), ours.get(4)]).toEqual(['y'.repeat(104), 'now text']);
      peer.child.stdin?.end('end\n');
      expect(await peer.end()).toBe(0);
    });

    it.skipIf(!isAtLeast(python, '3.13'))('is used by it without being tracked there, and stays', async () => {
      using ours = removed(new SharedMemory({ create: true, size: 8 }));
      const peer = new PythonProgram(python, 'managers/untracked_user.py', [ours.name]);
      expect(await peer.line()).toBe('8');
      expect(await peer.end()).toBe(0);
      expect(existsSync(file(ours.name))).toBe(true);
    });
  },
);
