import { SerializationError } from '../support/errors.ts';
import { Lowering } from './lowering.ts';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { PlainScan } from './plain-scan.ts';
import type { ValuePath } from './value-path.ts';

/** A value as bytes. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** URLs of the modules that the receiver imports (`resolveModules`) before it decodes. */
  readonly modules: string[];
}

/** Whether functions and classes may travel by value, which is as code. */
export interface CodeOption {
  readonly code?: boolean;
}

/**
 * Makes bytes of a value: everything that `structuredClone` takes, and functions, classes, instances of exported classes,
 * shared objects and views of shared memory.
 *
 * @param what - names the value in errors: `args` gives messages such as "args[0].callback cannot travel …"
 * @param options - `code: false` refuses functions by value, for receivers that do
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when something in it cannot travel, naming its place and a remedy.
 * @example
 * const { bytes, modules } = encode({ at: new Date(), scale: Math.PI });
 */
export function encode(value: unknown, what = 'the value', options?: CodeOption): Encoded {
  return encodeWith(value, what, (bytes, modules) => ({ bytes, modules }), options);
}

/**
 * Encodes, and calls `use` with the bytes and the modules.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) like `encode`.
 */
export function encodeWith<R>(
  value: unknown,
  what: string,
  use: (bytes: Buffer, modules: string[]) => R,
  options?: CodeOption,
): R {
  const plain = encodePlain(value);
  if (plain !== undefined) return use(plain, []);
  const lowering = new Lowering(what, options?.code !== false);
  let bytes: Buffer;
  try {
    const lowered = lowering.lower(value);
    lowering.finish();
    bytes = new MessageWriter(lowering).message(lowered);
  } catch (error) {
    throw encodingError(error, lowering.path);
  }
  return use(bytes, lowering.modules);
}

const NOTHING = { modules: [], heads: [], bodies: [], placeholders: new Map<object, number>() } as const;

/** Encodes a message that V8 carries as it is, without a copy; undefined when there is more to do for it. */
function encodePlain(value: unknown): Buffer | undefined {
  try {
    const scan = new PlainScan();
    return scan.accepts(value) ? new MessageWriter({ ...NOTHING, buffers: scan.buffers }).message(value) : undefined;
  } catch {
    // A Proxy, a getter that throws, too deep a nesting: lowering finds out which and where.
    return undefined;
  }
}

function encodingError(error: unknown, path: ValuePath): SerializationError {
  if (error instanceof SerializationError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  // The path of an endless nesting would be endless, too.
  const [place, why] =
    error instanceof RangeError && reason.includes('call stack')
      ? [path.root, 'it is nested too deeply']
      : [path.toString(), `reading it failed (${reason})`];
  return new SerializationError(`${place} cannot travel to another process: ${why}.`, { cause: error });
}

/**
 * Makes a value of the bytes of `encode`. Code is never run by it, except for the `attach` and `decode` functions that
 * this process registered: what a message refers to must have been imported before. Functions by value are code.
 *
 * @param options - `code: true` allows functions by value: for messages that can only come from the own family
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when the bytes are damaged, or refer to what is not there.
 */
export function decode(bytes: Uint8Array, options?: CodeOption): unknown {
  return reading(bytes, options?.code === true, (reader) => reader.message());
}

/** The modules that a message refers to, from its bytes alone. */
export function modulesOf(bytes: Uint8Array): readonly string[] {
  return reading(bytes, false, (reader) => reader.modules());
}

function reading<R>(bytes: Uint8Array, allowsCode: boolean, read: (reader: MessageReader) => R): R {
  const reader = new MessageReader(bytes, allowsCode);
  try {
    return read(reader);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SerializationError(`The message cannot be read: ${reason}`, { cause: error });
  }
}
