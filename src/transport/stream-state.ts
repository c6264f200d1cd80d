import { isVacated } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { load, loadHeld, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { SegmentViews } from './segments.ts';
import type { Segment } from './segments.ts';
import * as at from './stream-layout.ts';

/** The result when the other end has been given up: nothing will come, or be taken, any more. */
export const ENDED: unique symbol = Symbol('ended');

/** What a stream is limited to; 0 = not at all. */
export interface StreamLimits {
  readonly maxSize: number;
  /** In bytes; a message that is larger passes when it is alone. */
  readonly maxBytes: number;
}

/** The roles in which the ends of the stream are held; 0 = it ends with its block only. */
export interface StreamRoles {
  readonly writer: number;
  readonly reader: number;
}

/** The words of a stream, as both of its sides see them. */
export class StreamState {
  readonly block: Block;
  readonly words: Words;
  readonly base: number;
  /** Index of the count of messages ever put. */
  readonly put: number;
  /** Index of the count of messages ever taken. */
  readonly got: number;
  readonly roles: StreamRoles;
  readonly limits: StreamLimits;
  readonly #segments: SegmentViews;

  /** Of stream `number` of a compound block. */
  constructor(block: Block, number: number, roles: StreamRoles) {
    const { words } = block;
    const base = at.streamBase(block, number);
    this.block = block;
    this.words = words;
    this.base = base;
    this.put = base + at.PUT;
    this.got = base + at.GOT;
    this.roles = roles;
    this.limits = { maxSize: load(words, base + at.MAX_SIZE), maxBytes: at.loadWide(words, base + at.MAX_BYTES) };
    this.#segments = new SegmentViews(block.arena);
  }

  /** Messages that are sent and not yet taken. */
  get size(): number {
    return this.atOnce(at.distance);
  }

  /** What both counts say together at one moment, though others send and take meanwhile. */
  atOnce<R>(say: (put: number, got: number) => R): R {
    for (;;) {
      const got = load(this.words, this.got);
      const result = say(load(this.words, this.put), got);
      if (load(this.words, this.got) === got) return result;
    }
  }

  /** Bytes of all messages before the one with this count. */
  bytesPut(count: number): number {
    return at.loadWide(this.words, this.putPosition(count) + at.BYTES_BEFORE);
  }

  /** As `bytesPut`; without the consumer's lock it may be those before a later message. */
  bytesGot(count: number): number {
    return at.loadWide(this.words, this.getPosition(count) + at.BYTES_BEFORE);
  }

  /** Whether all have given up an end; a bit in each count says that it is worth a look. */
  isGivenUp(count: number, role: number): boolean {
    return (count & at.VACATED) !== 0 && isVacated(this.block, role);
  }

  // ---- positions, for the owner of the lock ----

  putPosition(count: number): number {
    return at.positionOf(count, this.base + at.PUT_POSITIONS);
  }

  getPosition(count: number): number {
    return at.positionOf(count, this.base + at.GET_POSITIONS);
  }

  /** The segment of a position; undefined before the first message. */
  segmentAt(position: number, known: Segment | undefined): Segment | undefined {
    if (known !== undefined && at.isWide(this.words, position, known.low, known.high)) return known;
    const place = at.loadWide(this.words, position);
    return place === 0 ? undefined : this.#segments.at(place);
  }

  segment(place: number): Segment {
    return this.#segments.at(place);
  }

  /** Writes the position behind a message: nobody looks there before the count has moved. */
  advance(from: number, to: number, segment: Segment, place: number, bytes: number): void {
    const { words } = this;
    storeHeld(words, to, segment.low);
    storeHeld(words, to + 1, segment.high);
    storeHeld(words, to + at.AT, place);
    at.addWide(words, from + at.BYTES_BEFORE, bytes, to + at.BYTES_BEFORE);
  }

  placeAt(position: number): number {
    return loadHeld(this.words, position + at.AT);
  }
}
