import { COMPOUND_BYTES } from '../memory/compound.ts';
import type { BlockId } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { bytesOf, wordsOf } from '../memory/words.ts';
import { scratch as smallMessage } from '../reduction/small-writer.ts';
import type { Segment } from './segments.ts';
import { loadWide, storeWide } from './stream-layout.ts';

/*
 * The records of a segment, each from a multiple of 4 bytes on. Word 0 is [ value : 28 | HEADED : 1 | NEEDS_MODULES : 1 | kind : 2 ]:
 *
 *     INLINE   value: the message's length in bytes; then its bytes
 *     PARCEL   words 1, 2: offset of the block that the message is in; 3: its stamp; 4, 5: the message's length; 6, 7: with
 *              the buffers that it takes along
 *     NEXT     words 1, 2: the place of the segment in which the next record is
 *
 * A message with a head has its words at the end of the record.
 */
const INLINE = 0;
const PARCEL = 1;
const NEXT = 2;
const KIND_MASK = 3;
const NEEDS_MODULES = 4;
const HEADED = 8;
const VALUE_SHIFT = 4;

const INLINE_HEADER = 4;
const PARCEL_BYTES = 32;
const HEAD_WORDS = 4;
const HEAD_BYTES: number = HEAD_WORDS * 4;
/** Every segment has this much room behind its last message. */
export const NEXT_BYTES = 12;
/** Where the message begins in its block. */
export const PARCEL_START: number = COMPOUND_BYTES;
/** Larger messages are blocks of their own. */
export const INLINE_MOST: number = 32 << 10;
// Up to here a loop over words is faster than a call.
const LOOP_MOST = 64;

/** Words that go beside a message: they are there whatever becomes of the message itself. */
export type Head = Int32Array<ArrayBuffer>;

export function newHead(): Head {
  return new Int32Array(HEAD_WORDS);
}

/** A message to be sent. */
export interface Outgoing {
  /** Nothing when it is in a parcel. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The receiver has to import modules before it can decode it. */
  readonly needsModules: boolean;
  /** Its bytes, and those of the buffers that it takes along. */
  readonly weight: number;
  /** The block that has these bytes, when they are many or refer to shared objects. */
  readonly parcel: Block | undefined;
  /** Copied when the message is sent. */
  readonly head: Head | undefined;
}

/** A message that was received. */
export interface Incoming {
  /** Good until the next message is received. Nothing when it is in a parcel: see `contentOf`. */
  bytes: Uint8Array;
  start: number;
  end: number;
  /** See Outgoing. */
  weight: number;
  needsModules: boolean;
  /** To be released when the message is decoded. */
  parcel: Block | undefined;
  /** Good until the next message is received; says nothing when the message has none. */
  readonly head: Head;
}

/** What the message takes in a segment. */
export function recordBytes({ start, end, parcel, head }: Outgoing): number {
  const bytes = parcel === undefined ? (INLINE_HEADER + end - start + 3) & ~3 : PARCEL_BYTES;
  return head === undefined ? bytes : bytes + HEAD_BYTES;
}

/** Whether a record fits, and behind it the one that leads to the next segment. */
export function hasRoom(segment: Segment, at: number, bytes: number): boolean {
  return at + bytes + NEXT_BYTES <= segment.byteLength;
}

export function writeInline(segment: Segment, at: number, message: Outgoing): void {
  const { bytes, start, end } = message;
  const index = at >> 2;
  segment.words[index] = ((end - start) << VALUE_SHIFT) | flagsOf(message) | INLINE;
  if (bytes !== smallMessage) {
    const isWhole = start === 0 && end === bytes.length;
    segment.bytes.set(isWhole ? bytes : bytes.subarray(start, end), at + INLINE_HEADER);
  } else if (end > LOOP_MOST) segment.bytes.set(smallBytes.subarray(0, end), at + INLINE_HEADER);
  else copyWords(smallWords, 0, end, segment.words, index + 1);
  // After the bytes, which may write up to 3 more.
  if (message.head !== undefined) writeHead(segment, index + ((INLINE_HEADER + end - start + 3) >> 2), message.head);
}

