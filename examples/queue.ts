// A producer and a consumer. The parent says that nothing more will come. Python: multiprocessing.Queue.
import { isMainProcess, Process, Queue } from 'forkless';

export async function produce(queue: Queue<number | null>): Promise<void> {
  for (let i = 0; i < 5; i++) await queue.put(i);
}

export async function consume(queue: Queue<number | null>): Promise<void> {
  for (let item = await queue.get(); item !== null; item = await queue.get()) console.log(`got ${item}`);
  console.log('no more');
}

if (isMainProcess) {
  const queue = new Queue<number | null>();
  const producer = new Process({ target: produce, args: [queue] }).start();
  const consumer = new Process({ target: consume, args: [queue] }).start();
  await producer.join();
  await queue.put(null);
  await consumer.join();
}
