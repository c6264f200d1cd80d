// @ts-check
// Small tasks of many numbers in one call: numbers per second.
//
//   --pool=forkless --by=own --chunk-size=0 --count=100000 --rounds=5 --warm-up=2   (bench/pool/open-pool.js names the pools)
//
//   --by=own             the library's map, which chooses the size of chunks where --chunk-size=0
//   --by=hand            tasks that take a chunk of numbers each, cut by the caller
//   --by=imap-unordered  the library's imapUnordered
import { readOptions } from '../harness/options.js';
import { printRates } from '../harness/print-result.js';
import { openPool } from './open-pool.js';
import { increment, incrementAll } from './tasks.js';

const options = readOptions({ pool: 'forkless', by: 'own', 'chunk-size': 0, count: 100_000, rounds: 5, 'warm-up': 2 });
const { by, 'chunk-size': chunkSize, count, rounds, 'warm-up': warmUp } = options;
const pool = await openPool(options.pool);
const numbers = Array.from({ length: count }, (_, i) => i);

/** @returns {Promise<readonly number[]>} */
async function mapped() {
  if (by === 'hand') return byHand();
  if (by === 'imap-unordered') return unordered();
  if (pool.map === undefined) throw new RangeError(`${options.pool} has no map of its own`);
  return pool.map(increment, numbers, chunkSize > 0 ? chunkSize : undefined);
}

async function byHand() {
  const chunks = [];
  for (let i = 0; i < count; i += chunkSize) chunks.push(pool.run(incrementAll, numbers.slice(i, i + chunkSize)));
  /** @type {number[][]} */
  const results = await Promise.all(chunks);
  return results.flat();
}

async function unordered() {
  if (pool.imapUnordered === undefined) throw new RangeError(`${options.pool} has no imapUnordered`);
  const results = Array.from({ length: count }, () => 0);
  for await (const result of pool.imapUnordered(increment, numbers, chunkSize)) results[result - 1] = result;
  return results;
}

const rates = [];
for (let round = 0; round < warmUp + rounds; round++) {
  const start = performance.now();
  const results = await mapped();
  const elapsed = performance.now() - start;
  if (results.length !== count || !results.every((result, i) => result === i + 1))
    throw new Error('the results are not those of the numbers');
  if (round >= warmUp) rates.push((count * 1000) / elapsed);
}
await pool.close();
printRates(`${options.pool}, map by ${by}`, rates);
