// A thread that sends signals, so that a stopped worker goes on even while the main thread blocks.
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';

async function send(signals) {
  for (const { pid, name, afterMs } of signals) {
    if (afterMs > 0) await sleep(afterMs);
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
  }
}

parentPort.on('message', (signals) => void send(signals));
