// A daemon works off tasks for ever; the program ends when all are done, and the daemon with it.
// Python: multiprocessing.JoinableQueue.
import { isMainProcess, JoinableQueue, Process } from 'forkless';

export async function consume(tasks: JoinableQueue<string>): Promise<void> {
  for await (const task of tasks) {
    console.log(`working on ${task}`);
    tasks.taskDone();
  }
}

if (isMainProcess) {
  const tasks = new JoinableQueue<string>();
  new Process({ target: consume, args: [tasks], daemon: true }).start();
  for (const task of ['a', 'b', 'c']) await tasks.put(task);
  await tasks.join();
  console.log('all tasks are done');
}
