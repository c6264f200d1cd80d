import { binding } from '../native/binding.ts';
import { decodeBootHead, type BootHead, type ProcessIdentity } from './boot-record.ts';
import type { StartMethod } from './start-method.ts';

/** What is known about this process itself, in one place for every copy of forkless that it loads. */
export interface OwnState {
  /** How this process was started; undefined in a main process. Of a spare until it has its order: as a spare. */
  head: BootHead | undefined;
  /** The family's key, once somebody has asked for it. */
  key: Uint8Array | undefined;
  /** The child is still importing the module of its target. */
  importing: boolean;
  /** Has a store in everything that the import of the target's module has started. */
  readonly importScope: { getStore(): unknown } | undefined;
  /** The `Process` object that stands for this process. */
  self: object | undefined;
  /** How many children have been given a number. */
  children: number;
  /** How processes are started, once that is settled. */
  startMethod: StartMethod | undefined;
}

const KEY = Symbol.for('forkless.process');
const KEY_BYTES = 32;

const shared = globalThis as typeof globalThis & { [KEY]?: OwnState };

/** The state of this process; a child's boot has made it before anything else was loaded. */
export function ownState(): OwnState {
  return (shared[KEY] ??= stateOfThread());
}

/** The key that this process and its children authenticate themselves with. */
export function ownKey(): Uint8Array {
  const state = ownState();
  return (state.key ??= binding.randomBytes(KEY_BYTES));
}

/** This process, as others can recognize it. */
export function ownIdentity(): ProcessIdentity {
  return (identity ??= { pid: process.pid, startTime: binding.startTime(process.pid) });
}
let identity: ProcessIdentity | undefined;

// In a main process, or in a worker thread of a child.
function stateOfThread(): OwnState {
  const kept = binding.ownIdentity();
  const known = kept === undefined ? undefined : decodeBootHead(kept);
  return {
    head: known?.head,
    key: known?.key,
    importing: false,
    importScope: undefined,
    self: undefined,
    children: 0,
    startMethod: known?.head.startMethod,
  };
}
