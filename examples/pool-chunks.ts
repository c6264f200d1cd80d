// 10 000 numbers in four chunks, each summed up by a worker (row 18).
import { Pool } from 'forkless';

function processChunk(chunk: number[]): number {
  return chunk.reduce((sum, x) => sum + x * x, 0);
}

const numbers = Array.from({ length: 10_000 }, (_, i) => i);
const size = numbers.length / 4;
const chunks = [0, 1, 2, 3].map((i) => numbers.slice(i * size, (i + 1) * size));

await using pool = new Pool(4);
const sums = await pool.map(processChunk, chunks);
console.log(sums.reduce((total, sum) => total + sum, 0));
