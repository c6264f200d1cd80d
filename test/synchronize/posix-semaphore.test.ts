import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { ClosedError, PosixSemaphore, ResourceError, StateError, toHandle } from 'forkless';
import { afterEach, describe, expect, it } from 'vitest';

const PREFIX = `forkless-test-${process.pid}-`;

const names: string[] = [];

/** A name that nobody else uses; its semaphore is removed after the test. */
function freshName(): string {
  const name = `/${PREFIX}${names.length}`;
  names.push(name);
  return name;
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

function left(): string[] {
  return readdirSync('/dev/shm').filter((file) => file.startsWith(`sem.${PREFIX}`));
}

afterEach(() => {
  for (const file of left()) PosixSemaphore.unlink(file.slice('sem.'.length));
});

/** The ResourceError that `call` throws. */
function resourceErrorOf(call: () => unknown): ResourceError {
  try {
    call();
  } catch (error) {
    if (error instanceof ResourceError) return error;
    throw error;
  }
  throw new Error('it did not throw');
}

/** Runs JavaScript as a program of its own and returns what it prints; it must end by itself. */
async function run(script: string): Promise<string> {
  const args = [
    '--expose-gc',
    '--input-type=module',
    '--eval',
    `import { fromHandle, PosixSemaphore } from 'forkless';\n${script}`,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 20_000, killSignal: 'SIGKILL' });
  return stdout.trim();
}

