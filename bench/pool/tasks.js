// @ts-check
// The tasks of every pool; bench/python/pool_tasks.py has the same. Each needs nothing but its argument: the package
// `multiprocessing` sends the text of a function.

/** @param {number} x */
export function increment(x) {
  return x + 1;
}

/** For pools that have no map, or none worth using. @param {readonly number[]} numbers */
export function incrementAll(numbers) {
  return numbers.map((x) => x + 1);
}

/** @template T @param {T} thing @returns {T} */
export function giveBack(thing) {
  return thing;
}

/** Some milliseconds of integer arithmetic. @param {number} seed not 0 */
export function compute(seed) {
  let x = seed;
  for (let i = 0; i < 2_000_000; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

/** Does not come back, in one way or another. @param {string} how throw, exit or kill */
export function fail(how) {
  if (how === 'exit') process.exit(1);
  if (how === 'kill') process.kill(process.pid, 'SIGKILL');
  throw new Error('the task has failed');
}
