import { constants } from 'node:os';
import { isMainThread } from 'node:worker_threads';

import { binding } from '../native/binding.ts';

let armed = false;

/**
 * At the end of the program, however it comes (empty event loop, `process.exit`, an error): daemonic children are ended,
 * the others are waited for. A worker thread ends without its children, which belong to the process.
 */
export function armProcessEnd(): void {
  if (armed || !isMainThread) return;
  armed = true;
  process.on('exit', () => {
    binding.signalDaemons(constants.signals.SIGTERM);
    binding.joinChildren();
  });
}