describe('PosixSemaphore', () => {
  it('starts with the value that it is given, 1 by default, and counts', () => {
    using one = new PosixSemaphore();
    using three = new PosixSemaphore({ value: 3 });
    expect([one.value, three.value]).toEqual([1, 3]);
    expect(three.tryAcquire()).toBe(true);
    three.release(4);
    expect(three.value).toBe(6);
    expect(one.tryAcquire()).toBe(true);
    expect(one.tryAcquire()).toBe(false);
    expect(one.value).toBe(0);
  });

  it('is the same semaphore for everybody who opens its name, with the leading slash or without', () => {
    const name = freshName();
    using made = new PosixSemaphore({ name, value: 0 });
    using opened = PosixSemaphore.open(name.slice(1));
    opened.release();
    expect(made.acquireSync()).toBe(true);
    expect([made.name, opened.name]).toEqual([name, name]);
  });

  it('takes a string for the name of a new semaphore', () => {
    const name = freshName();
    using made = new PosixSemaphore(name);
    expect([made.name, made.value]).toEqual([name, 1]);
  });

  it('is made with mode 0600, or as it is told', () => {
    const name = freshName();
    const other = freshName();
    const umask = process.umask(0);
    try {
      using _private = new PosixSemaphore({ name });
      using _public = new PosixSemaphore({ name: other, mode: 0o666 });
      const modes = execFileSync('stat', [
        '-c',
        '%a',
        `/dev/shm/sem.${name.slice(1)}`,
        `/dev/shm/sem.${other.slice(1)}`,
      ]);
      expect(modes.toString().split('\n').slice(0, 2)).toEqual(['600', '666']);
    } finally {
      process.umask(umask);
    }
  });

  it('refuses a name that is taken, unless exclusive is false: then the semaphore keeps its value', () => {
    const name = freshName();
    using first = new PosixSemaphore({ name, value: 5 });
    const error = resourceErrorOf(() => new PosixSemaphore({ name }));
    expect(error.message).toBe(
      `semaphore '${name}' exists already: open it with PosixSemaphore.open('${name}') or remove it with PosixSemaphore.unlink('${name}')`,
    );
    expect([error.code, error.errno, error.syscall]).toEqual(['ERR_MP_RESOURCE', 'EEXIST', 'sem_open']);
    using second = new PosixSemaphore({ name, value: 9, exclusive: false });
    expect([first.value, second.value]).toEqual([5, 5]);
  });

  it('says how to make a semaphore that does not exist', () => {
    const name = freshName();
    for (const open of [() => PosixSemaphore.open(name), () => new PosixSemaphore({ name, create: false })]) {
      const error = resourceErrorOf(open);
      expect(error.message).toBe(
        `semaphore '${name}' does not exist: create it with new PosixSemaphore({ name: '${name}' })`,
      );
      expect([error.errno, error.syscall]).toEqual(['ENOENT', 'sem_open']);
    }
    expect(resourceErrorOf(() => PosixSemaphore.unlink(name)).syscall).toBe('sem_unlink');
  });

  it('says when the mode of a semaphore keeps this user out', () => {
    const isRoot = process.geteuid?.() === 0;
    const name = freshName();
    using _made = new PosixSemaphore({ name, mode: isRoot ? 0o600 : 0 });
    if (isRoot) process.seteuid?.(65_534);
    try {
      const error = resourceErrorOf(() => PosixSemaphore.open(name));
      expect(error.errno).toBe('EACCES');
      expect(error.message).toContain(`semaphore '${name}' does not allow this to the user`);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it('says when the process has no descriptor left', () => {
    const name = freshName();
    using _made = new PosixSemaphore({ name });
    const script = 'ulimit -n 128 && exec "$0" "$@"';
    const args = ['-c', script, process.execPath, fixture('exhaust-descriptors.js'), name];
    expect(execFileSync('bash', args, { encoding: 'utf8' })).toMatch(
      /^EMFILE sem_open: .* no file descriptor left: close some/,
    );
  });

  it.each([
    ['an empty name', () => new PosixSemaphore(''), TypeError, /must not be empty/],
    ['no more than a slash', () => new PosixSemaphore({ name: '/' }), TypeError, /must not be empty/],
    ['a slash within the name', () => PosixSemaphore.open('/a/b'), TypeError, /no '\/' after its first character/],
    ['a zero in the name', () => PosixSemaphore.open('a\0b'), TypeError, /no zero/],
    ['a name that is too long', () => PosixSemaphore.unlink('ä'.repeat(126)), RangeError, /252 bytes; at most 251/],
    ['a name that is no string', () => PosixSemaphore.open(7 as never), TypeError, /must be a string, not 7/],
    ['a negative value', () => new PosixSemaphore({ value: -1 }), RangeError, /value .* from 0 to 2147483647, not -1/],
    ['half a permit', () => new PosixSemaphore({ value: 0.5 }), RangeError, /whole number/],
    ['too many permits', () => new PosixSemaphore({ value: 2 ** 31 }), RangeError, /2147483648/],
    ['a value that is no number', () => new PosixSemaphore({ value: '1' as never }), TypeError, /must be a number/],
    ['an unknown option', () => new PosixSemaphore({ nmae: 'a' } as never), TypeError, /"nmae"/],
    ['create: false without a name', () => new PosixSemaphore({ create: false }), TypeError, /needs a name/],
    ['a mode beyond the permission bits', () => new PosixSemaphore({ name: 'a', mode: 0o1000 }), RangeError, /mode/],
  ])('refuses %s', (_title, call, type, message) => {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
    expect(left()).toEqual([]);
  });

  it('refuses wrong arguments of its methods', async () => {
    using semaphore = new PosixSemaphore({ value: 1 });
    expect(() => semaphore.release(0)).toThrow(RangeError);
    expect(() => semaphore.release('1' as never)).toThrow(TypeError);
    expect(() => semaphore.acquireSync({ timeout: -1 })).toThrow(RangeError);
    expect(() => semaphore.acquireSync({ signal: AbortSignal.abort() } as never)).toThrow(TypeError);
    await expect(semaphore.acquire({ timeout: Number.NaN })).rejects.toThrow(RangeError);
    await expect(semaphore.acquire({ timeuot: 1 } as never)).rejects.toThrow(/"timeuot"/);
    expect(semaphore.value).toBe(1);
  });

  it('gives no permit at all when they would be too many', () => {
    using semaphore = new PosixSemaphore({ value: 2 ** 31 - 2 });
    expect(resourceErrorOf(() => semaphore.release(2)).errno).toBe('EOVERFLOW');
    semaphore.release();
    expect(semaphore.value).toBe(2 ** 31 - 1);
  });

  it('waits no shorter than the timeout, blocking or not', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    let started = performance.now();
    expect(semaphore.acquireSync({ timeout: 30 })).toBe(false);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29.9);
    started = performance.now();
    await expect(semaphore.acquire({ timeout: 30 })).resolves.toBe(false);
    expect(performance.now() - started).toBeGreaterThanOrEqual(29.9);
    expect(semaphore.acquireSync({ timeout: 0 })).toBe(false);
    await expect(semaphore.acquire({ timeout: 0 })).resolves.toBe(false);
    const signal = AbortSignal.timeout(1);
    await expect(semaphore.acquire({ timeout: Infinity, signal })).rejects.toThrow(/timeout/);
  });

  it('leaves the event loop running while a promise waits', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    setTimeout(() => semaphore.release(), 100);
    await expect(semaphore.acquire()).resolves.toBe(true);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(5);
  });

  it('serves the promises of a process in the order of their calls', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    const order: number[] = [];
    const waits = [1, 2, 3, 4].map((number) => semaphore.acquire().then(() => order.push(number)));
    for (let given = 0; given < 4; given++) {
      semaphore.release();
      await waits[given];
    }
    expect(order).toEqual([1, 2, 3, 4]);
    expect(semaphore.value).toBe(0);
  });

  it('takes no permit for a wait that was aborted', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    for (let round = 0; round < 20; round++) {
      const aborting = new AbortController();
      const waiting = semaphore.acquire({ signal: aborting.signal });
      if (round % 2 === 0) await sleep(1);
      aborting.abort(new Error('not any more'));
      if (round % 3 === 0) semaphore.release();
      await expect(waiting).rejects.toThrow('not any more');
      if (round % 3 !== 0) semaphore.release();
      // Nobody takes it, not even for a moment.
      const until = performance.now() + 2;
      while (performance.now() < until) if (semaphore.value !== 1) expect.unreachable('the permit is gone');
      expect(semaphore.tryAcquire()).toBe(true);
    }
  });

  it('gives the permit back that came just before the abort', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    const aborting = new AbortController();
    const waiting = semaphore.acquire({ signal: aborting.signal });
    semaphore.release();
    while (semaphore.value > 0); // until the waiting thread has it; the event loop has not heard of it yet
    aborting.abort();
    await expect(waiting).rejects.toThrow(/abort/);
    expect(semaphore.value).toBe(1);
  });

  it('gives the permit of an aborted wait to the next one', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    const aborting = new AbortController();
    const first = semaphore.acquire({ signal: aborting.signal });
    const second = semaphore.acquire();
    semaphore.release();
    aborting.abort();
    await expect(first).rejects.toThrow(/abort/);
    await expect(second).resolves.toBe(true);
    expect(semaphore.value).toBe(0);
  });

  it('takes no permit for a wait that timed out', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    await expect(semaphore.acquire({ timeout: 5 })).resolves.toBe(false);
    semaphore.release();
    await sleep(40);
    expect(semaphore.value).toBe(1);
  });

  it('does not begin to wait when the signal is aborted already', async () => {
    using semaphore = new PosixSemaphore({ value: 1 });
    await expect(semaphore.acquire({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    expect(semaphore.value).toBe(1);
  });

  it('leaves no listener on the signal of a wait that is over', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => (listeners += 1);
    signal.removeEventListener = () => (listeners -= 1);
    const waiting = semaphore.acquire({ signal });
    expect(listeners).toBe(1);
    semaphore.release();
    await waiting;
    expect(listeners).toBe(0);
  });

  it('can not be used after close, which may be called again', async () => {
    const name = freshName();
    const semaphore = new PosixSemaphore({ name });
    semaphore.close();
    semaphore.close();
    expect(() => semaphore.tryAcquire()).toThrow(ClosedError);
    expect(() => semaphore.acquireSync()).toThrow(ClosedError);
    expect(() => semaphore.release()).toThrow(ClosedError);
    expect(() => semaphore.value).toThrow(`semaphore '${name}' is closed`);
    await expect(semaphore.acquire()).rejects.toThrow(ClosedError);
    expect(inspect(semaphore)).toBe(`PosixSemaphore { name: '${name}', closed }`);
  });

  it('rejects the promises that wait when it is closed, and takes no permit for them', async () => {
    const name = freshName();
    using watching = new PosixSemaphore({ name, value: 0 });
    const semaphore = PosixSemaphore.open(name);
    const waits = [semaphore.acquire(), semaphore.acquire()];
    semaphore.close();
    watching.release();
    for (const wait of waits) await expect(wait).rejects.toThrow(ClosedError);
    expect(watching.value).toBe(1);
  });

  it('is lost by name after unlink, but goes on for those who have it open', () => {
    const name = freshName();
    using first = new PosixSemaphore({ name, value: 0 });
    using second = PosixSemaphore.open(name);
    first.unlink();
    expect(left()).toEqual([]);
    expect(resourceErrorOf(() => PosixSemaphore.open(name)).errno).toBe('ENOENT');
    second.release();
    expect(first.tryAcquire()).toBe(true);
    using unnamed = new PosixSemaphore();
    expect(() => unnamed.unlink()).toThrow(StateError);
  });

  it('is the same semaphore for a process that gets it by a handle, named or not', async () => {
    for (const options of [{ name: freshName(), value: 0 }, { value: 0 }]) {
      using semaphore = new PosixSemaphore(options);
      const script = `const s = fromHandle(${JSON.stringify(toHandle(semaphore))}); s.release(3); console.log(s.name);`;
      const child = run(script);
      await expect(semaphore.acquire({ timeout: 20_000 })).resolves.toBe(true);
      await expect(child).resolves.toBe(String(options.name));
      expect(semaphore.value).toBe(2);
    }
  });

  it('is not collected while a promise waits for it', async () => {
    const script = `
      const weak = new WeakRef(new PosixSemaphore({ value: 0 }));
      const waiting = weak.deref().acquire();
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
      gc();
      weak.deref()?.release();
      console.log(await waiting);`;
    await expect(run(script)).resolves.toBe('true');
  });

  it('takes no permit for a program that exits during a wait', async () => {
    using semaphore = new PosixSemaphore({ value: 0 });
    const script = `fromHandle(${JSON.stringify(toHandle(semaphore))}).acquire(); setTimeout(() => process.exit(), 30);`;
    await expect(run(script)).resolves.toBe('');
    semaphore.release();
    expect(semaphore.acquireSync({ timeout: 0 })).toBe(true);
  });

  it('shows its name and value when it is printed', () => {
    const name = freshName();
    using named = new PosixSemaphore({ name, value: 2 });
    using unnamed = new PosixSemaphore();
    expect(inspect(named)).toBe(`PosixSemaphore { name: '${name}', value: 2 }`);
    expect(inspect(unnamed)).toBe('PosixSemaphore { value: 1 }');
  });

  it('keeps a program alive while a promise waits, and not longer', async () => {
    const waits = 'const s = new PosixSemaphore({ value: 0 }); console.log(await s.acquire({ timeout: 100 }));';
    await expect(run(waits)).resolves.toBe('false');
    const ends = `${waits} s.acquire({ signal: AbortSignal.timeout(10) }).catch(() => console.log('aborted'));`;
    await expect(run(ends)).resolves.toBe('false\naborted');
    await expect(run('new PosixSemaphore({ value: 0 }); console.log(1)')).resolves.toBe('1');
  });

  it('works in a worker thread, which may be terminated during a wait', async () => {
    const name = freshName();
    using semaphore = new PosixSemaphore({ name, value: 0 });
    const worker = new Worker(fixture('waits-for-semaphore.js'), { workerData: name });
    const exit = once(worker, 'exit');
    await once(worker, 'message');
    semaphore.release();
    await expect(once(worker, 'message')).resolves.toEqual([true]);
    await exit;

    const terminated = new Worker(fixture('waits-for-semaphore.js'), { workerData: name });
    await once(terminated, 'message');
    await terminated.terminate();
    semaphore.release();
    expect(semaphore.acquireSync({ timeout: 0 })).toBe(true);
  });
});
