import { asCompleted, asCompletedSync, type Future, TimeoutError, wait, waitSync } from 'forkless/futures';
import type { AsyncFuturesWaitOptions, CompletedFuture, WaitResult } from 'forkless/futures';
import { describe, expect, it } from 'vitest';

import * as calls from '../fixtures/futures/calls.js';
import { executors, futureThat } from '../helpers/executors.ts';
import { collect } from '../helpers/garbage.ts';

const makeExecutor = executors();
const LONG_MS = 60_000;

type Any = Future<unknown>;
interface Form {
  readonly form: string;
  readonly wait: (futures: readonly Any[], options?: AsyncFuturesWaitOptions) => Promise<WaitResult<Any>>;
  readonly completed: (futures: Iterable<Any>, options?: { timeout: number }) => AsyncIterable<CompletedFuture<Any>>;
}

const FORMS: readonly Form[] = [
  { form: 'without blocking', wait, completed: asCompleted },
  {
    form: 'blocking',
    wait: async (futures, options) => waitSync(futures, options),
    // No generator: that would await the futures that it gives.
    completed(futures, options) {
      const iterator = asCompletedSync(futures, options);
      return {
        [Symbol.asyncIterator]: () => ({ next: async () => iterator.next() as IteratorResult<CompletedFuture<Any>> }),
      };
    },
  },
];

/** The very same futures: all are alike for `toEqual`. */
function expectSame(actual: Iterable<Any>, expected: readonly Any[]): void {
  const all = [...actual];
  expect(all.map((future) => expected.indexOf(future)).toSorted((a, b) => a - b)).toEqual(expected.map((_, i) => i));
}

describe.each(FORMS)('wait, $form', ({ wait }) => {
  it('takes a future twice (WaitTests.test_20369)', async () => {
    const future = makeExecutor().submit(calls.sleepFor, 100);
    const { done, notDone } = await wait([future, future], { returnWhen: 'ALL_COMPLETED' });
    expectSame(done, [future]);
    expectSame(notDone, []);
  });

  it('ends with the first that ends (WaitTests.test_first_completed)', async () => {
    const executor = makeExecutor();
    const cancelled = futureThat.isCancelled();
    const short = executor.submit(calls.multiply, 21, 2);
    const long = executor.submit(calls.sleepFor, LONG_MS);
    const { done, notDone } = await wait([cancelled, short, long], { returnWhen: 'FIRST_COMPLETED' });
    expectSame(done, [short]);
    expectSame(notDone, [cancelled, long]);
  });

  it('ends at once when some have ended (WaitTests.test_first_completed_some_already_completed)', async () => {
    const long = makeExecutor().submit(calls.sleepFor, LONG_MS);
    const [notified, returned] = [futureThat.isNotified(), futureThat.hasReturned()];
    const { done, notDone } = await wait([notified, returned, long], { returnWhen: 'FIRST_COMPLETED' });
    expectSame(done, [notified, returned]);
    expectSame(notDone, [long]);
  });

  it('ends with the first that throws (WaitTests.test_first_exception)', async () => {
    const executor = makeExecutor(3);
    const short = executor.submit(calls.multiply, 2, 21);
    const raising = executor.submit(calls.sleepAndRaise, 500);
    const long = executor.submit(calls.sleepFor, LONG_MS);
    const { done, notDone } = await wait([short, raising, long], { returnWhen: 'FIRST_EXCEPTION' });
    expectSame(done, [short, raising]);
    expectSame(notDone, [long]);
  });

  it('ends with the first that throws, though some have ended (WaitTests.test_first_exception_some_already_complete)', async () => {
    const executor = makeExecutor();
    const raising = executor.submit(calls.divide, 21, 0);
    const long = executor.submit(calls.sleepFor, LONG_MS);
    const [returned, cancelled, notified] = [
      futureThat.hasReturned(),
      futureThat.isCancelled(),
      futureThat.isNotified(),
    ];
    const futures = [returned, cancelled, notified, raising, long];
    const { done, notDone } = await wait(futures, { returnWhen: 'FIRST_EXCEPTION' });
    expectSame(done, [returned, notified, raising]);
    expectSame(notDone, [cancelled, long]);
  });

  it('ends at once when one has thrown (WaitTests.test_first_exception_one_already_failed)', async () => {
    const long = makeExecutor().submit(calls.sleepFor, LONG_MS);
    const raised = futureThat.hasRaised();
    const { done, notDone } = await wait([raised, long], { returnWhen: 'FIRST_EXCEPTION' });
    expectSame(done, [raised]);
    expectSame(notDone, [long]);
  });

  it('waits for all, whatever becomes of them (WaitTests.test_all_completed)', async () => {
    const executor = makeExecutor();
    const futures = [
      futureThat.hasReturned(),
      futureThat.isNotified(),
      futureThat.hasRaised(),
      executor.submit(calls.divide, 2, 0),
      executor.submit(calls.multiply, 2, 21),
    ];
    const { done, notDone } = await wait(futures, { returnWhen: 'ALL_COMPLETED' });
    expectSame(done, futures);
    expect(notDone.size).toBe(0);
  });

  it('ends when its time (ms) is over (WaitTests.test_timeout)', async () => {
    const long = makeExecutor().submit(calls.sleepFor, LONG_MS);
    const ended = [futureThat.isNotified(), futureThat.hasRaised(), futureThat.hasReturned()];
    const { done, notDone } = await wait([...ended, long], { timeout: 50, returnWhen: 'ALL_COMPLETED' });
    expectSame(done, ended);
    expectSame(notDone, [long]);
  });
});

