import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { inspect, type InspectOptionsStylized } from 'node:util';

import type { AnyFunction } from '../reduction/reference.ts';
import { referenceOf } from '../reduction/references.ts';
import { checkWait, SYNC_WAIT_KEYS, type AsyncWaitOptions, type WaitOptions } from '../support/options.ts';
import { boundMethodOf } from './bound-method.ts';
import { refuseWhileImporting } from './import-guard.ts';
import { canBecome, wrongState, type ProcessState } from './lifecycle.ts';
import { ownKey, ownState } from './own-state.ts';
import { checkDaemon, checkName, checkProcessOptions, type ProcessOptions } from './process-options.ts';
import { Sentinel } from './sentinel.ts';
import { getStartMethod } from './settled-method.ts';
import { launch } from './launch.ts';
import { closeStdioStreams, NO_STREAMS } from './stdio-streams.ts';
import type { WatchedProcess } from './watched-process.ts';

/** Marks the base class, so that a child finds it below a subclass whatever copy of forkless that uses. */
const BASE = Symbol.for('forkless.Process');
/** Options with this key are those of the object that stands for its own process. */
const OWN: unique symbol = Symbol.for('forkless.own');

/** What a child's boot gives to the constructor instead of options. */
interface OwnOptions {
  readonly [OWN]: true;
  readonly name: string;
  readonly daemon: boolean;
  readonly path: readonly number[];
  readonly target: AnyFunction | undefined;
  readonly args: readonly unknown[];
  readonly kwargs: object | undefined;
}

const active = new Set<Process<never>>();

/**
 * A process of its own: started with a target, or with the `run` method of a subclass, whose public fields go along.
 *
 * @example
 * const process = new Process({ target: work, args: [1] }).start();
 * await process.join();
 *
 * Python: `multiprocessing.Process`; times are ms, and what waits comes as a promise and, with `Sync`, as a blocking call.
 */
export class Process<P extends readonly unknown[] = readonly unknown[]> implements AsyncDisposable {
  #target: AnyFunction | undefined;
  #args: readonly unknown[];
  #kwargs: object | undefined;
  #options: ProcessOptions;
  readonly #path: readonly number[];
  #state: ProcessState = 'initial';
  #name: string;
  #daemon: boolean;
  #authkey: Uint8Array | undefined;
  #child: WatchedProcess | undefined;
  #streams = NO_STREAMS;
  #exited: Promise<number> | undefined;

  /**
   * @throws TypeError for wrong options, naming the key.
   */
  constructor(options: ProcessOptions<P> = {}) {
    const own = ownOptions(options);
    if (own === undefined) checkProcessOptions(options as ProcessOptions);
    this.#options = options as ProcessOptions;
    this.#target = (own ?? (options as ProcessOptions)).target as AnyFunction | undefined;
    this.#args = Array.from((options.args ?? []) as Iterable<unknown>);
    this.#kwargs = options.kwargs;
    const state = ownState();
    this.#path = own?.path ?? [...(state.head?.path ?? []), ++state.children];
    const kind = isBase(new.target) ? Process.name : new.target.name;
    this.#name = options.name ?? `${kind}-${this.#path.join(':')}`;
    this.#daemon = options.daemon ?? state.head?.daemon ?? false;
    if (own !== undefined) this.#state = 'own';
  }

