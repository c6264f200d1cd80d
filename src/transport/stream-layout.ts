import { COMPOUND_BYTES } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { layout } from '../memory/layout.ts';
import { loadHeld, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';

/*
 * The control words of a stream of messages, from `base` on, in units of 4 bytes. Each line is a cache line of its own,
 * by who writes it:
 *
 *     0   settings                        once
 *    16   data signal                     the owner of the producer lock; consumers poll it
 *    32   space signal                    the owner of the consumer lock; producers poll it
 *    48   producer lock, put positions    the owner of the producer lock
 *    64   consumer lock, get positions    the owner of the consumer lock
 *    80   two promises of the producer    the owner of the producer lock
 *    96   two promises of the consumer    the owner of the consumer lock
 */

/** A stream's control words, in bytes. */
const STREAM_BYTES = 448;
export const MAX_SIZE = 0;
/** lo, hi: in bytes. */
export const MAX_BYTES = 1;
/** lo, hi: the place of the first segment of all. */
export const FIRST_SEGMENT = 3;
/** Tasks that are done, of a JoinableQueue: not the stream's own business. */
export const DONE_SIGNAL = 8;
export const DONE: number = DONE_SIGNAL + (layout.signalWord >> 2);
export const DATA_SIGNAL = 16;
export const PUT: number = DATA_SIGNAL + (layout.signalWord >> 2);
export const SPACE_SIGNAL = 32;
export const GOT: number = SPACE_SIGNAL + (layout.signalWord >> 2);
export const PRODUCER_LOCK = 48;
export const PUT_POSITIONS = 52;
export const CONSUMER_LOCK = 64;
export const GET_POSITIONS = 68;
export const PRODUCER_PROMISES = 80;
export const CONSUMER_PROMISES = 96;

/** A count of messages: [ count : 31 | VACATED : 1 ]; the lowest bit says that an end may have been given up. */
export const COUNT_STEP = 2;
export const VACATED = 1;
/** Messages are numbered modulo 2^31. */
export const NUMBER_MASK = 0x7fffffff;

/** A position: lo, hi of the segment's place; byte in it; lo, hi of the bytes of all messages before. Two take turns. */
const POSITION_WORDS = 5;
export const AT = 2;
export const BYTES_BEFORE = 3;

/** The index of the position that belongs to a count, below `positions`. */
export function positionOf(count: number, positions: number): number {
  return positions + ((count >> 1) & 1) * POSITION_WORDS;
}

/** Messages between two counts. */
export function distance(put: number, got: number): number {
  return ((put >> 1) - (got >> 1)) & NUMBER_MASK;
}

const HIGH = 2 ** 32;

/** A number up to 2^53 in two words, behind a lock or not yet published. */
export function loadWide(words: Words, index: number): number {
  return (loadHeld(words, index) >>> 0) + loadHeld(words, index + 1) * HIGH;
}

export function storeWide(words: Words, index: number, value: number): void {
  storeHeld(words, index, value | 0);
  storeHeld(words, index + 1, highOf(value));
}

/** The upper word of a wide number; the lower one is `number | 0`. */
export function highOf(value: number): number {
  return Math.floor(value / HIGH);
}

/** Whether a wide number has these words. */
export function isWide(words: Words, index: number, low: number, high: number): boolean {
  return loadHeld(words, index) === low && loadHeld(words, index + 1) === high;
}

/** Stores the sum of a wide number and another at `to`; in integers as long as that is possible, which takes half the time. */
export function addWide(words: Words, index: number, value: number, to: number): void {
  const sum = loadHeld(words, index) + value;
  // The lower word is signed: below 2^31 nothing is carried.
  if (loadHeld(words, index) < 0 || sum !== (sum | 0)) {
    storeWide(words, to, loadWide(words, index) + value);
    return;
  }
  storeHeld(words, to, sum);
  storeHeld(words, to + 1, loadHeld(words, index + 1));
}

/** The cache line on which the stream with this number begins, in a block that has nothing else before them. */
export function streamBase(block: Block, number: number): number {
  // Payloads begin 16 or 64 bytes behind a multiple of 64.
  const lead = -(block.offset + COMPOUND_BYTES) & 63;
  return (COMPOUND_BYTES + lead + number * STREAM_BYTES) >> 2;
}

/** Bytes of a compound block with so many streams and nothing else. */
export function streamBlockBytes(streams: number): number {
  return COMPOUND_BYTES + 64 + streams * STREAM_BYTES;
}

/**
 * Where the signals of so many streams are in a compound block, in bytes. They are told in this order: a producer that is woken
 * by the second of a stream looks for the bit in the first, which is in its own cache.
 */
export function signalsOf(block: Block, streams: number): number[] {
  return Array.from({ length: streams }, (_, number) => streamBase(block, number)).flatMap((base) => [
    (base + DATA_SIGNAL) * 4,
    (base + SPACE_SIGNAL) * 4,
  ]);
}
