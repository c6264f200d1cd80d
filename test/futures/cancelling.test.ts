import { ClosedError, Event, RawArray, StateError, TimeoutError } from 'forkless';
import { CancelledError, Future, InvalidStateError, wait, waitSync } from 'forkless/futures';
import { describe, expect, it, vi } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { executors, futureThat } from '../helpers/executors.ts';

const makeExecutor = executors();
const CALLS = 4000;

describe('A future of an executor', () => {
  it('is pending, running, finished', async () => {
    const executor = makeExecutor(1);
    const [begun, event] = [RawArray('i', 1), new Event()];
    const first = executor.submit(calls.beginAndWait, begun, event);
    const second = executor.submit(calls.countBegun, begun);
    expect([first.state, second.state]).toEqual(['pending', 'pending']);
    await vi.waitFor(() => expect(begun[0]).toBe(1), 20_000);
    expect([first.state, second.state]).toEqual(['running', 'pending']);
    expect([first.cancel(), first.running(), second.cancel(), second.cancelled()]).toEqual([false, true, true, true]);
    await event.set();
    await first;
    expect(first.state).toBe('finished');
    await executor.shutdown();
    expect(begun[0]).toBe(1);
  });

  it('is never begun when cancel() said so, and always when it did not', async () => {
    const executor = makeExecutor(2);
    const begun = RawArray('i', CALLS);
    await executor.submit(calls.markBegun, begun, 0);
    const futures = Array.from({ length: CALLS }, (_, i) => executor.submit(calls.markBegun, begun, i));
    const rejected = new Set<number>();
    let cancelled = 0;
    // From the front, where the workers are: many are cancelled in the moment when they are to begin.
    for (let i = 0; i < CALLS; i++) {
      const isCancelled = (futures[i] as Future<void>).cancel();
      if (isCancelled) cancelled += 1;
      else rejected.add(i);
      if (i % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await executor.shutdown();
    for (const [i, future] of futures.entries()) {
      const error = future.cancelled() ? undefined : future.exceptionSync();
      if (!rejected.has(i)) expect([future.cancelled(), begun[i]]).toEqual([true, i === 0 ? 1 : 0]);
      // In that very moment it may be skipped after all: it says so then.
      else expect(begun[i]).toBe(error instanceof CancelledError ? 0 : 1);
    }
    expect(cancelled).toBeGreaterThan(0);
    expect(rejected.size).toBeGreaterThan(0);
  });

  it('tells all who wait that it was cancelled', async () => {
    const executor = makeExecutor(1);
    const [begun, event] = [RawArray('i', 1), new Event()];
    executor.submit(calls.beginAndWait, begun, event);
    const future = executor.submit(calls.pid);
    const waiting = wait([future]);
    const result = future.result().catch((error: unknown) => error);
    expect(future.cancel()).toBe(true);
    expect(await result).toBeInstanceOf(CancelledError);
    await expect(future).rejects.toThrow('The future was cancelled');
    expect((await waiting).done.size).toBe(1);
    await event.set();
  });

  it('goes on when who waits for it has had enough', async () => {
    const future = makeExecutor(1).submit(calls.sleepFor, 300);
    await expect(future.result({ timeout: 5 })).rejects.toThrow(TimeoutError);
    expect(() => future.resultSync({ timeout: 5 })).toThrow('not done within 5 ms; the call goes on');
    await expect(future.result({ signal: AbortSignal.timeout(5) })).rejects.toThrow(/timeout/);
    await expect(future.exception({ signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(await future).toBe(undefined);
  });

  it('can be waited for by blocking, of several executors at once', () => {
    const [one, two] = [makeExecutor(1), makeExecutor(1)];
    const futures = [one.submit(calls.same, 1), two.submit(calls.same, 2), one.submit(calls.same, 3)];
    expect(waitSync(futures, { timeout: 25_000 }).notDone.size).toBe(0);
    expect(futures.map((future) => future.resultSync())).toEqual([1, 2, 3]);
    expect(one.submit(calls.divide, 1, 0).exceptionSync()).toBeInstanceOf(RangeError);
  });
});

describe('A future of nobody', () => {
  it('is no use to who blocks the thread: nobody could settle it', () => {
    const future = new Future<number>();
    expect(() => future.resultSync()).toThrow(StateError);
    expect(() => waitSync([future])).toThrow(/would wait for itself/);
    expect(waitSync([future], { timeout: 0 }).notDone.size).toBe(1);
    const driven = makeExecutor(1).submit(calls.same, 1);
    driven.addDoneCallback(() => future.setResult(2));
    expect(waitSync([future, driven]).done.size).toBe(2);
  });

  it('is begun once, and not when it was cancelled', () => {
    const future = new Future<number>();
    expect(future.setRunningOrNotifyCancel()).toBe(true);
    expect(() => future.setRunningOrNotifyCancel()).toThrow(InvalidStateError);
    expect(futureThat.isCancelled().setRunningOrNotifyCancel()).toBe(false);
    expect(() => futureThat.isNotified().setRunningOrNotifyCancel()).toThrow(/it is cancelled already/);
    expect(() => futureThat.isCancelled().setResult(1)).toThrow(InvalidStateError);
  });

  it('refuses wrong arguments', async () => {
    const future = new Future<number>();
    expect(() => future.addDoneCallback('f' as never)).toThrow(/expected a function, not string/);
    await expect(future.result({ timeout: -1 })).rejects.toThrow(RangeError);
    await expect(future.result({ time: 1 } as never)).rejects.toThrow(/no option "time"/);
    expect(() => future.resultSync({ signal: AbortSignal.timeout(1) } as never)).toThrow(TypeError);
    await expect(wait([1] as never)).rejects.toThrow('wait(): expected futures, not number');
    await expect(wait(future as never)).rejects.toThrow(/must be iterable/);
    await expect(wait([], { returnWhen: 'SOME' as never })).rejects.toThrow(/returnWhen must be one of/);
  });
});

describe('The workers of an executor', () => {
  it.each(['terminateWorkers', 'killWorkers'] as const)('end at once with %s', async (end) => {
    const executor = makeExecutor(2);
    const [begun, event] = [RawArray('i', 1), new Event()];
    const futures = Array.from({ length: 5 }, () => executor.submit(calls.beginAndWait, begun, event));
    await vi.waitFor(() => expect(begun[0]).toBe(2), 20_000);
    executor[end]();
    expect(futures.map((future) => future.cancelled())).toEqual([false, false, true, true, true]);
    for (const future of futures.slice(0, 2)) await expect(future).rejects.toThrow(ClosedError);
    expect(() => executor.submit(calls.pid)).toThrow(StateError);
    await executor.shutdown();
    expect(executor.stats.workers).toEqual([]);
  });
});
