// The same as a subclass of Process: `run()` is what the child does, and it has the fields of the instance.
import { setTimeout as sleep } from 'node:timers/promises';

import { isMainProcess, Process } from 'forkless';

export class ClockProcess extends Process {
  readonly intervalMs: number;
  readonly ticks: number;

  constructor(intervalMs: number, ticks: number) {
    super();
    this.intervalMs = intervalMs;
    this.ticks = ticks;
  }

  override async run(): Promise<void> {
    for (let tick = 0; tick < this.ticks; tick++) {
      console.log(`${this.name}: the time is ${new Date().toISOString()}`);
      await sleep(this.intervalMs);
    }
  }
}

if (isMainProcess) {
  const clock = new ClockProcess(200, 3);
  clock.start();
  await clock.join();
}
