import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { binding } from '../native/binding.ts';
import { ownState } from './own-state.ts';

// A thread can be terminated only between two calls of native code, and others are looked after meanwhile.
const SLICE_MS = 50;

const threads = new Set<() => void>();
let armed = false;

/**
 * At the end of the program, however it comes (empty event loop, `process.exit`, an error): daemonic children are ended,
 * the others are waited for. So it is in a thread that was started as a process is. Any other worker thread ends without its
 * children, which belong to the process.
 */
export function armProcessEnd(): void {
  const isOfProcess = isMainThread || ownState().head?.startMethod === 'threads';
  if (armed || !isOfProcess) return;
  armed = true;
  process.on('exit', () => {
    binding.signalDaemons(constants.signals.SIGTERM);
    const slice = isMainThread && threads.size === 0 ? Infinity : SLICE_MS;
    do {
      for (const end of threads) end();
    } while (!binding.joinChildren(slice));
  });
}

/** What the end of the program means for a thread that runs; called again and again while others are waited for. */
export function addThreadEnd(end: () => void): void {
  threads.add(end);
}

/** Of a thread that has ended. */
export function removeThreadEnd(end: () => void): void {
  threads.delete(end);
}
