// One process that tells the time: a function with an argument.
import { setTimeout as sleep } from 'node:timers/promises';

import { isMainProcess, Process } from 'forkless';

export async function clock(intervalMs: number, ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick++) {
    console.log(`The time is ${new Date().toISOString()}`);
    await sleep(intervalMs);
  }
}

if (isMainProcess) {
  const process = new Process({ target: clock, args: [200, 3] });
  process.start();
  await process.join();
}
