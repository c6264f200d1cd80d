// joblib's shape: note the calls, run them on two processes, in order and as they end.
import { delayed, Parallel } from 'forkless/parallel';

function collatzSteps(start: number): number {
  let steps = 0;
  for (let n = start; n !== 1; n = n % 2 === 0 ? n / 2 : 3 * n + 1) steps++;
  return steps;
}

await using parallel = new Parallel({ nJobs: 2 });
console.log(await parallel.run([1, 7, 27, 97].map((n) => delayed(collatzSteps)(n))));

function* calls(): Generator<ReturnType<ReturnType<typeof delayed<[number], number>>>> {
  for (let n = 1; ; n++) yield delayed(collatzSteps)(n);
}

await using stream = new Parallel({ nJobs: 2, returnAs: 'generator' });
let n = 0;
for await (const steps of stream.run(calls())) {
  n++;
  if (steps < 100) continue;
  console.log(`${n} is the first with ${steps} steps`);
  break;
}
