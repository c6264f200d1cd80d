import { activeChildren, ClosedError, cpuCount, currentProcess, parentProcess, Pipe } from 'forkless';
import { Event, Queue, StateError, waitSync } from 'forkless';
import type { Connection } from 'forkless';
import { describe, expect, it } from 'vitest';

import * as work from '../fixtures/conformance/processes.js';
import { isCollected } from '../helpers/garbage.ts';
import { expectNoLeaks } from '../helpers/leaks.ts';
import { outputOf, PIPE } from '../helpers/output.ts';
import { PROCESS_KINDS } from '../helpers/process-kinds.ts';
import { readySpares } from '../helpers/spares.ts';

const SOON = { timeout: 20_000 };
const MANY = 5;

describe.each(PROCESS_KINDS)('A Process, as $title', ({ Process, isThread, spares }) => {
  expectNoLeaks();
  readySpares(spares);

  const simplex = (): [Connection, Connection] => Pipe({ duplex: false }) as [Connection, Connection];
  const forEver = () => new Process({ target: work.sleepFor, args: [300_000], daemon: true });

  it('stands for the program itself, too (_TestProcess.test_current)', () => {
    const current = currentProcess();
    expect(current.isAlive()).toBe(true);
    expect(current.daemon).toBe(false);
    expect(current.authkey).toBeInstanceOf(Uint8Array);
    expect(current.authkey.byteLength).toBeGreaterThan(0);
    expect([current.pid, current.exitCode]).toEqual([process.pid, null]);
  });

  it('takes its arguments from any kind of list (_TestProcess.test_args_argument)', async () => {
    for (const argument of [1, 'text', [1], null]) {
      for (const list of [Array.from, (items: unknown[]) => new Set(items)] as const) {
        using queue = new Queue(1);
        const child = new Process({ target: work.putArgument, args: list([queue, argument]), daemon: true } as never);
        child.start();
        expect(await queue.get(SOON)).toEqual(argument);
        await child.join();
      }
    }
  });

  it('is daemonic if its starter is, unless it is told (_TestProcess.test_daemon_argument)', () => {
    expect(new Process({ target: work.sleepFor }).daemon).toBe(currentProcess().daemon);
    expect(new Process({ target: work.sleepFor, daemon: true }).daemon).toBe(true);
    expect(new Process({ target: work.sleepFor, daemon: false }).daemon).toBe(false);
  });

  it('knows the name and pid of its parent (_TestProcess.test_parent_process_attributes)', async () => {
    expect(parentProcess()).toBeUndefined();
    const [reader, writer] = simplex();
    await new Process({ target: work.sendParent, args: [writer] }).start().join();
    expect(await reader.recv()).toEqual([currentProcess().pid, currentProcess().name]);
    expect(currentProcess().pid).toBe(process.pid);
    reader.close();
    writer.close();
  });

  // A thread ends with the thread that has started it.
  it.skipIf(isThread)('notices the death of its parent (_TestProcess.test_parent_process)', async () => {
    const [reader, writer] = simplex();
    const child = new Process({ target: work.createGrandchild, args: [writer] }).start();
    expect(await reader.poll(SOON)).toBe(true);
    expect(await reader.recv()).toBe('alive');
    child.terminate();
    await child.join();
    expect(await reader.poll(SOON)).toBe(true);
    expect(await reader.recv()).toBe('not alive');
    writer.close();
    await reader.recv().catch(() => undefined);
    reader.close();
  });

  it('runs its target with its arguments, under its name and key (_TestProcess.test_process)', async () => {
    using queue = new Queue(1);
    const kwargs = { hello: 23, bye: 2.54 };
    const child = new Process({ target: work.putAll, args: [queue, 1, 2], kwargs, name: 'SomeProcess', daemon: true });
    expect(child.authkey).toEqual(currentProcess().authkey);
    expect([child.isAlive(), child.daemon, child.exitCode]).toEqual([false, true, null]);
    expect(activeChildren()).not.toContain(child);
    child.start();
    expect([child.exitCode, child.isAlive()]).toEqual([null, true]);
    expect(activeChildren()).toContain(child);
    const got: unknown[] = [];
    for (let i = 0; i < 5; i++) got.push(await queue.get(SOON));
    expect(got).toEqual([[1, 2], kwargs, 'SomeProcess', [...currentProcess().authkey], child.pid]);
    await child.join();
    expect([child.exitCode, child.isAlive()]).toEqual([0, false]);
    expect(activeChildren()).not.toContain(child);
  });

  it.each([
    ['terminate', -15, '_TestProcess.test_terminate'],
    ['kill', -9, '_TestProcess.test_kill'],
  ] as const)('is ended by %s(), with the exit code %i (%s)', async (method, exitCode, _test) => {
    const child = forEver().start();
    expect(child.isAlive()).toBe(true);
    expect(activeChildren()).toContain(child);
    expect(child.exitCode).toBeNull();
    expect(await child.join({ timeout: 0 })).toBe(false);
    // Python takes a negative time for none.
    await expect(child.join({ timeout: -1 })).rejects.toThrow(RangeError);
    expect(child.isAlive()).toBe(true);
    child[method]();
    expect(await child.join()).toBe(true);
    expect(child.isAlive()).toBe(false);
    expect(activeChildren()).not.toContain(child);
    await child.join();
    expect(child.exitCode).toBe(exitCode);
  });

  it('finds out how many processors there are (_TestProcess.test_cpu_count)', () => {
    expect(Number.isInteger(cpuCount())).toBe(true);
    expect(cpuCount()).toBeGreaterThanOrEqual(1);
  });

  it('is among the active children while it runs (_TestProcess.test_active_children)', async () => {
    expect(activeChildren()).toEqual([]);
    const child = new Process({ target: work.sleepFor, args: [50], daemon: true });
    expect(activeChildren()).not.toContain(child);
    child.start();
    expect(activeChildren()).toContain(child);
    await child.join();
    expect(activeChildren()).not.toContain(child);
  });

  it('starts others, which start others (_TestProcess.test_recursion)', async () => {
    const [reader, writer] = simplex();
    await new Process({ target: work.recurse, args: [writer, []] }).start().join();
    const received: unknown[] = [];
    while (reader.pollSync({ timeout: 0 })) received.push(reader.recvSync());
    expect(received).toEqual([[], [0], [0, 0], [0, 1], [1], [1, 0], [1, 1]]);
    reader.close();
    writer.close();
  });

  it('has a sentinel for its end, once it is started (_TestProcess.test_sentinel)', async () => {
    using event = new Event();
    const child = new Process({ target: work.waitFor, args: [event] });
    expect(() => child.sentinel).toThrow(StateError);
    child.start();
    const { sentinel } = child;
    expect(sentinel.fileno()).toBeGreaterThanOrEqual(0);
    expect(waitSync([sentinel], { timeout: 0 })).toEqual([]);
    event.set();
    await child.join();
    expect(waitSync([sentinel], { timeout: 1000 })).toEqual([sentinel]);
    child.close();
  });

  it('can be closed when it has ended, and is of no use then (_TestProcess.test_close)', async () => {
    using queue = new Queue<null>();
    const start = (): ReturnType<typeof forEver> =>
      new Process({ target: work.exitAfter, args: [queue], daemon: true }).start() as never;
    const child = start();
    expect(child.isAlive()).toBe(true);
    expect(() => child.close()).toThrow(StateError);
    await queue.put(null);
    await child.join();
    expect([child.isAlive(), child.exitCode]).toEqual([false, 0]);
    child.close();
    expect(() => child.isAlive()).toThrow(ClosedError);
    await expect(child.join()).rejects.toThrow(ClosedError);
    expect(() => child.terminate()).toThrow(ClosedError);
    child.close();
    // Another one, which no assertion has in hand.
    const closed = async (): Promise<WeakRef<object>> => {
      const other = start();
      await queue.put(null);
      await other.join();
      other.close();
      return new WeakRef(other);
    };
    expect(await isCollected(await closed())).toBe(true);
  });

  it('may be one of many (_TestProcess.test_many_processes)', async () => {
    const short = Array.from({ length: MANY }, () => new Process({ target: work.sleepFor, args: [10] }).start());
    for (const child of short) await child.join();
    expect(short.map(({ exitCode }) => exitCode)).toEqual(Array(MANY).fill(0));
    const long = Array.from({ length: MANY }, () => forEver().start());
    for (const child of long) child.terminate();
    for (const child of long) await child.join();
    expect(long.map(({ exitCode }) => exitCode)).toEqual(Array(MANY).fill(-15));
  });

  it('does not keep what it was started with (_TestProcess.test_lose_target_ref)', async () => {
    using queue = new Queue();
    const start = (): [ReturnType<typeof forEver>, WeakRef<object>] => {
      const argument = { five: 5 };
      const child = new Process({ target: work.putArgument, args: [queue, argument] }).start();
      return [child as never, new WeakRef(argument)];
    };
    const [child, reference] = start();
    await child.join();
    expect(await isCollected(reference)).toBe(true);
    expect(await queue.get(SOON)).toEqual({ five: 5 });
  });

  // Threads have the descriptors of their process.
  it.skipIf(isThread)('has no more descriptors than its siblings (_TestProcess.test_child_fd_inflation)', async () => {
    using event = new Event();
    using queue = new Queue<number>();
    const args = [event, queue];
    const all = Array.from({ length: MANY }, () =>
      new Process({ target: work.countDescriptors, args } as never).start(),
    );
    const counts = new Set<number>();
    for (const _ of all) counts.add(await queue.get(SOON));
    event.set();
    for (const child of all) await child.join();
    expect([...counts]).toHaveLength(1);
  });

  it('waits for its worker threads before it ends (_TestProcess.test_wait_for_threads)', async () => {
    using event = new Event();
    await new Process({ target: work.waitForThreads, args: [event] }).start().join();
    expect(event.isSet()).toBe(true);
  });

  it('ends well with broken streams (_TestProcess.test_error_on_stdio_flush_2)', async () => {
    for (const stream of ['stdout', 'stderr']) {
      for (const action of ['close', 'remove']) {
        using event = new Event();
        const args = [event, stream, action];
        const child = new Process({ target: work.breakStream, args, stdio: 'ignore' } as never).start();
        await child.join();
        expect([event.isSet(), child.exitCode]).toEqual([true, 0]);
      }
    }
  });
});

