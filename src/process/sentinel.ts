import { inspect } from 'node:util';

import { checkWait, SYNC_WAIT_KEYS, type AsyncWaitOptions, type WaitOptions } from '../support/options.ts';
import type { WatchedProcess } from './watched-process.ts';

/** Stands for the end of a process, for `wait()` and for other event loops. */
export class Sentinel {
  readonly #process: WatchedProcess;

  /** For `Process.sentinel` and `ParentProcess.sentinel`. */
  constructor(process: WatchedProcess) {
    this.#process = process;
  }

  /** The pid of the process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Whether the process has ended. */
  get ready(): boolean {
    return this.#process.exitCode !== null;
  }

  /** A descriptor that becomes readable when the process has ended (a pidfd). Do not close it: Process.close() does. */
  fileno(): number {
    return this.#process.descriptor;
  }

  /** True when the process has ended, false when `timeout` (ms, default: for ever) was over first. */
  wait(options?: AsyncWaitOptions): Promise<boolean> {
    checkWait(options, 'Sentinel.wait()');
    return this.#process.wait(options);
  }

  /** `wait` that blocks the thread. */
  waitSync(options?: WaitOptions): boolean {
    checkWait(options, 'Sentinel.waitSync()', SYNC_WAIT_KEYS);
    return this.#process.waitSync(options);
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Sentinel): string {
        return `Sentinel { pid: ${this.pid}, ready: ${this.ready} }`;
      },
    });
  }
}
