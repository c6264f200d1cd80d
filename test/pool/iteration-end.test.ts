import { describe, expect, it } from 'vitest';

import { ClosedError, Pool } from '../../dist/index.js';
import { negative, negativeLater } from '../fixtures/pool/simple.js';
import { expectNoTraces } from '../helpers/queues.ts';

expectNoTraces();

const MANY = Array.from({ length: 100 }, (_, index) => index + 1);
const NEGATIVE = MANY.map((number) => -number);

function* endless(): Generator<number> {
  for (let number = 1; ; number++) yield number;
}

async function* slowly(items: Iterable<number>): AsyncGenerator<number> {
  for (const item of items) {
    await new Promise(setImmediate);
    yield item;
  }
}

describe('Pool.imap', () => {
  it.each(['imap', 'imapUnordered'] as const)(
    'loses no result when its input ends while results are being taken: %s',
    async (form) => {
      await using pool = new Pool(1);
      const results: number[] = [];
      // The end of the input is seen when the first of four results, which come at once, is taken.
      for await (const each of pool[form](negative, [1, 2, 3, 4], { chunkSize: 4, bufferSize: 4 })) results.push(each);
      expect(results).toEqual([-1, -2, -3, -4]);
    },
  );

  it.each([
    ['iterable', MANY],
    ['async iterable', slowly(MANY)],
  ])('gives all results of its input, an %s, though the pool is closed and joined meanwhile', async (_, input) => {
    const pool = new Pool(2);
    const results = pool.imap(negative, input);
    expect((await results.next()).value).toBe(-1);
    pool.close();
    await pool.join();
    const rest: number[] = [];
    for await (const each of results) rest.push(each);
    expect(rest).toEqual(NEGATIVE.slice(1));
  });

  it('gives all results though the pool is closed and joined before they are asked for, blocking', () => {
    const pool = new Pool(2);
    const results = pool.imapSync(negative, MANY);
    pool.close();
    pool.joinSync();
    expect(Array.from(results)).toEqual(NEGATIVE);
  });

  it('lets a closed pool end when it is left before the end of its input', async () => {
    const pool = new Pool(2);
    const results = pool.imap(negative, endless());
    pool.close();
    for await (const each of results) if (each < -200) break;
    await pool.join();
  });

  it.each(['imap', 'imapUnordered'] as const)('ends when the pool is terminated: %s', async (form) => {
    const pool = new Pool(2);
    const results = pool[form](negativeLater, endless());
    await results.next();
    const next = results.next().catch((error: unknown) => error);
    pool.terminate();
    // It may have come together with the first one.
    if (!((await next) instanceof ClosedError)) expect(await next).toMatchObject({ done: false });
    for (let errors = 0; ; errors++) {
      // As many as had been read from the input, and one for the rest.
      expect(errors).toBeLessThan(16);
      const end = await results.next().catch((error: unknown) => error);
      if (!(end instanceof ClosedError)) {
        expect(end).toEqual({ done: true, value: undefined });
        expect(errors).toBeGreaterThan(0);
        break;
      }
    }
    expect(pool.stats.queued).toBe(0);
    await pool.join();
  });

  it('ends when its own input terminates the pool', async () => {
    const pool = new Pool(1);
    const input = (function* (): Generator<number> {
      yield* [1, 2, 3, 4, 5];
      pool.terminate();
      yield 6;
    })();
    const results = pool.imap(negative, input);
    const all: unknown[] = [];
    for (let each: unknown; !(each as IteratorResult<number>)?.done; all.push(each)) {
      each = await results.next().catch((error: unknown) => error);
    }
    expect(all[0]).toEqual({ done: false, value: -1 });
    expect(all.at(-2)).toBeInstanceOf(ClosedError);
    await pool.join();
  });
});
