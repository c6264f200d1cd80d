// Workers with an initializer, twice as many as processors, and replaced after so many tasks (rows 61, 64).
//
//   pool-initializer.ts [tasks per worker]
import { cpuCount, currentProcess, Pool } from 'forkless';

const most = process.argv[2];

function startProcess(): void {
  console.log('Starting', currentProcess().name);
}

function double(x: number): number {
  return x * 2;
}

const inputs = Array.from({ length: 10 }, (_, i) => i);
console.log('Input  ', inputs.join(' '));
console.log('Builtin', inputs.map(double).join(' '));

const pool = new Pool({
  processes: cpuCount() * 2,
  initializer: startProcess,
  ...(most !== undefined && { maxTasksPerChild: Number(most) }),
});
const outputs = await pool.map(double, inputs, { chunkSize: 1 });
pool.close();
await pool.join();
console.log('Pool   ', outputs.join(' '));
