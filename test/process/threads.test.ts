import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import {
  Event,
  getContext,
  Lock,
  Pipe,
  Process as OwnProcess,
  Queue,
  StateError,
  Value,
  wait,
  waitSync,
} from 'forkless';
import type { Connection } from 'forkless';
import { Process } from 'forkless/dummy';
import { describe, expect, it } from 'vitest';

import * as work from '../fixtures/threads/targets.js';
import { echoMessages, nothing } from '../fixtures/targets.js';
import { expectNoLeaks, isRunning, until } from '../helpers/leaks.ts';
import { outputOf, PIPE, runProgram } from '../helpers/output.ts';

const PROGRAM = 'test/fixtures/programs/threads.mjs';
const BIG = 300_000;

describe('A Process on a thread', () => {
  expectNoLeaks();

  describe('knows', () => {
    it('itself and its parent', async () => {
      using queue = new Queue();
      const child = new Process({
        target: work.putSelf,
        args: [queue],
        name: 'Ann',
        daemon: true,
        env: { FORKLESS_TEST_THREAD: 'yes' },
      });
      child.authkey = Uint8Array.of(1, 2);
      child.start();
      expect(await queue.get()).toEqual({
        name: 'Ann',
        pid: process.pid,
        daemon: true,
        authkey: '0102',
        parent: ['MainProcess', process.pid, true],
        methods: ['threads', false],
        argv: process.argv.slice(2),
        env: 'yes',
        hasBootVariable: false,
      });
      await child.join();
      expect([child.pid, child.exitCode]).toEqual([process.pid, 0]);
    });

    it('the fields of its subclass', async () => {
      using counter = Value('i', 0);
      const child = new work.Ticker(counter, 3).start();
      expect(child.name).toMatch(/^Ticker-\d+$/);
      await child.join();
      expect([child.exitCode, counter.value]).toEqual([0, 3]);
    });
  });

  describe('needs no event loop but its own', () => {
    it('to start, to run and to end: its parent may block', () => {
      using counter = Value('i', 0);
      const child = new Process({ target: work.countAndPrint, args: [counter, 0], stdio: 'ignore' }).start();
      expect(child.joinSync()).toBe(true);
      expect([child.exitCode, counter.value]).toEqual([0, 2]);
    });

    it('to end by a signal, whatever it does', async () => {
      using counter = Value('i', 0);
      const child = new Process({ target: work.spin, args: [counter] }).start();
      await until(() => counter.value === 1, 'it spins');
      child.terminate();
      expect(child.joinSync()).toBe(true);
      expect(child.exitCode).toBe(-15);
      expect(child.isAlive()).toBe(false);
    });

    it('to end before it has begun', () => {
      const child = new Process({ target: nothing }).start();
      child.kill();
      expect(child.joinSync()).toBe(true);
      expect(child.exitCode).toBe(-9);
    });

    it('to print more than a pipe holds', async () => {
      const { stdout, code } = await runProgram(PROGRAM, { args: ['blocked'] });
      expect(stdout).toBe(`${'x'.repeat(200_000)}\njoined true 0\nmain exit\n`);
      expect(code).toBe(0);
    });

    it.each(['blocked', 'exit'])('to end before it can say so, by what is preloaded: %s', async (way) => {
      const preload = fileURLToPath(new URL('../fixtures/threads/ends-workers.cjs', import.meta.url));
      const { stdout, code } = await runProgram(PROGRAM, { args: [way], nodeArgs: ['--require', preload] });
      expect(stdout).toBe(way === 'exit' ? 'main exit\n' : 'joined true 1\nmain exit\n');
      expect(code).toBe(way === 'exit' ? 5 : 0);
    });

    it('for a sentinel that is waited for', async () => {
      using counter = Value('i', 0);
      const [child, quick] = [
        new Process({ target: work.spin, args: [counter] }).start(),
        new Process({ target: nothing }).start(),
      ];
      const [first, second] = [child.sentinel, quick.sentinel];
      expect(waitSync([first, second])).toEqual([second]);
      expect(waitSync([first], { timeout: 20 })).toEqual([]);
      const waited = wait([first]);
      child.kill();
      expect(await waited).toEqual([first]);
      expect(first.ready).toBe(true);
    });
  });

  describe('ends', () => {
    it.each([
      ['end', 0],
      ['exit', 5],
      ['throw', 1],
    ])('with its program, if it is daemonic, or before it: %s', async (way, expected) => {
      const { stdout, code } = await runProgram(PROGRAM, { args: [way] });
      expect(stdout.split('\n').toSorted()).toEqual(['', 'finished', 'main exit']);
      expect(code).toBe(expected);
    });

    it('though it hangs in an import, after a grace', async () => {
      const { stdout, code } = await runProgram(PROGRAM, { args: ['stopped-import'] });
      expect(stdout).toBe('joined true -9\nmain exit\n');
      expect(code).toBe(0);
    });

    it('alone by process.exit(), with what it has started itself', async () => {
      using counter = Value('i', 0);
      const child = new Process({ target: work.startOthers, args: [counter] }).start();
      await child.join();
      expect(child.exitCode).toBe(4);
      expect(counter.value % 100).toBe(11);
      const daemon = Math.floor(counter.value / 100);
      await until(() => !isRunning(daemon), 'its daemon has ended');
    });

    it('by a signal with its daemonic children, though it waits for one', async () => {
      using counter = Value('i', 0);
      const child = new Process({ target: work.joinChildForEver, args: [counter] }).start();
      await until(() => counter.value !== 0, 'it waits');
      child.kill();
      expect(await child.exited).toBe(-9);
      await until(() => !isRunning(counter.value), 'its child has ended');
    });

    it('with the last exit code that it has set', async () => {
      expect(await new Process({ target: work.exitTwice }).start().exited).toBe(8);
    });

    it('after plain worker threads of its own', async () => {
      expect(await new Process({ target: work.runPlainWorker }).start().exited).toBe(0);
    });

    it.each([
      ['spins', work.spinHolding],
      ['waits', work.waitHolding],
    ])('and gives back the lock that it holds, though it %s', async (_what, target) => {
      using lock = new Lock();
      using event = new Event();
      using counter = Value('i', 0);
      const args = target === work.waitHolding ? [lock, event, counter] : [lock, counter];
      const child = new Process({ target, args } as never).start();
      await until(() => counter.value === 1, 'it holds the lock');
      expect(lock.tryAcquire()).toBe(false);
      child.terminate();
      expect(lock.acquireSync({ timeout: 20_000 })).toBe(true);
      expect(lock.abandoned).toBe(true);
      lock.release();
      await child.join();
    });
  });

  describe('has', () => {
    it('pipes as a process has', async () => {
      const child = new Process({ target: work.echoInput, ...PIPE }).start();
      child.stdin?.end('a'.repeat(BIG));
      const { stdout, stderr, exitCode } = await outputOf(child);
      expect([stdout.length, stderr, exitCode]).toEqual([BIG, 'input has ended\n', 0]);
    });

    it('output that is whole and in its order', async () => {
      const child = new Process({ target: work.printNumbers, args: [10_000], ...PIPE }).start();
      const numbers = (await text(child.stdout as NonNullable<typeof child.stdout>)).trim().split('\n').map(Number);
      expect(numbers).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
      await child.join();
    });

    it('an end, when nobody reads what it prints', async () => {
      using counter = Value('i', 0);
      const child = new Process({ target: work.countAndPrint, args: [counter, BIG], ...PIPE }).start();
      await until(() => counter.value === 1, 'it prints');
      expect(await child.join({ timeout: 100 })).toBe(false);
      child.terminate();
      expect(await child.exited).toBe(-15);
      child.close();
    });

    it('no working directory of its own', () => {
      const child = new Process({ target: nothing, cwd: '/' });
      expect(() => child.start()).toThrow(StateError);
      expect(() => child.start()).toThrow('a thread has no working directory of its own');
    });

    it('no options of Node that only a process can have', () => {
      const child = new Process({ target: nothing, execArgv: ['--max-old-space-size=100'], ...PIPE });
      expect(() => child.start()).toThrow('--max-old-space-size');
      expect(child.isAlive()).toBe(false);
    });
  });

  describe('lives in one family', () => {
    it('with processes: queues, locks and values are the same for all', async () => {
      using from = new Queue<number | null>();
      using to = new Queue<readonly [number, string]>();
      using lock = new Lock();
      using counter = Value('i', 0);
      const args = [from, to, lock, counter] as const;
      const relays = [Process, OwnProcess, Process, OwnProcess].map((Class, i) =>
        new Class({ target: work.relay, args, name: `relay ${i}` } as never).start(),
      );
      const items = Array.from({ length: 200 }, (_, i) => i);
      for (const item of items) await from.put(item);
      for (const _ of relays) await from.put(null);
      const received: number[] = [];
      for (const _ of items) received.push((await to.get())[0]);
      expect(received.toSorted((a, b) => a - b)).toEqual(items);
      await Promise.all(relays.map((child) => child.join()));
      expect(counter.value).toBe(200);
      expect(relays.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
    });

    it('with processes: a Pipe goes from one to the other', async () => {
      const [here, there] = Pipe() as [Connection, Connection];
      const child = new (getContext('threads').Process)({ target: echoMessages, args: [there] }).start();
      there.close();
      for (const message of [1, { two: 2 }, new Uint8Array(100_000)]) {
        await here.send(message);
        expect(await here.recv()).toEqual(message);
      }
      here.close();
      expect(await child.exited).toBe(0);
    });
  });
});
