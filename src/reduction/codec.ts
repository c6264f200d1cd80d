import { SerializationError } from '../support/errors.ts';
import { copySlice } from './buffer-methods.ts';
import { countGifts, settleGifts } from './gifts.ts';
import { readLoneBytes, writeLoneBytes } from './lone-bytes.ts';
import { Lowering } from './lowering.ts';
import { FORMAT } from './message-format.ts';
import { MessageReader } from './message-reader.ts';
import { MessageWriter } from './message-writer.ts';
import { PlainScan } from './plain-scan.ts';
import { readSmall } from './small-reader.ts';
import { scratch, writeSmall } from './small-writer.ts';
import type { BufferCarrier } from './shared-views.ts';
import type { ValuePath } from './value-path.ts';

/** A value as bytes. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** URLs of the modules that the receiver imports (`resolveModules`) before it decodes. */
  readonly modules: readonly string[];
}

/** Where the bytes of a value are. */
export interface EncodedInPlace extends Encoded {
  readonly start: number;
  readonly end: number;
}

const NO_MODULES: readonly string[] = Object.freeze([]);
const inScratch = { bytes: scratch, start: 0, end: 0, modules: NO_MODULES };

/** What may be in a message. */
export interface CodeOption {
  /** Whether functions and classes may travel by value, which is as code. */
  readonly code?: boolean;
  /**
   * Nothing but data: no functions or classes in any form, no shared objects and no registered types; views of shared memory
   * are copied. For messages of other machines, on which a reader runs no code at all, and imports nothing.
   */
  readonly dataOnly?: boolean;
}

export interface EncodeOptions extends CodeOption {
  /** Takes large buffers, if they need not travel in the message. */
  readonly carrier?: BufferCarrier;
}

/**
 * Makes bytes of a value: everything that `structuredClone` takes, and functions, classes, instances of exported classes,
 * shared objects and views of shared memory.
 *
 * @param what - names the value in errors: `args` gives messages such as "args[0].callback cannot travel …"
 * @param options - `code: false` refuses functions by value, `dataOnly: true` all that is no data, for receivers that do
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when something in it cannot travel, naming its place and a remedy.
 * @example
 * const { bytes, modules } = encode({ at: new Date(), scale: Math.PI });
 */
export function encode(value: unknown, what = 'the value', options?: EncodeOptions): Encoded {
  const end = encodeSmall(value);
  if (end > 0) return { bytes: copySlice.call(scratch, 0, end), modules: NO_MODULES };
  return encodeWithV8(value, what, options);
}

/**
 * Encodes without a copy and, for a small plain value, without allocating anything: what it returns for those is one object, and
 * their bytes are in one buffer (a whole one of a multiple of 8 bytes, from its beginning). Both are valid until the next
 * `encode` or `encodeInto` of this thread, so copy the bytes before any code of the user can run. Accessors and
 * registered `encode` functions may encode: they run before this returns, and change nothing of it.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) like `encode`.
 */
export function encodeInto(value: unknown, what = 'the value', options?: EncodeOptions): EncodedInPlace {
  const end = encodeSmall(value);
  if (end > 0) {
    inScratch.end = end;
    return inScratch;
  }
  return encodeOther(value, what, options);
}

/** `encodeInto` for what `encodeSmall` does not take. */
export function encodeOther(value: unknown, what: string, options?: EncodeOptions): EncodedInPlace {
  const { bytes, modules } = encodeWithV8(value, what, options);
  return { bytes, start: 0, end: bytes.length, modules };
}

/**
 * Writes a small plain value, or some bytes, as `encodeInto` does, and says where the message ends; 0 when it is neither, and
 * `encodeOther` has to be asked. Such a message refers to no module and no shared object.
 */
export function encodeSmall(value: unknown): number {
  try {
    return writeSmall(value) || writeLoneBytes(value);
  } catch {
    // A Proxy, or a getter that throws: lowering finds out which and where.
    return 0;
  }
}

/** Whether decoding these bytes runs no code of the user, who could have them overwritten meanwhile. */
export function isSmallMessage(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === FORMAT.small || bytes[start] === FORMAT.bytes;
}

/** Encodes in V8's format, which carries everything. */
export function encodeWithV8(
  value: unknown,
  what: string,
  options: EncodeOptions = {},
): { readonly bytes: Buffer; readonly modules: string[] } {
  const plain = encodePlain(value, options.carrier?.minBytes);
  if (plain !== undefined) return { bytes: plain, modules: [] };
  const lowering = new Lowering(what, options);
  const gifts = countGifts();
  try {
    const lowered = lowering.lower(value);
    lowering.finish();
    const bytes = new MessageWriter(lowering).message(lowered);
    settleGifts(gifts, 'given');
    return { bytes, modules: lowering.modules };
  } catch (error) {
    settleGifts(gifts, 'kept');
    throw encodingError(error, lowering.path);
  }
}

const NOTHING = { modules: [], heads: [], bodies: [], placeholders: new Map<object, number>() } as const;

/** Encodes a message that V8 carries as it is, without a copy; undefined when there is more to do for it. */
function encodePlain(value: unknown, mostBytes: number | undefined): Buffer | undefined {
  try {
    const scan = new PlainScan(mostBytes);
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
 * @param options - `code: true` allows functions by value: for messages that can only come from the own family;
 * `dataOnly: true` refuses all that is not in the message itself
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) when the bytes are damaged, or refer to what is not there.
 */
export function decode(bytes: Uint8Array, options?: CodeOption): unknown {
  return bytes instanceof Uint8Array && isSmallMessage(bytes, 0)
    ? readSimple(bytes, 0, bytes.length)
    : reading(bytes, options ?? {}, (reader) => reader.message());
}

/**
 * Decodes where the bytes are, from `start` to `end` of them. Nothing in the value refers to their memory.
 *
 * @throws SerializationError (`ERR_MP_SERIALIZATION`) like `decode`.
 */
export function decodeFrom(bytes: Uint8Array, start: number, end: number, options?: CodeOption): unknown {
  return isSmallMessage(bytes, start) && start < end && end <= bytes.length
    ? readSimple(bytes, start, end)
    : decode(bytes.subarray(start, end), options);
}

function readSimple(bytes: Uint8Array, start: number, end: number): unknown {
  return bytes[start] === FORMAT.small ? readSmall(bytes, start + 1, end) : readLoneBytes(bytes, start, end);
}

/** The modules that a message refers to, from its bytes alone. */
export function modulesOf(bytes: Uint8Array): readonly string[] {
  return bytes instanceof Uint8Array && isSmallMessage(bytes, 0)
    ? NO_MODULES
    : reading(bytes, {}, (reader) => reader.modules());
}

function reading<R>(bytes: Uint8Array, options: CodeOption, read: (reader: MessageReader) => R): R {
  const reader = new MessageReader(bytes, options);
  try {
    return read(reader);
  } catch (error) {
    if (error instanceof SerializationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SerializationError(`The message cannot be read: ${reason}`, { cause: error });
  }
}
