/** The stable codes of every error that forkless throws. */
export const ERROR_CODES = {
  timeout: 'ERR_MP_TIMEOUT',
  queueFull: 'ERR_MP_QUEUE_FULL',
  queueEmpty: 'ERR_MP_QUEUE_EMPTY',
  eof: 'ERR_MP_EOF',
  closed: 'ERR_MP_CLOSED',
  state: 'ERR_MP_STATE',
  bufferTooShort: 'ERR_MP_BUFFER_TOO_SHORT',
  serialization: 'ERR_MP_SERIALIZATION',
  remote: 'ERR_MP_REMOTE',
  workerDied: 'ERR_MP_WORKER_DIED',
  brokenPool: 'ERR_MP_BROKEN_POOL',
  brokenBarrier: 'ERR_MP_BROKEN_BARRIER',
  authentication: 'ERR_MP_AUTHENTICATION',
  resource: 'ERR_MP_RESOURCE',
  cancelled: 'ERR_MP_CANCELLED',
  invalidState: 'ERR_MP_INVALID_STATE',
} as const;

export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];

/** The base of every error that forkless throws, apart from `TypeError` and `RangeError` for wrong arguments. */
export class MultiprocessingError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  override get name(): string {
    return this.constructor.name;
  }
}

/** A wait ended because its `timeout` (ms) was over. */
export class TimeoutError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.timeout, message, options);
  }
}

/** The queue had no room, and `timeout` (ms) was over or nothing was to be waited for. */
export class QueueFullError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.queueFull, message, options);
  }
}

/** The queue had no item, and `timeout` (ms) was over or nothing was to be waited for. */
export class QueueEmptyError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.queueEmpty, message, options);
  }
}

/** The other side has closed and everything that was sent has been received. */
export class EOFError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.eof, message, options);
  }
}

/** The object was used after it had been closed. */
export class ClosedError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.closed, message, options);
  }
}

/** The call does not fit the state of the object: `release` without `peek`, `start` twice, and so on. */
export class StateError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.state, message, options);
  }
}

/** A party of the barrier gave up, was aborted or has died, or its action failed. */
export class BrokenBarrierError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.brokenBarrier, message, options);
  }
}

/** A received message is longer than the buffer that was given for it. */
export class BufferTooShortError extends MultiprocessingError {
  /** The whole message. */
  readonly bytes: Uint8Array;

  constructor(message: string, options: ErrorOptions & { readonly bytes?: Uint8Array } = {}) {
    super(ERROR_CODES.bufferTooShort, message, options);
    this.bytes = options.bytes ?? new Uint8Array();
  }
}

/** The other side of a connection has not proved that it knows the key, or we have not proved it to them. */
export class AuthenticationError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.authentication, message, options);
  }
}

/** The value cannot travel to another process. */
export class SerializationError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.serialization, message, options);
  }
}

/** The system refused something: memory, descriptors, names, processes. */
export class ResourceError extends MultiprocessingError {
  /** The system's error name, such as `ENOENT`, where a system call failed. */
  readonly errno: string | undefined;
  /** The system call that failed. */
  readonly syscall: string | undefined;

  constructor(message: string, options?: ErrorOptions & { readonly errno?: string; readonly syscall?: string }) {
    super(ERROR_CODES.resource, message, options);
    this.errno = options?.errno;
    this.syscall = options?.syscall;
  }
}

/** Where a `RemoteError` comes from. */
export interface RemoteErrorOptions extends ErrorOptions {
  /** The name of the other process, such as `Process-2`. */
  readonly processName?: string;
  /** The stack as it was in the other process. */
  readonly remoteStack?: string;
}

/**
 * Something was thrown in another process. It stands as the `cause` of the error that arrived from there, and in its
 * place when the error itself could not travel.
 */
export class RemoteError extends MultiprocessingError {
  /** The name of the process in which it was thrown. */
  readonly processName: string | undefined;
  /** The stack as it was in the other process. */
  readonly remoteStack: string | undefined;

  constructor(message: string, options: RemoteErrorOptions = {}) {
    super(ERROR_CODES.remote, message, options);
    this.processName = options.processName;
    this.remoteStack = options.remoteStack;
  }
}

/** What is known of a worker that died. */
export interface WorkerDiedOptions extends ErrorOptions {
  readonly pid: number | undefined;
  /** -N when signal N has killed it. */
  readonly exitCode: number | null;
  /** What it was doing: the name of the function. */
  readonly task: string;
}

/** The worker that was running this task has died; no other task is affected. */
export class WorkerDiedError extends MultiprocessingError {
  readonly pid: number | undefined;
  /** -N when signal N has killed it. */
  readonly exitCode: number | null;
  /** The name of the function that it was running. */
  readonly task: string;

  constructor(message: string, options: WorkerDiedOptions) {
    super(ERROR_CODES.workerDied, message, options);
    this.pid = options.pid;
    this.exitCode = options.exitCode;
    this.task = options.task;
  }
}

/** The workers of a pool cannot start, so that no task of it can be run any more. */
export class BrokenPoolError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.brokenPool, message, options);
  }
}

/** The future was cancelled before its call had begun. */
export class CancelledError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.cancelled, message, options);
  }
}

/** The state of a future does not allow this: it has ended already, or was never meant to begin. */
export class InvalidStateError extends MultiprocessingError {
  constructor(message: string, options?: ErrorOptions) {
    super(ERROR_CODES.invalidState, message, options);
  }
}
