import { isMainThread } from 'node:worker_threads';

import { familyArena } from '../memory/arena.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import type { NativeProcess, ProcessHandle } from '../native/process-binding.ts';
import { isAtRest, publishAwaited, setWatchedProcesses } from '../synchronize/activity.ts';
import { deadlineAfter, leftUntil } from '../support/deadline.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { within } from '../support/within.ts';

/** An exit code that nobody can know any more, because somebody else has reaped the child. Python's asyncio uses the same. */
const UNKNOWN_EXIT_CODE = 255;

/** Those whose end has not been noticed here yet. */
const watched = new Map<number, WatchedProcess>();
let listening = false;
let loopHolds = 0;

const REST_LOOK_MS = 250;
const NOBODY = 0;
// A worker thread can be terminated only between two calls of native code; and see ThreadControl.
const SLICE_MS = 50;
let restTimer: NodeJS.Timeout | undefined;
let published = NOBODY;

/** How a thread is ended. */
export interface ThreadControl {
  /** Ends it as the signal would; false when it has ended before. */
  stop(signal: number): boolean;
  /** Called now and then by who waits for its end: cuts it off when it has been stopped long ago. */
  insist(): void;
}

/** A process whose end this environment is told about: a child, or the parent. */
export class WatchedProcess {
  readonly pid: number;
  readonly #id: number;
  readonly #handle: ProcessHandle;
  readonly #ended: PromiseWithResolvers<number>;
  /** Set for a thread, which no signal reaches. */
  readonly #control: ThreadControl | undefined;
  #exitCode: number | null = null;
  #holdsLoop: boolean;

  /**
   * @param holdsLoop - whether the event loop lives at least as long as the process.
   * @param control - for a thread
   */
  constructor(native: NativeProcess, holdsLoop: boolean, control?: ThreadControl) {
    this.pid = native.pid;
    this.#id = native.id;
    this.#handle = native.handle;
    this.#ended = withResolvers();
    this.#holdsLoop = holdsLoop;
    this.#control = control;
    watched.set(native.id, this);
    noteRest();
    if (holdsLoop) holdLoop();
  }

  /** Its exit code, -N when signal N has killed it, null while it runs. */
  get exitCode(): number | null {
    if (this.#exitCode === null) this.notice();
    return this.#exitCode;
  }

  /** Resolved with the exit code. Does not keep the event loop alive by itself. */
  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  /** A descriptor that is readable once the process has ended. */
  get descriptor(): number {
    return attempt(`watch process ${this.pid}`, () => binding.processDescriptor(this.#handle));
  }

  /** To be called after its end; another call of `descriptor` opens a new one. */
  closeDescriptor(): void {
    binding.closeProcessDescriptor(this.#handle);
  }

  /** False when it has ended before. */
  signal(number: number): boolean {
    return this.#control?.stop(number) ?? binding.signalProcess(this.#handle, number);
  }

  /** True when it has ended, false when the time was over first. */
  async wait({ timeout = Infinity, signal }: AsyncWaitOptions = {}): Promise<boolean> {
    signal?.throwIfAborted();
    if (this.exitCode !== null) return true;
    if (timeout === 0) return false;
    holdLoop();
    try {
      return await within(this.ended, timeout, signal);
    } finally {
      releaseLoop();
    }
  }

  /** Blocks the thread. */
  waitSync({ timeout = Infinity }: WaitOptions = {}): boolean {
    if (timeout === Infinity) publish(this.awaitedPid);
    const deadline = deadlineAfter(timeout);
    const slice = isMainThread && this.#control === undefined ? Infinity : SLICE_MS;
    while (!binding.waitForProcess(this.#handle, Math.min(leftUntil(deadline), slice))) {
      if (leftUntil(deadline) === 0) break;
      this.#control?.insist();
    }
    publish(NOBODY);
    this.notice();
    return this.#exitCode !== null;
  }

  /** What is published while this environment waits for nothing but its end. Of a thread that would be our own pid. */
  get awaitedPid(): number {
    return this.#control === undefined ? this.pid : NOBODY;
  }

  /** Looks whether it has ended, and tells those who wait. */
  notice(): void {
    if (this.#exitCode !== null) return;
    const exitCode = binding.processExitCode(this.#handle);
    if (exitCode === null) return this.#control?.insist();
    this.#exitCode = Number.isNaN(exitCode) ? UNKNOWN_EXIT_CODE : exitCode;
    watched.delete(this.#id);
    noteRest();
    if (this.#holdsLoop) releaseLoop();
    this.#holdsLoop = false;
    this.#ended.resolve(this.#exitCode);
  }
}

/** Other processes learn when this one does nothing but wait for the end of a single one (synchronize/activity.ts). */
function noteRest(): void {
  setWatchedProcesses(watched.size);
  publish(NOBODY);
  if (watched.size === 1) {
    restTimer ??= setInterval(lookForRest, REST_LOOK_MS).unref();
    return;
  }
  clearInterval(restTimer);
  restTimer = undefined;
}

function lookForRest(): void {
  const [only] = watched.values();
  publish(only !== undefined && isAtRest(0) ? only.awaitedPid : NOBODY);
}

function publish(pid: number): void {
  if (pid === published) return;
  published = pid;
  publishAwaited(familyArena(), pid);
}

/** To be called before the first process is started or watched. */
export function listenToEnds(): void {
  if (listening) return;
  listening = true;
  binding.listenToEnds((id) => watched.get(id)?.notice());
}

function holdLoop(): void {
  if (loopHolds++ === 0) binding.keepLoopAlive(true);
}

function releaseLoop(): void {
  if (--loopHolds === 0) binding.keepLoopAlive(false);
}

// Promise.withResolvers is newer than Node 20.
interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
