// Items that travel ten at a time: one message instead of ten.
import { isMainProcess, Process, Queue } from 'forkless';

export async function produce(queue: Queue<number[] | null>): Promise<void> {
  for (let first = 0; first < 30; first += 10) await queue.put(Array.from({ length: 10 }, (_, i) => first + i));
  await queue.put(null);
}

if (isMainProcess) {
  const queue = new Queue<number[] | null>();
  const producer = new Process({ target: produce, args: [queue] }).start();
  for (let batch = await queue.get(); batch !== null; batch = await queue.get()) {
    console.log(`${batch.length} items, from ${batch.at(0)} to ${batch.at(-1)}`);
  }
  await producer.join();
}
