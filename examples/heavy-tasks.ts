// Three processes that compute at once, and their results.
import { isMainProcess, Process, Queue } from 'forkless';

interface Result {
  readonly name: string;
  readonly pid: number;
  readonly rounds: number;
}

/** Keeps a processor busy for so many ms. */
export function computeHeavyTask(name: string, duration: number, queue?: Queue<Result>): void {
  const end = performance.now() + duration;
  let rounds = 0;
  while (performance.now() < end) rounds++;
  queue?.putSync({ name, pid: process.pid, rounds });
}

if (isMainProcess) {
  const queue = new Queue<Result>();
  const children = ['first', 'second', 'third'].map((name) =>
    new Process({ target: computeHeavyTask, args: [name, 200, queue] }).start(),
  );
  for (const child of children) await child.join();
  while (!queue.empty()) {
    const { name, pid, rounds } = await queue.get();
    console.log(`${name} in process ${pid}: ${rounds > 0 ? 'done' : 'nothing'}`);
  }
}