export function writeParcel(segment: Segment, at: number, parcel: BlockId, message: Outgoing): void {
  const { words } = segment;
  const index = at >> 2;
  words[index] = PARCEL | flagsOf(message);
  storeWide(words, index + 1, parcel.offset);
  words[index + 3] = parcel.stamp | 0;
  storeWide(words, index + 4, message.end - message.start);
  storeWide(words, index + 6, message.weight);
  if (message.head !== undefined) writeHead(segment, index + (PARCEL_BYTES >> 2), message.head);
}

function flagsOf({ needsModules, head }: Outgoing): number {
  return (needsModules ? NEEDS_MODULES : 0) | (head === undefined ? 0 : HEADED);
}

function writeHead({ words }: Segment, index: number, head: Head): void {
  for (let i = 0; i < HEAD_WORDS; i++) words[index + i] = head[i] as number;
}

export function writeNext(segment: Segment, at: number, place: number): void {
  segment.words[at >> 2] = NEXT;
  storeWide(segment.words, (at >> 2) + 1, place);
}

/** The place of the next segment, if that is what the record says. */
export function nextSegment(segment: Segment, at: number): number | undefined {
  return kindAt(segment, at) === NEXT ? loadWide(segment.words, (at >> 2) + 1) : undefined;
}

/** The block that the message is in, if it is in one. */
export function parcelAt(segment: Segment, at: number): BlockId | undefined {
  if (kindAt(segment, at) !== PARCEL) return undefined;
  const index = at >> 2;
  return { offset: loadWide(segment.words, index + 1), stamp: (segment.words[index + 3] as number) >>> 0 };
}

/** What the record at this place takes. */
export function bytesAt(segment: Segment, at: number): number {
  const word = segment.words[at >> 2] as number;
  const isParcel = (word & KIND_MASK) === PARCEL;
  const bytes = isParcel ? PARCEL_BYTES : (INLINE_HEADER + (word >>> VALUE_SHIFT) + 3) & ~3;
  return (word & HEADED) === 0 ? bytes : bytes + HEAD_BYTES;
}

/** Small plain messages come in this buffer. */
const smallWords = wordsOf(smallMessage.buffer as ArrayBuffer);
const smallBytes = bytesOf(smallMessage.buffer as ArrayBuffer);
const scratch = new Uint8Array(INLINE_MOST);
export const NO_BYTES: Uint8Array = new Uint8Array(0);
const scratchWords = wordsOf(scratch.buffer);
const incoming: Incoming = {
  bytes: scratch,
  start: 0,
  end: 0,
  weight: 0,
  needsModules: false,
  parcel: undefined,
  head: newHead(),
};

/**
 * Reads a record.
 * @param parcel the block that it names, if it names one
 * @returns the same object each time
 */
export function readRecord(segment: Segment, at: number, parcel: Block | undefined): Incoming {
  const word = segment.words[at >> 2] as number;
  incoming.needsModules = (word & NEEDS_MODULES) !== 0;
  incoming.parcel = parcel;
  if (parcel === undefined) {
    const start = at + INLINE_HEADER;
    incoming.bytes = scratch;
    incoming.start = 0;
    incoming.end = word >>> VALUE_SHIFT;
    incoming.weight = incoming.end;
    const { end } = incoming;
    if (end > LOOP_MOST) scratch.set(segment.bytes.subarray(start, start + end));
    else copyWords(segment.words, start >> 2, end, scratchWords, 0);
  } else {
    incoming.bytes = NO_BYTES;
    incoming.start = PARCEL_START;
    incoming.end = PARCEL_START + loadWide(segment.words, (at >> 2) + 4);
    incoming.weight = loadWide(segment.words, (at >> 2) + 6);
  }
  if ((word & HEADED) !== 0) {
    copyWords(segment.words, (at + bytesAt(segment, at) - HEAD_BYTES) >> 2, HEAD_BYTES, incoming.head, 0);
  }
  return incoming;
}

/** What `start` and `end` of a message are in. A view of a parcel costs more than a small message: only who needs it makes it. */
export function contentOf({ bytes, parcel }: Pick<Incoming, 'bytes' | 'parcel'>): Uint8Array {
  return parcel === undefined ? bytes : parcel.bytes;
}

function kindAt(segment: Segment, at: number): number {
  return (segment.words[at >> 2] as number) & KIND_MASK;
}

/** Up to 3 bytes more than asked for: there is room for them on both sides. */
function copyWords(source: Int32Array, from: number, bytes: number, target: Int32Array, to: number): void {
  for (const end = from + ((bytes + 3) >> 2); from < end;) target[to++] = source[from++] as number;
}
