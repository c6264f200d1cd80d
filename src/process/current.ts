import { markJoined } from '../memory/arena.ts';
import { ownState } from './own-state.ts';
import { activeProcesses, ownProcess, type Process } from './process.ts';

if (ownState().head !== undefined) markJoined();

/**
 * Whether this is the process that no other has started: true in the program itself, false in what it starts.
 * @example
 * if (isMainProcess) await main();
 */
export const isMainProcess: boolean = ownState().head === undefined;

/** The `Process` object that stands for this process: its name, pid, daemon, authkey, and the fields of a subclass. */
export function currentProcess(): Process {
  return ownProcess();
}

/** The processes that this one has started and that have not ended. */
export function activeChildren(): Process[] {
  return activeProcesses();
}
