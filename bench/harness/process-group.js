// @ts-check
import { spawn } from 'node:child_process';

/** @type {number | undefined} */
let running;

/**
 * Starts a program in a process group of its own, so that nothing is left of it after `endGroup()`. One at a time.
 * @param {string} command
 * @param {readonly string[]} args
 */
export function startGroup(command, args) {
  const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  running = child.pid;
  return child;
}

/** Ends what is left of the group that was started last. */
export function endGroup() {
  if (running === undefined) return;
  try {
    process.kill(-running, 'SIGKILL');
  } catch {
    // The group has ended by itself.
  }
  running = undefined;
}

/** Lets Ctrl-C and SIGTERM end the running group, and then this process. */
export function endGroupOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => {
      endGroup();
      process.kill(process.pid, signal);
    });
  }
}
