// Five processes at once, without a main guard. Python: multiprocessing.Process(target=worker, args=(i,)).
import { currentProcess, Process } from 'forkless';

function worker(i: number): void {
  console.log(`worker ${i} in ${currentProcess().name}, process ${process.pid}`);
}

const processes = [0, 1, 2, 3, 4].map((i) => new Process({ target: worker, args: [i] }));
for (const each of processes) each.start();
for (const each of processes) await each.join();
console.log('all have ended');
