// @ts-check
import { compute } from './tasks.js';

const WARM_UP = 1;

/**
 * The rate of tasks that only compute, by whoever does them.
 * @param {(seeds: readonly number[]) => PromiseLike<readonly number[]>} computeAll does each of them, and gives the results in order
 * @param {{ tasks: number, rounds: number }} options
 * @returns {Promise<number[]>} the tasks per second of each round
 */
export async function ratesOfComputing(computeAll, { tasks, rounds }) {
  const seeds = Array.from({ length: tasks }, (_, i) => i + 1);
  const expected = seeds.map(compute);
  const rates = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const start = performance.now();
    const results = await computeAll(seeds);
    const elapsed = performance.now() - start;
    if (results.length !== tasks || !results.every((result, i) => result === expected[i]))
      throw new Error('the results are not those of the seeds');
    if (round >= WARM_UP) rates.push((tasks * 1000) / elapsed);
  }
  return rates;
}
