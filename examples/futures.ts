// Futures: submit, wait for the first, take them as they are done, cancel what has not begun.
import { setTimeout as sleep } from 'node:timers/promises';

import { asCompleted, ProcessPoolExecutor, wait } from 'forkless/futures';

async function nap(ms: number): Promise<number> {
  await sleep(ms);
  return ms;
}

await using executor = new ProcessPoolExecutor(2);
// Both workers are there.
await wait([executor.submit(nap, 100), executor.submit(nap, 100)]);

const naps = [2500, 10, 800].map((ms) => executor.submit(nap, ms));
const { done, notDone } = await wait(naps, { returnWhen: 'FIRST_COMPLETED' });
console.log(`${done.size} done, ${notDone.size} not`);
for await (const future of asCompleted(naps)) console.log(future.resultSync());

const long = executor.submit(nap, 300);
const queued = [executor.submit(nap, 300), executor.submit(nap, 300), executor.submit(nap, 300)];
console.log(`cancelled: ${queued.at(-1)?.cancel()}, done: ${long.done()}`);
for await (const value of executor.map((x: number, y: number) => x * y, [1, 2, 3], [4, 5, 6])) console.log(value);
