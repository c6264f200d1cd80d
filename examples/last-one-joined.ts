// Five children, of which only the last one is joined: the program waits for the others at its end all the same.
import { setTimeout as sleep } from 'node:timers/promises';

import { isMainProcess, Process } from 'forkless';

export async function work(i: number): Promise<void> {
  await sleep(i === 4 ? 0 : 1500);
  console.log(`child ${i} has ended`);
}

if (isMainProcess) {
  let child: Process<[number]> | undefined;
  for (let i = 0; i < 5; i++) child = new Process({ target: work, args: [i] }).start();
  await child?.join();
  console.log('the last one is joined');
}
