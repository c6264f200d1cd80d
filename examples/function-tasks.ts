// Functions as tasks: they travel through a queue with their arguments, and are called by whoever takes them.
import { isMainProcess, JoinableQueue, Process, Queue } from 'forkless';

type Task = readonly [work: (x: number) => number, x: number];

export function double(x: number): number {
  return 2 * x;
}

export async function perform(tasks: JoinableQueue<Task | null>, results: Queue<number>): Promise<void> {
  for (let task = await tasks.get(); task !== null; task = await tasks.get()) {
    const [work, x] = task;
    await results.put(work(x));
    tasks.taskDone();
  }
  tasks.taskDone();
}

if (isMainProcess) {
  const tasks = new JoinableQueue<Task | null>();
  const results = new Queue<number>();
  const performer = new Process({ target: perform, args: [tasks, results] }).start();
  const offset = 100;
  for (const x of [1, 2, 3]) {
    await tasks.put([double, x]);
    await tasks.put([(y) => y + offset, x]);
  }
  await tasks.put(null);
  await tasks.join();
  while (!results.empty()) console.log(await results.get());
  await performer.join();
  console.log(`the performer ended with ${performer.exitCode}`);
}
