import { inspect } from 'node:util';

import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { checkWait, SYNC_WAIT_KEYS, type AsyncWaitOptions, type WaitOptions } from '../support/options.ts';
import { ownState } from './own-state.ts';
import { Sentinel } from './sentinel.ts';
import { listenToEnds, WatchedProcess } from './watched-process.ts';

/** The process that has started this one. It can be waited for, but not ended from here. */
export class ParentProcess {
  readonly name: string;
  readonly pid: number;
  readonly #watched: WatchedProcess;

  /** For `parentProcess()`. */
  constructor(name: string, watched: WatchedProcess) {
    this.name = name;
    this.pid = watched.pid;
    this.#watched = watched;
  }

  isAlive(): boolean {
    return this.#watched.exitCode === null;
  }

  /** True when it has ended, false when `timeout` (ms, default: for ever) was over first. */
  join(options?: AsyncWaitOptions): Promise<boolean> {
    checkWait(options, 'ParentProcess.join()');
    return this.#watched.wait(options);
  }

  /** `join` that blocks the thread. */
  joinSync(options?: WaitOptions): boolean {
    checkWait(options, 'ParentProcess.joinSync()', SYNC_WAIT_KEYS);
    return this.#watched.waitSync(options);
  }

  get sentinel(): Sentinel {
    return new Sentinel(this.#watched);
  }

  static {
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: ParentProcess): string {
        return `ParentProcess ${inspect({ name: this.name, pid: this.pid, state: this.isAlive() ? 'running' : 'ended' })}`;
      },
    });
  }
}

let parent: ParentProcess | undefined;

/** The process that has started this one; undefined in the main process. */
export function parentProcess(): ParentProcess | undefined {
  const known = ownState().head?.parent;
  if (known === undefined) return undefined;
  if (parent === undefined) {
    listenToEnds();
    const native = attempt('watch the parent process', () => binding.watchProcess(known.pid, known.startTime));
    parent = new ParentProcess(known.name, new WatchedProcess(native, false));
  }
  return parent;
}
