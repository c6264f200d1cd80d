import { ClosedError, StateError } from '../support/errors.ts';

/**
 * The states of a `Process` object.
 *
 *   initial -> running   start()
 *   running -> ended     its end has become known
 *   initial -> closed    close()
 *   ended   -> closed    close()
 *   own                  stands for the process that it is in; never changes
 */
export type ProcessState = 'initial' | 'running' | 'ended' | 'closed' | 'own';

const NEXT: Readonly<Record<ProcessState, readonly ProcessState[]>> = {
  initial: ['running', 'closed'],
  running: ['ended'],
  ended: ['closed'],
  closed: [],
  own: [],
};

/** Whether the table of states has this step. */
export function canBecome(from: ProcessState, to: ProcessState): boolean {
  return NEXT[from].includes(to);
}

/** The error for `call` on a process object in a state in which it cannot be answered. */
export function wrongState(call: string, name: string, state: ProcessState): StateError | ClosedError {
  const subject = `${call} of process '${name}'`;
  switch (state) {
    case 'initial':
      return new StateError(`${subject}: it has not been started. Call start() first.`);
    case 'running':
      return new StateError(
        call === 'close()'
          ? `${subject}: it is still running. Wait with join(), or end it with terminate() or kill(), first.`
          : `${subject}: it has been started before, and a process runs only once. Make a new Process object.`,
      );
    case 'ended':
      return new StateError(
        `${subject}: it has run and ended, and a process runs only once. Make a new Process object.`,
      );
    case 'closed':
      return new ClosedError(`${subject}: it has been closed.`);
    case 'own':
      return new StateError(`${subject}: it is the process that makes the call. Only its parent can do that.`);
  }
}
