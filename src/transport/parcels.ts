import type { Arena } from '../memory/arena.ts';
import { allocateForFilling, COMPOUND, holdFor } from '../memory/compound.ts';
import { beginCollection, endCollection } from '../memory/heap.ts';
import type { Block } from '../memory/heap.ts';
import {
  decode,
  decodeFrom,
  encodeInto,
  encodeOther,
  encodeSmall,
  isSmallMessage,
  modulesOf,
} from '../reduction/codec.ts';
import type { EncodedInPlace } from '../reduction/codec.ts';
import { SerializationError } from '../support/errors.ts';
import { BlockCarrier, copyOf, copyOut } from './block-carrier.ts';
import { modulesAreLoaded, resolveModules } from '../reduction/module-table.ts';
import { contentOf, INLINE_MOST, NO_BYTES, PARCEL_START } from './records.ts';
import type { Head, Incoming, Outgoing } from './records.ts';
import { scratch as smallMessage } from '../reduction/small-writer.ts';
import { registerSockets } from './sockets.ts';

registerSockets(import.meta.url);

const PARCEL_KIND: number = COMPOUND + 0x50415243;

/** Whoever can write into our memory could do worse than to send code. */
const FROM_FAMILY = { code: true };

/**
 * Makes a message of a value. What is large, or refers to shared objects, becomes a block of its own, a parcel, that
 * keeps those objects alive until it has been read; the caller releases it when the message is sent.
 * @param what names the value in errors
 * @throws SerializationError when something in the value cannot travel; ResourceError when the memory is full.
 */
export function pack(arena: Arena, value: unknown, what: string, head?: Head): Outgoing {
  const end = encodeSmall(value);
  if (end === 0) return packSlowly(arena, value, what, head);
  return { bytes: smallMessage, start: 0, end, weight: end, needsModules: false, parcel: undefined, head };
}

function packSlowly(arena: Arena, value: unknown, what: string, head: Head | undefined): Outgoing {
  const other = (carrier: BlockCarrier): EncodedInPlace => encodeOther(value, what, { carrier });
  return encoding(arena, other, ({ bytes, start, end, modules }, blocks, carriedBytes) => {
    const needsModules = modules.length > 0;
    if (blocks.length === 0 && end - start <= INLINE_MOST) {
      return { bytes, start, end, weight: end - start, needsModules, parcel: undefined, head };
    }
    return packBytes(arena, bytes.subarray(start, end), needsModules, blocks, carriedBytes, head);
  });
}

/**
 * A block of its own with an encoded value, from PARCEL_START on, that keeps alive what the value refers to.
 * @throws like `pack`
 */
export function packApart(arena: Arena, value: unknown, what: string): Block {
  const any = (carrier: BlockCarrier): EncodedInPlace => encodeInto(value, what, { carrier });
  return encoding(arena, any, ({ bytes, start, end }, blocks) => newParcel(arena, bytes.subarray(start, end), blocks));
}

function encoding<R>(
  arena: Arena,
  encodeWith: (carrier: BlockCarrier) => EncodedInPlace,
  use: (encoded: EncodedInPlace, blocks: readonly Block[], carriedBytes: number) => R,
): R {
  const carrier = carrierOf(arena);
  const carried = carrier.count;
  try {
    const outer = beginCollection();
    let blocks: readonly Block[];
    let encoded: EncodedInPlace;
    try {
      encoded = encodeWith(carrier);
    } finally {
      blocks = endCollection(outer);
    }
    return use(encoded, blocks, carrier.count > carried ? carrier.bytesFrom(carried) : 0);
  } finally {
    if (carrier.count > carried) carrier.release(carried);
  }
}

const carriers = new WeakMap<Arena, BlockCarrier>();

function carrierOf(arena: Arena): BlockCarrier {
  let carrier = carriers.get(arena);
  if (carrier === undefined) carriers.set(arena, (carrier = new BlockCarrier(arena)));
  return carrier;
}