  /** What the child does: by default it calls the target. A subclass may override it. */
  run(): unknown {
    if (this.#target === undefined) return undefined;
    const args = this.#kwargs === undefined ? this.#args : [...this.#args, this.#kwargs];
    return (this.#target as (...args: unknown[]) => unknown)(...args);
  }

  /**
   * Starts the process, by the method of its class or of `setStartMethod()`; it is spawned when this returns.
   * @throws StateError when it was started before. SerializationError when the target or an argument cannot travel.
   * ResourceError when the system refuses.
   */
  start(): this {
    this.#expectStep('start()', 'running');
    refuseWhileImporting(this.#name);
    const isSubclass = !isBase(this.constructor);
    const method = boundMethodOf(this.constructor) ?? getStartMethod();
    const { env, execArgv, cwd, stdio } = this.#options;
    const fields = Object.entries(this);
    const target = this.#target === undefined ? undefined : referenceOf(this.#target);
    const subclass = isSubclass ? referenceOf(this.constructor as AnyFunction) : undefined;
    const { child, streams } = launch(method, {
      name: this.#name,
      path: this.#path,
      daemon: this.#daemon,
      key: this.authkey,
      parentName: ownState().head?.name ?? MAIN_NAME,
      target,
      subclass,
      values: {
        // What cannot be imported goes along as a value.
        target: target === undefined ? this.#target : undefined,
        subclass: isSubclass && subclass === undefined ? (this.constructor as AnyFunction) : undefined,
        args: this.#args,
        kwargs: this.#kwargs,
        fields: fields.length === 0 ? undefined : Object.fromEntries(fields),
      },
      stdio: stdio ?? 'inherit',
      env,
      execArgv,
      cwd,
    });
    this.#state = 'running';
    this.#child = child;
    this.#streams = streams;
    this.#forgetCall();
    active.add(this);
    void child.ended.then(() => this.#noticeEnd());
    return this;
  }

  /** The child has all of it: shared memory in the arguments lives as long as somebody uses it. Python does the same. */
  #forgetCall(): void {
    this.#target = undefined;
    this.#args = [];
    this.#kwargs = undefined;
    this.#options = {};
  }

  /**
   * Waits until the process has ended. True when it has, false when `timeout` (ms, default: for ever) was over first.
   * Rejects with the reason of `signal` when that is aborted.
   * @throws StateError before start().
   */
  async join(options?: AsyncWaitOptions): Promise<boolean> {
    checkWait(options, 'Process.join()');
    const hasEnded = await this.#started('join()').wait(options);
    if (hasEnded) this.#noticeEnd();
    return hasEnded;
  }

  /** `join` that blocks the thread. */
  joinSync(options?: WaitOptions): boolean {
    checkWait(options, 'Process.joinSync()', SYNC_WAIT_KEYS);
    const hasEnded = this.#started('joinSync()').waitSync(options);
    if (hasEnded) this.#noticeEnd();
    return hasEnded;
  }

  /** Resolved with the exit code. Waiting for it does not keep the program of a daemonic process alive; `join` does. */
  get exited(): Promise<number> {
    return (this.#exited ??= this.#started('exited').ended);
  }

  /** Whether the process has been started and has not ended. */
  isAlive(): boolean {
    this.#noticeEnd();
    if (this.#state === 'closed') throw wrongState('isAlive()', this.#name, this.#state);
    return this.#state === 'running' || this.#state === 'own';
  }

  /** Sends SIGTERM. Nothing happens when the process has ended. */
  terminate(): void {
    this.#started('terminate()').signal(constants.signals.SIGTERM);
  }

  /** Sends SIGKILL, which no process survives. */
  kill(): void {
    this.#started('kill()').signal(constants.signals.SIGKILL);
  }

  /**
   * Gives back what the object holds of a process that has ended or was never started.
   * @throws StateError while it runs.
   */
  close(): void {
    this.#noticeEnd();
    if (this.#state === 'closed') return;
    if (!canBecome(this.#state, 'closed')) throw wrongState('close()', this.#name, this.#state);
    this.#state = 'closed';
    this.#child?.closeDescriptor();
    this.#child = undefined;
    closeStdioStreams(this.#streams);
  }

  /** terminate, join, close. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#noticeEnd();
    if (this.#state === 'own') return;
    if (this.#state === 'running') {
      this.terminate();
      await this.join();
    }
    this.close();
  }

  /** For people; need not be unique. */
  get name(): string {
    return this.#name;
  }

  set name(name: string) {
    checkName(name, 'Process.name');
    this.#name = name;
  }

  /**
   * A daemonic process is ended when its parent ends, and does not keep it alive.
   * Setting it throws StateError once the process is started.
   */
  get daemon(): boolean {
    return this.#daemon;
  }

  set daemon(daemon: boolean) {
    checkDaemon(daemon, 'Process.daemon');
    this.#expectStep('setting daemon', 'running');
    this.#daemon = daemon;
  }

  /** What the process authenticates itself with; 32 random bytes of its family by default. */
  get authkey(): Uint8Array {
    if (this.#state === 'own') return ownKey();
    return (this.#authkey ??= ownKey());
  }

  set authkey(key: Uint8Array) {
    if (!(key instanceof Uint8Array)) throw new TypeError('Process.authkey must be a Uint8Array.');
    const copy = Uint8Array.from(key);
    if (this.#state === 'own') ownState().key = copy;
    else this.#authkey = copy;
  }

  /** undefined before start(). */
  get pid(): number | undefined {
    return this.#state === 'own' ? process.pid : this.#child?.pid;
  }

  /** null before start() and while the process runs; -N when signal N has killed it. */
  get exitCode(): number | null {
    if (this.#state === 'closed') throw wrongState('exitCode', this.#name, this.#state);
    this.#noticeEnd();
    return this.#child?.exitCode ?? null;
  }

  /**
   * Stands for the end of the process in `wait()` and in other event loops.
   * @throws StateError before start().
   */
  get sentinel(): Sentinel {
    return new Sentinel(this.#started('sentinel'));
  }

  /** With `stdio: 'pipe'`, from start() on. */
  get stdin(): Writable | null {
    return this.#streams.stdin;
  }

  /** With `stdio: 'pipe'`, from start() on. */
  get stdout(): Readable | null {
    return this.#streams.stdout;
  }

  /** With `stdio: 'pipe'`, from start() on. */
  get stderr(): Readable | null {
    return this.#streams.stderr;
  }

  static {
    markBase(this);
    Object.defineProperty(this.prototype, inspect.custom, {
      value(this: Process, _depth: number, options: InspectOptionsStylized): string {
        const kind = isBase(this.constructor) ? Process.name : this.constructor.name;
        return `${kind} ${inspect(this.#shown(), options)}`;
      },
    });
  }

  #shown(): object {
    this.#noticeEnd();
    const pid = this.pid;
    const exitCode = this.#child?.exitCode ?? null;
    return {
      name: this.name,
      ...(pid !== undefined && { pid }),
      state: this.#state === 'own' ? 'running' : this.#state,
      ...(exitCode !== null && { exitCode }),
      ...(this.daemon && { daemon: true }),
      ...Object.fromEntries(Object.entries(this)),
    };
  }

  #started(call: string): WatchedProcess {
    if (this.#child === undefined) throw wrongState(call, this.#name, this.#state);
    return this.#child;
  }

  #expectStep(call: string, next: ProcessState): void {
    this.#noticeEnd();
    if (!canBecome(this.#state, next)) throw wrongState(call, this.#name, this.#state);
  }

  #noticeEnd(): void {
    if (this.#state !== 'running' || this.#child?.exitCode === null) return;
    this.#state = 'ended';
    // Nobody reads it any more. What the process has written can still be read, until close().
    this.#streams.stdin?.destroy();
    active.delete(this);
  }
}

/** `Process` itself, or one that is bound to a start method: not a subclass of the user's. */
function isBase(Class: object): boolean {
  return Object.hasOwn(Class, BASE);
}

/** To be called by a class that differs from `Process` by its start method only. */
export function markBase(Class: object): void {
  Object.defineProperty(Class, BASE, { value: true });
}

/** The name of the process that no other has started. */
const MAIN_NAME = 'MainProcess';

/** The `Process` object that stands for this process. */
export function ownProcess(): Process {
  const state = ownState();
  if (state.self === undefined) {
    const { name = MAIN_NAME, daemon = false, path = [] } = state.head ?? {};
    const options: OwnOptions = { [OWN]: true, name, daemon, path, target: undefined, args: [], kwargs: undefined };
    state.self = new Process(options as ProcessOptions);
  }
  return state.self as Process;
}

/** The processes that this environment has started and that have not ended. */
export function activeProcesses(): Process[] {
  return [...active].filter((process) => process.isAlive()) as Process[];
}

function ownOptions(options: object): OwnOptions | undefined {
  return typeof options === 'object' && options !== null && OWN in options ? (options as OwnOptions) : undefined;
}
