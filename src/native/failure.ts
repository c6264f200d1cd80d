import { getSystemErrorName } from 'node:util';

import { ResourceError } from '../support/errors.ts';

/** What the addon throws: binding/convert.cc. */
interface NativeFailure extends Error {
  readonly status: string;
  readonly errno?: number;
  readonly syscall?: string;
}

const EXPLANATIONS: Readonly<Record<string, string>> = {
  'arena-full':
    'the shared memory is full: close what is no longer used, or allow more with FORKLESS_MAX_BYTES (bytes) in the environment of the first process',
  'too-large':
    'the request is larger than the shared memory may become: allow more with FORKLESS_MAX_BYTES (bytes) in the environment of the first process',
  'too-many':
    'there is no room for another participant or hold: end processes or close objects that are no longer used',
  'not-found': 'there is no object of this name: create it first, or look whether its last user has gone',
  exists: 'an object of this name exists: open it, or choose another name',
  'wrong-version': 'it was made by another version of forkless: use the same version on both sides',
  foreign: 'it is not a file of forkless, or it is damaged: remove it or choose another name',
  'not-ready': 'its creator has not finished making it: try again',
  gone: 'it does not exist any more: its last user has closed it or has ended',
  unsupported:
    'this runtime does not allow shared memory in ArrayBuffers (Electron does not) or has no libuv event loop',
};

function isNativeFailure(error: unknown): error is NativeFailure {
  return error instanceof Error && typeof (error as Partial<NativeFailure>).status === 'string';
}

/** The status of an error that the addon threw, or undefined. */
export function statusOf(error: unknown): string | undefined {
  return isNativeFailure(error) ? error.status : undefined;
}

/**
 * Calls the addon and words what it throws.
 * @param what what was to be done, such as `allocate 800 bytes`
 * @throws ResourceError with `errno` and `syscall` where a system call failed.
 */
export function attempt<R>(what: string, call: () => R): R {
  try {
    return call();
  } catch (error) {
    if (!isNativeFailure(error)) throw error;
    const errno = error.errno === undefined ? undefined : getSystemErrorName(-error.errno);
    const explanation = EXPLANATIONS[error.status] ?? `${error.syscall ?? 'a system call'} failed with ${errno ?? '?'}`;
    throw new ResourceError(`Cannot ${what}: ${explanation}`, {
      cause: error,
      ...(errno !== undefined && { errno }),
      ...(error.syscall !== undefined && { syscall: error.syscall }),
    });
  }
}