/** The same message, for later: its bytes may be in a buffer that is used again at once. */
export function kept(message: Outgoing): Outgoing {
  const head = message.head?.slice();
  if (message.parcel !== undefined) return { ...message, head };
  const bytes = copyOf(message.bytes, message.start, message.end);
  return { ...message, bytes, start: 0, end: bytes.length, head };
}

/** Makes a message of bytes. */
export function packBytes(
  arena: Arena,
  bytes: Uint8Array,
  needsModules = false,
  blocks: readonly Block[] = [],
  carriedBytes = 0,
  head?: Head,
): Outgoing {
  const weight = bytes.byteLength + carriedBytes;
  if (bytes.byteLength <= INLINE_MOST && !blocks.some((block) => block.arena === arena)) {
    return { bytes, start: 0, end: bytes.byteLength, weight, needsModules, parcel: undefined, head };
  }
  const parcel = newParcel(arena, bytes, blocks);
  return { bytes: NO_BYTES, start: PARCEL_START, end: parcel.byteLength, weight, needsModules, parcel, head };
}

function newParcel(arena: Arena, bytes: Uint8Array, blocks: readonly Block[]): Block {
  const parcel = allocateForFilling(arena, PARCEL_START + bytes.byteLength, PARCEL_KIND);
  try {
    parcel.fill(bytes, PARCEL_START);
    // What lives in another arena is kept alive by whoever has it open, not by what is under way here.
    for (const { arena: home, place, stamp } of blocks) {
      if (home === arena) holdFor(parcel, { offset: place, stamp });
    }
    return parcel;
  } catch (error) {
    parcel.release();
    throw error;
  }
}

/** Whether the value can be made at once: everything that has to be imported for it is there. */
export function isReady(message: Incoming): boolean {
  if (!message.needsModules) return true;
  return modulesAreLoaded(modulesOf(contentOf(message).subarray(message.start, message.end)));
}

/**
 * The value of a message. The message is gone then, whatever happens.
 * @throws SerializationError when it cannot be made of these bytes.
 */
export function unpack(message: Incoming): unknown {
  const { start, end, parcel } = message;
  try {
    const bytes = contentOf(message);
    // The bytes are overwritten by the next message, which what is called by the decoder may receive.
    if (parcel !== undefined || isSmallMessage(bytes, start)) return decodeFrom(bytes, start, end, FROM_FAMILY);
    return decode(bytes.slice(start, end), FROM_FAMILY);
  } finally {
    parcel?.release();
  }
}

/** The bytes of a message. */
export function unpackBytes({ bytes, start, end, parcel }: Incoming): Uint8Array<ArrayBuffer> {
  return parcel === undefined ? copyOf(bytes, start, end) : copyOut(parcel, start, end);
}

/**
 * Refuses a message that a blocking call cannot make a value of.
 * @throws SerializationError
 */
export function checkReady(message: Incoming): void {
  if (isReady(message)) return;
  throw new SerializationError(
    'The message needs modules that are not loaded in this process, and a blocking call cannot import them: ' +
      'it stays where it is. Take it with the promise form; once that has imported a module, a blocking call works, too',
  );
}

/** A message whose modules have to be imported first. */
export class LateMessage {
  readonly #bytes: Uint8Array;
  readonly #parcel: Block | undefined;

  constructor(message: Incoming) {
    const { bytes, start, end, parcel } = message;
    this.#bytes = parcel === undefined ? bytes.slice(start, end) : contentOf(message).subarray(start, end);
    this.#parcel = parcel;
  }

  /** @throws SerializationError when a module cannot be imported, or the value not be made. */
  async unpack(): Promise<unknown> {
    try {
      await resolveModules(modulesOf(this.#bytes));
      return decode(this.#bytes, FROM_FAMILY);
    } finally {
      this.#parcel?.release();
    }
  }
}
