/** A watched process, as the addon knows it. */
export interface NativeProcess {
  /** Names it in `listenToEnds`. */
  readonly id: number;
  readonly pid: number;
  readonly handle: ProcessHandle;
}

/** Opaque. */
export interface ProcessHandle {
  readonly __processHandle: never;
}

/** What the environment of a child is made of. */
export interface ChildEnvironment {
  /** All variables of this process but these; undefined = none of them. */
  readonly without: readonly string[] | undefined;
  /** `NAME=value` */
  readonly settings: readonly string[];
}

/** A process or thread that this environment has started. */
export interface NativeChild extends NativeProcess {
  /** Our ends of its stdin, stdout and stderr; -1 = none. */
  readonly pipes: readonly [number, number, number];
}

interface ChildRequest {
  readonly file: string;
  readonly arguments: readonly string[];
  readonly environment: ChildEnvironment;
  /** Empty: that of this process. */
  readonly directory: string;
  readonly stdio: 'inherit' | 'ignore' | 'pipe';
  readonly daemon: boolean;
  /** Index of the family's arena. */
  readonly arena: number;
  readonly name: string;
  readonly record: Uint8Array;
  readonly addon: string;
  /** Blocks of the arena that the child holds from the start. */
  readonly held: readonly (readonly [offset: number, stamp: number])[];
}

/** The part of the addon that starts and watches processes: native/binding/process.cc. Times are milliseconds. */
export interface ProcessBinding {
  /** Calls back with the id of each watched process that ends. Once per environment, before any other call. */
  listenToEnds(callback: (id: number) => void): void;
  keepLoopAlive(alive: boolean): void;
  startChild(request: ChildRequest): NativeChild;
  watchProcess(pid: number, startTime: number): NativeProcess;
  /** null while it runs; NaN when its exit code is not known. */
  processExitCode(handle: ProcessHandle): number | null;
  /** Blocks the thread; true when it has ended. */
  waitForProcess(handle: ProcessHandle, timeout: number): boolean;
  /** False when it has ended. */
  signalProcess(handle: ProcessHandle, signal: number): boolean;
  /** A descriptor that is readable once it has ended; closed with the handle. */
  processDescriptor(handle: ProcessHandle): number;
  /** Closes that descriptor at once, after the end of the process. */
  closeProcessDescriptor(handle: ProcessHandle): void;
  /** To every living daemonic child of this process, or of this thread if it was started as one is. */
  signalDaemons(signal: number): void;
  /** Whether it is ended with its parent, or waited for. */
  setDaemon(handle: ProcessHandle, daemon: boolean): void;
  /** Blocks the thread until no child or thread but daemonic ones is alive; false when the time was over first. */
  joinChildren(timeout: number): boolean;
  ownIdentity(): Buffer | undefined;
  keepIdentity(identity: Uint8Array): void;
  takeBootRecord(index: number, offset: number, bytes: number): Buffer;
  tieChild(rootPid: number, rootStartTime: number, parentPid: number, tied: boolean): void;
  /** In a child that was tied: it lives on without its parent. */
  untieChild(): void;
  /** `NAME=value` of each variable that a child with this environment has, a zero byte behind each. */
  environmentText(environment: ChildEnvironment): string;
  randomBytes(bytes: number): Buffer;
}
