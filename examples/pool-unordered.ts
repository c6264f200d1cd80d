// Results as they come: an idle worker takes the next task (row 24).
import { setTimeout as sleep } from 'node:timers/promises';

import { Pool } from 'forkless';

async function complexTask(tenths: number): Promise<string> {
  await sleep(tenths * 100);
  return `task of ${tenths} tenths`;
}

await using pool = new Pool(2);
for await (const result of pool.imapUnordered(complexTask, [20, 1, 3, 2])) console.log(result);
