import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { binding } from '../native/binding.ts';
import { ownState } from './own-state.ts';

// A thread can be terminated only between two calls of native code.
const SLICE_MS = isMainThread ? Infinity : 50;

const daemonThreads = new Set<() => void>();
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
    for (const stop of daemonThreads) stop();
    while (!binding.joinChildren(SLICE_MS));
  });
}

/** Has a daemonic thread ended at the end of the program. */
export function addDaemonThread(stop: () => void): void {
  daemonThreads.add(stop);
}

/** Of a thread that has ended. */
export function removeDaemonThread(stop: () => void): void {
  daemonThreads.delete(stop);
}
