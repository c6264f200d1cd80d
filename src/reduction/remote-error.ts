import { inspect, types } from 'node:util';
import { RemoteError } from '../support/errors.ts';
import { decode, encode, type CodeOption, type Encoded } from './codec.ts';

const NO_CODE: CodeOption = { code: false };

/** The process in which something was thrown. */
export interface ErrorOrigin {
  /** Such as `Process-2`. */
  readonly name: string;
  readonly pid: number;
}

/** What always arrives, whatever becomes of the thrown value itself. */
interface Thrown {
  readonly origin: ErrorOrigin;
  readonly description: string;
  readonly stack: string | undefined;
  readonly isError: boolean;
  /** A message of its own, so that the rest can be read without it. */
  readonly value: Uint8Array | undefined;
}

/**
 * Makes bytes of whatever was thrown in this process. It never throws itself: properties that cannot travel are left
 * out, and in the worst case only a description arrives.
 *
 * @param options - `code: true` lets classes and functions by value go along; the receiver must allow it, too
 */
export function encodeThrown(thrown: unknown, origin: ErrorOrigin, options: CodeOption = NO_CODE): Encoded {
  const part = (): unknown => (isError(thrown) ? travelingPart(thrown, options) : undefined);
  const value = encodeIfPossible(thrown, options) ?? (isError(thrown) ? encodeIfPossible(part(), options) : undefined);
  const whole: Thrown = {
    origin: { name: origin.name, pid: origin.pid },
    description: describe(thrown),
    stack: isError(thrown) ? stackOf(thrown) : undefined,
    isError: isError(thrown),
    value: value?.bytes,
  };
  return { bytes: encode(whole).bytes, modules: value?.modules ?? [] };
}

/**
 * The thrown value in this process: an error of the same class where this process can have it (after `resolveModules`),
 * with message, properties and stack as they were, and a `RemoteError` at the end of its chain of causes, which names
 * the other process. When the value itself cannot be had, a `RemoteError` takes its place.
 *
 * @throws SerializationError only when the bytes are not those of `encodeThrown`.
 */
export function decodeThrown(bytes: Uint8Array, options?: CodeOption): unknown {
  const { origin, description, stack, isError: wasError, value } = decode(bytes, options) as Thrown;
  const about = { processName: origin.name, ...(stack === undefined ? {} : { remoteStack: stack }) };
  const where = `thrown in ${origin.name} (pid ${origin.pid})`;
  if (value === undefined) return withoutOwnStack(new RemoteError(`${description} (${where})`, about), stack);
  let arrived: unknown;
  try {
    arrived = decode(value, options);
  } catch (cause) {
    return withoutOwnStack(new RemoteError(`${description} (${where})`, { ...about, cause }), stack);
  }
  if (wasError && isError(arrived)) appendCause(arrived, withoutOwnStack(new RemoteError(where, about), undefined));
  return arrived;
}

/** The stack of the place where an error is received would only mislead. */
function withoutOwnStack(error: RemoteError, remoteStack: string | undefined): RemoteError {
  const stack = `RemoteError: ${error.message}${remoteStack === undefined ? '' : `\n${remoteStack}`}`;
  Object.defineProperty(error, 'stack', { value: stack, enumerable: false, configurable: true, writable: true });
  return error;
}

function appendCause(error: Error, remote: RemoteError): void {
  const seen = new Set<Error>();
  let last = error;
  while (isError(last.cause) && !seen.has(last.cause)) {
    // It has come through several processes: the first one is where it was thrown.
    if (last.cause instanceof RemoteError) return;
    seen.add(last);
    last = last.cause;
  }
  // A cause that is no error is the thrower's, and stays.
  if (last.cause !== undefined) return;
  try {
    Object.defineProperty(last, 'cause', { value: remote, enumerable: false, configurable: true, writable: true });
  } catch {
    // Frozen: it arrives without.
  }
}

/** An error of the same class without those properties that cannot travel. */
function travelingPart(error: Error, options: CodeOption): Error {
  // Made without the class's constructor, which may do anything.
  const part: Error = Reflect.construct(Error, [], safeConstructor(error));
  for (const key of new Set(['message', 'stack', 'name', 'cause', 'errors', ...Object.keys(error)])) {
    try {
      // Even to ask for the descriptor of `stack` runs code: the stack is made then, with the message.
      const property = Object.getOwnPropertyDescriptor(error, key);
      if (property === undefined) continue;
      const value = (error as unknown as Record<string, unknown>)[key];
      encode(value, key, options);
      Object.defineProperty(part, key, {
        value,
        enumerable: property.enumerable === true,
        configurable: true,
        writable: true,
      });
    } catch {
      // Left out.
    }
  }
  return part;
}

function safeConstructor(error: Error): ErrorConstructor {
  const Class = readIfPossible(error, 'constructor');
  return typeof Class === 'function' && !types.isProxy(Class) && Class.prototype === Object.getPrototypeOf(error)
    ? (Class as ErrorConstructor)
    : Error;
}

function encodeIfPossible(value: unknown, options: CodeOption): Encoded | undefined {
  try {
    return encode(value, 'the error', options);
  } catch {
    return undefined;
  }
}

function readIfPossible(object: object, key: string): unknown {
  try {
    return (object as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  try {
    return value instanceof Error;
  } catch {
    // A revoked Proxy.
    return false;
  }
}

function stackOf(error: Error): string | undefined {
  const stack = readIfPossible(error, 'stack');
  return typeof stack === 'string' ? stack : undefined;
}

function describe(thrown: unknown): string {
  try {
    return isError(thrown) ? `${thrown.name}: ${thrown.message}` : inspect(thrown, { depth: 1, breakLength: Infinity });
  } catch {
    return 'something that cannot be described';
  }
}
