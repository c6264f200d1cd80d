// A consumer that ends when it takes the sentinel, which may be any value that is no item.
import { isMainProcess, Process, Queue } from 'forkless';

type Item = { readonly price: number } | 'no more';

export async function consume(queue: Queue<Item>): Promise<void> {
  let sum = 0;
  for (let item = await queue.get(); item !== 'no more'; item = await queue.get()) sum += item.price;
  console.log(`the sum is ${sum}`);
  console.log('Consumer done');
}

if (isMainProcess) {
  const queue = new Queue<Item>();
  const consumer = new Process({ target: consume, args: [queue] }).start();
  for (const price of [3, 5, 8]) await queue.put({ price });
  await queue.put('no more');
  await consumer.join();
}
