// Ten daemons share the tasks of a queue, and a lock so that each prints its two lines undisturbed.
import { currentProcess, isMainProcess, JoinableQueue, Lock, Process } from 'forkless';

export async function consume(tasks: JoinableQueue<number>, lock: Lock): Promise<void> {
  for await (const task of tasks) {
    await lock.with(() => {
      console.log(`${currentProcess().name} takes task ${task}`);
      console.log(`${task} squared is ${task ** 2}`);
    });
    tasks.taskDone();
  }
}

if (isMainProcess) {
  const tasks = new JoinableQueue<number>();
  const lock = new Lock();
  for (let i = 0; i < 10; i++) new Process({ target: consume, args: [tasks, lock], daemon: true }).start();
  for (let task = 0; task < 30; task++) await tasks.put(task);
  await tasks.join();
  console.log('all tasks are done');
}
