// A pool maps a function over numbers; leaving the scope ends its workers (rows 14, 104).
import { setTimeout as sleep } from 'node:timers/promises';

import { Pool } from 'forkless';

async function square(x: number): Promise<number> {
  await sleep(20);
  return x * x;
}

await using pool = new Pool({ processes: 4 });
console.log(
  await pool.map(
    square,
    Array.from({ length: 10 }, (_, i) => i),
  ),
);
