// Two writers, and a reader that would go on for ever: it is terminated when the writers have ended.
import { isMainProcess, JoinableQueue, Process } from 'forkless';

export async function write(queue: JoinableQueue<string>, name: string): Promise<void> {
  for (let i = 0; i < 3; i++) await queue.put(`${name} ${i}`);
}

export async function read(queue: JoinableQueue<string>): Promise<void> {
  for await (const line of queue) {
    console.log(line);
    queue.taskDone();
  }
}

if (isMainProcess) {
  const queue = new JoinableQueue<string>();
  const reader = new Process({ target: read, args: [queue] }).start();
  const writers = ['a', 'b'].map((name) => new Process({ target: write, args: [queue, name] }).start());
  for (const writer of writers) await writer.join();
  await queue.join();
  reader.terminate();
  await reader.join();
  console.log(`the reader ended with ${reader.exitCode}`);
  await queue.put('still usable');
  console.log(await queue.get());
}