describe('A subclass of Process', () => {
  expectNoLeaks();

  it('runs its own run() with its own fields (_TestSubclassingProcess.test_subclassing)', async () => {
    const [ours, theirs] = Pipe() as [Connection, Connection];
    const child = new work.UpperCaser([theirs, ours]);
    child.daemon = true;
    child.start();
    theirs.close();
    await ours.send('hello');
    expect(await ours.recv()).toBe('HELLO');
    await ours.send('world');
    expect(await ours.recv()).toBe('WORLD');
    await ours.send(null);
    ours.close();
    await child.join();
    expect(child.exitCode).toBe(0);
  });
});

describe.each(PROCESS_KINDS)('The end of a Process, as $title', ({ Process, spares }) => {
  expectNoLeaks();
  readySpares(spares);

  it('by an error shows where that came from (_TestSubclassingProcess.test_stderr_flush)', async () => {
    const { stderr, exitCode } = await outputOf(new Process({ target: work.divide, ...PIPE }).start());
    expect(stderr).toContain('RangeError: Division by zero');
    expect(stderr).toContain('processes.js');
    expect(exitCode).toBe(1);
  });

  it('by process.exit() has its exit code (_TestSubclassingProcess.test_sys_exit)', async () => {
    // Python takes any object, and prints it.
    for (const [given, expected] of [
      [undefined, 0],
      [0, 0],
      [8, 8],
      ['7', 7],
    ] as const) {
      const child = new Process({ target: work.exitBy, args: [given as number] }).start();
      expect(await child.exited).toBe(expected);
    }
  });
});
