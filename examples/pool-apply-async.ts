// The result of one task is the argument of the next (row 16).
import { Pool } from 'forkless';

const taskA = (x: number): number => x + 2;
const taskB = (x: number): number => x * 2;

await using pool = new Pool(2);
const first = pool.applyAsync(taskA, [3]);
console.log('submitted');
const second = pool.applyAsync(taskB, [await first.get()]);
console.log(await second);