describe.each(FORMS)('asCompleted, $form', ({ completed }) => {
  it('gives all futures, whatever becomes of them (AsCompletedTests.test_no_timeout)', async () => {
    const executor = makeExecutor();
    const futures = [
      futureThat.isNotified(),
      futureThat.hasRaised(),
      futureThat.hasReturned(),
      executor.submit(calls.multiply, 2, 21),
      executor.submit(calls.multiply, 7, 6),
    ];
    const given: Any[] = [];
    for await (const future of completed(futures)) given.push(future);
    expectSame(given.slice(0, 3), futures.slice(0, 3));
    expectSame(given, futures);
  });

  it('gives what has ended before its time is over (AsCompletedTests.test_future_times_out)', async () => {
    const ended = [futureThat.isNotified(), futureThat.hasRaised(), futureThat.hasReturned()];
    const long = makeExecutor().submit(calls.sleepFor, LONG_MS);
    for (const timeout of [0, 100]) {
      const given: Any[] = [];
      const iterate = async (): Promise<void> => {
        for await (const future of completed([...ended, long], { timeout })) given.push(future);
      };
      await expect(iterate()).rejects.toThrow(TimeoutError);
      expectSame(given, ended);
    }
  });

  it('gives each once, out of any iterable (AsCompletedTests.test_duplicate_futures)', async () => {
    const future = makeExecutor().submit(calls.sleepFor, 100);
    function* thrice(): Generator<Any> {
      for (let i = 0; i < 3; i++) yield future;
    }
    const given: Any[] = [];
    for await (const done of completed(thrice())) given.push(done);
    expectSame(given, [future]);
  });

  it('tells how many are missing (AsCompletedTests.test_correct_timeout_exception_msg)', async () => {
    const futures = [futureThat.isNotified(), futureThat.pends(), futureThat.runs(), futureThat.hasReturned()];
    const iterate = async (): Promise<void> => {
      for await (const _ of completed(futures, { timeout: 0 }));
    };
    await expect(iterate()).rejects.toThrow('2 (of 4) futures unfinished');
  });
});

describe('asCompleted', () => {
  it('keeps no future that it has given (AsCompletedTests.test_free_reference_yielded_future)', async () => {
    const pending = Array.from({ length: 8 }, () => futureThat.pends());
    const iterator = asCompleted([...pending, futureThat.isNotified(), futureThat.hasReturned()]);
    const next = async (): Promise<WeakRef<Any> | undefined> => {
      const { done, value } = await iterator.next();
      return done === true ? undefined : new WeakRef<Any>(value);
    };
    const isCollected = async (reference: WeakRef<Any> | undefined): Promise<boolean> => {
      for (let round = 0; round < 100 && reference?.deref() !== undefined; round++) {
        await new Promise((resolve) => setImmediate(resolve));
        collect();
      }
      return reference !== undefined && reference.deref() === undefined;
    };
    expect(await isCollected(await next())).toBe(true);
    expect(await isCollected(await next())).toBe(true);
    while (pending.length > 0) {
      pending.shift()?.setResult(1);
      expect(await isCollected(await next())).toBe(true);
    }
    expect(await next()).toBe(undefined);
  });
});
