// A parallel map by hand: numbered items in, numbered results out, until there are no more items.
// node examples/parmap.ts [rounds]
import { cpuCount, isMainProcess, Process, Queue } from 'forkless';

type Work = (item: number) => number;

export function work(f: Work, items: Queue<[index: number, item: number]>, results: Queue<[number, number]>): void {
  while (!items.empty()) {
    // Another process may have been faster.
    const next = items.tryGet();
    if (next !== undefined) results.putSync([next[0], f(next[1])]);
  }
}

async function parmap(f: Work, items: readonly number[], processes = cpuCount()): Promise<number[]> {
  using queue = new Queue<[number, number]>();
  using results = new Queue<[number, number]>();
  for (const [index, item] of items.entries()) queue.putSync([index, item]);
  const children = Array.from({ length: processes }, () => {
    return new Process({ target: work, args: [f, queue, results] }).start();
  });
  // Nothing has to be taken out of the queue before: what was put is in it, not in a thread of a process that ends.
  for (const child of children) await child.join();
  const pairs: [number, number][] = [];
  while (!results.empty()) pairs.push(await results.get());
  return pairs.sort(([a], [b]) => a - b).map(([, result]) => result);
}

export function double(item: number): number {
  return 2 * item;
}

if (isMainProcess) {
  const rounds = Number(process.argv[2] ?? 1);
  for (let round = 0; round < rounds; round++) {
    console.log(`[${(await parmap(double, [round, 1, 2, 3, 4, 5, 6, 7], 2)).join()}]`);
  }
}
