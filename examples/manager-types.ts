// The types of a manager: Value and Array, dict and list with what is nested in them, queues, locks and events.
// Python: multiprocessing.Manager.
import { Manager, Process } from 'forkless';
import type { ArrayProxy, DictProxy, Event, Queue, ValueProxy } from 'forkless';

type Totals = DictProxy<number[]>;

async function work(
  value: ValueProxy,
  array: ArrayProxy,
  totals: Totals,
  queue: Queue<number>,
  done: Event,
): Promise<void> {
  for (let item = await queue.get(); item >= 0; item = await queue.get()) {
    value.value += item;
    array[item] = item ** 2;
    // What is nested in a dict is shared, too: Python would lose this.
    totals['seen']?.push(item);
  }
  done.set();
}

await using manager = await Manager();
const value = manager.Value('i', 0);
const array = manager.Array('d', 4);
const totals = manager.dict<number[]>({ seen: [] });
const queue = manager.Queue<number>();
const done = manager.Event();
const lock = manager.Lock();

const worker = new Process({ target: work, args: [value, array, totals, queue, done] }).start();
for (const item of [1, 2, 3, -1]) await lock.with(() => queue.put(item));
await done.wait();
await worker.join();
console.log(`value: ${value.value}`);
console.log(`array: ${[...array].join(' ')}`);
console.log(`totals: ${JSON.stringify(totals)}`);
