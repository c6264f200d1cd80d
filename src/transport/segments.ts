import type { Arena } from '../memory/arena.ts';
import { allocateForFilling } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { bytesOf, wordsOf } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { binding } from '../native/binding.ts';
import { highOf } from './stream-layout.ts';

const PAGE = 4096;
/** What the heap keeps of the first page of a block. */
const HEADER = 64;
/** A stream begins with one page; 16 pages hold about a thousand small messages. */
const LARGEST_CLASS = 4;
const CLASS_STEP = 2;
const CLASS_MASK = 15;
const STAMP = 0;
/** Bytes in front of the first record: the block's stamp. */
export const SEGMENT_START = 16;
const MOST_VIEWS = 32;

/** A piece of a stream of messages, as this environment sees it. */
export interface Segment {
  /** Its offset in the arena, with its size class in the lowest 4 bits: all that another process needs. */
  readonly place: number;
  /** The words of `place`. */
  readonly low: number;
  readonly high: number;
  readonly byteLength: number;
  readonly words: Words;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The views of segments that this environment has made lately: making one takes longer than a message. */
export class SegmentViews {
  readonly #arena: Arena;
  readonly #known = new Map<number, Segment>();

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** The mapping stays for ever, so that even the view of a segment that has gone may be looked at. */
  at(place: number): Segment {
    let segment = this.#known.get(place);
    if (segment === undefined) {
      const byteLength = sizeOf(place & CLASS_MASK);
      const buffer = binding.view(this.#arena.index, place - (place & CLASS_MASK), byteLength);
      segment = {
        place,
        low: place | 0,
        high: highOf(place),
        byteLength,
        words: wordsOf(buffer),
        bytes: bytesOf(buffer),
      };
      for (const oldest of this.#known.keys()) {
        if (this.#known.size < MOST_VIEWS) break;
        this.#known.delete(oldest);
      }
      this.#known.set(place, segment);
    }
    return segment;
  }
}

/**
 * A new segment, four times as large as the one before it; the caller holds the block.
 * @param before the place of that one, 0 = none
 * @param least bytes of records that it has to have room for, at most half of the largest size
 */
export function allocateSegment(
  arena: Arena,
  before: number,
  least: number,
): { readonly block: Block; readonly place: number } {
  let sizeClass = before === 0 ? 0 : Math.min((before & CLASS_MASK) + CLASS_STEP, LARGEST_CLASS);
  while (sizeOf(sizeClass) < SEGMENT_START + least) sizeClass += CLASS_STEP;
  const block = allocateForFilling(arena, sizeOf(sizeClass), 0);
  return { block, place: block.offset + sizeClass };
}

/** Has the segment know its own stamp. */
export function describeSegment(segment: Segment, stamp: number): void {
  segment.words[STAMP] = stamp | 0;
}

/** The block that the segment is. */
export function segmentBlock(segment: Segment): { readonly offset: number; readonly stamp: number } {
  return { offset: segment.place - (segment.place & CLASS_MASK), stamp: (segment.words[STAMP] as number) >>> 0 };
}

function sizeOf(sizeClass: number): number {
  return (PAGE << sizeClass) - HEADER;
}
