import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { ClosedError, fromHandle, JoinableQueue, Process, StateError, toHandle } from '../../dist/index.js';
import * as work from '../fixtures/transport/queues.js';
import { until } from '../helpers/leaks.ts';
import { runProgram } from '../helpers/output.ts';
import { counters, keep, start } from '../helpers/primitives.ts';
import { expectNoTraces } from '../helpers/queues.ts';
import { sleep } from '../helpers/shared-memory.ts';
import { WAYS } from '../helpers/ways.ts';

expectNoTraces();

describe('JoinableQueue', () => {
  it('is joined at once when nothing was put, or all is done', async () => {
    const tasks = keep(new JoinableQueue());
    expect([await tasks.join(), tasks.joinSync()]).toEqual([true, true]);
    tasks.putSync('a');
    tasks.getSync();
    tasks.taskDone();
    expect([await tasks.join({ timeout: 0 }), tasks.joinSync({ timeout: 0 })]).toEqual([true, true]);
  });

  it('is not joined while an item is in it, or taken and not done', async () => {
    const tasks = keep(new JoinableQueue());
    tasks.putSync('a');
    expect(await tasks.join({ timeout: 20 })).toBe(false);
    tasks.getSync();
    expect(tasks.joinSync({ timeout: 20 })).toBe(false);
    expect(await tasks.join({ timeout: 0 })).toBe(false);
    expect(inspect(tasks)).toBe('JoinableQueue { size: 0, bytes: 0, unfinished: 1 }');
    tasks.taskDone();
    expect(await tasks.join()).toBe(true);
  });

  it('has all who join go on when the last task is done, and not before', async () => {
    const tasks = keep(new JoinableQueue<number>());
    for (let i = 0; i < 3; i++) tasks.putSync(i);
    const children = ['sync', 'async', 'sync'].map((form) => start(work.joinTasks, form, tasks, counters));
    await until(() => counters[2] === 3, 'the children join');
    let here = 0;
    const joins = [tasks.join(), tasks.join({ timeout: 60_000 })].map(async (join) => {
      expect(await join).toBe(true);
      here += 1;
    });
    for (let i = 0; i < 2; i++) {
      await tasks.get();
      tasks.taskDone();
    }
    await sleep(50);
    expect([counters[1], here]).toEqual([0, 0]);
    tasks.taskDone();
    await Promise.all(joins);
    for (const child of children) await child.join();
    expect([counters[1], here, tasks.qsize()]).toEqual([3, 2, 1]);
  });

  it('refuses to have more tasks done than were put, and nothing has changed then', () => {
    const tasks = keep(new JoinableQueue());
    expect(() => tasks.taskDone()).toThrow(StateError);
    tasks.putSync('a');
    // As in Python: nobody looks whether it has been taken.
    tasks.taskDone();
    expect(() => tasks.taskDone()).toThrow('taskDone() has been called more often than items were put');
    tasks.putSync('b');
    expect(inspect(tasks)).toContain('unfinished: 1');
  });

  it.each(WAYS)('waits for tasks that consumers in %s have, and put anew', async (_, run) => {
    // With room for all: who puts anew while the queue is full, and all others do the same, would wait for himself.
    const tasks = keep(new JoinableQueue(200));
    const workers = ['sync', 'async', 'sync'].map((form) => run(work.callTasks, form, tasks, counters));
    for (let i = 0; i < 100; i++) await tasks.put({ again: i % 10 === 0 });
    await tasks.join();
    expect([counters[0], tasks.qsize()]).toEqual([110, 0]);
    for (const _ of workers) await tasks.put(null);
    await Promise.all(workers);
    expect(inspect(tasks)).toContain('unfinished: 3');
  });

  it('has daemons that work for ever, and end with the program', async () => {
    const tasks = keep(new JoinableQueue<number>());
    const daemons = ['sync', 'async'].map((form) =>
      new Process({ target: work.workForEver, args: [form, tasks, counters], daemon: true } as never).start(),
    );
    for (let i = 0; i < 200; i++) tasks.putSync(i);
    await tasks.join();
    expect(counters[0]).toBe(200);
    for (const daemon of daemons) {
      daemon.terminate();
      await daemon.join();
      expect(daemon.exitCode).toBe(-15);
    }
    const { stdout, code } = await runProgram('test/fixtures/programs/daemon-consumer.js');
    const [line = '', pid = ''] = stdout.trim().split('\n');
    expect([line, code]).toEqual(['5 tasks are done', 0]);
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  it('does not wait for a task for ever that a process has taken along into death', async () => {
    const tasks = keep(new JoinableQueue());
    tasks.putSync('a');
    const child = start(work.takeTaskAlong, tasks);
    await child.join();
    expect(await tasks.join({ timeout: 30 })).toBe(false);
    tasks.taskDone();
    expect(await tasks.join()).toBe(true);
  });

  it('ends a join by its signal, and when the object is closed', async () => {
    const tasks = new JoinableQueue();
    tasks.putSync('a');
    const controller = new AbortController();
    const [aborted, closed] = [tasks.join({ signal: controller.signal }), tasks.join()];
    await sleep(10);
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    tasks.close();
    await expect(closed).rejects.toThrow(ClosedError);
    expect(() => tasks.taskDone()).toThrow(ClosedError);
    expect(() => tasks.joinSync()).toThrow(ClosedError);
    await expect(tasks.join()).rejects.toThrow(ClosedError);
  });

  it('counts its tasks once for all who have it', async () => {
    const tasks = keep(new JoinableQueue());
    const same = keep(fromHandle(toHandle(tasks)) as JoinableQueue);
    tasks.putSync('a');
    const joined = same.join();
    same.getSync();
    tasks.taskDone();
    expect(await joined).toBe(true);
    expect(() => same.taskDone()).toThrow(StateError);
  });

  it('refuses options of join() that there are not', async () => {
    const tasks = keep(new JoinableQueue());
    await expect(tasks.join({ block: false } as object)).rejects.toThrow(/join\(\) has no option "block"/);
    expect(() => tasks.joinSync({ signal: new AbortController().signal } as object)).toThrow(/has no option "signal"/);
    expect(() => tasks.joinSync({ timeout: -1 })).toThrow(RangeError);
  });
});
