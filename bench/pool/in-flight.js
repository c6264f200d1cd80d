// @ts-check

const WARM_UP = 2;

/**
 * Small tasks one by one, so many of them under way at once: each time a result comes the next task goes.
 * @param {(x: number) => PromiseLike<number>} incremented
 * @param {{ count: number, inFlight: number, rounds: number }} options count: tasks in a round
 * @returns {Promise<number[]>} the tasks per second of each round
 */
export async function ratesInFlight(incremented, { count, inFlight, rounds }) {
  const expected = (count * (count + 1)) / 2;
  const rates = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    let [next, sum] = [0, 0];
    const lane = async () => {
      while (next < count) {
        const result = await incremented(next++);
        sum += result;
      }
    };
    const start = performance.now();
    await Promise.all(Array.from({ length: inFlight }, lane));
    const elapsed = performance.now() - start;
    if (sum !== expected) throw new Error(`the results sum up to ${sum} instead of ${expected}`);
    if (round >= WARM_UP) rates.push((count * 1000) / elapsed);
  }
  return rates;
}
