// Six tasks for three workers: at once with applyAsync, one after the other with apply (rows 124, 126).
//
//   pool-six-tasks.ts [apply]
import { setTimeout as sleep } from 'node:timers/promises';

import { Pool } from 'forkless';

async function task(i: number): Promise<number> {
  console.log(`task ${i} begins in ${process.pid}, a child of ${process.ppid}`);
  await sleep(300);
  console.log(`task ${i} ends`);
  return process.pid;
}

const pool = new Pool(3);
const numbers = [0, 1, 2, 3, 4, 5];
if (process.argv[2] === 'apply') {
  for (const i of numbers) await pool.apply(task, [i]);
} else {
  for (const i of numbers) pool.applyAsync(task, [i]);
  console.log('Waiting for all tasks …');
}
pool.close();
await pool.join();
console.log(`all done, the main process is ${process.pid}`);
