// Five processes at once. Python: multiprocessing.Process(target=worker, args=(i,)).
import { currentProcess, isMainProcess, Process } from 'forkless';

export function worker(i: number): void {
  console.log(`worker ${i} in ${currentProcess().name}, process ${process.pid}`);
}

if (isMainProcess) {
  const processes = [0, 1, 2, 3, 4].map((i) => new Process({ target: worker, args: [i] }));
  for (const each of processes) each.start();
  for (const each of processes) await each.join();
  console.log('all have ended');
}
