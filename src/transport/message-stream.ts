import { dropFor, holdFor, isVacated } from '../memory/compound.ts';
import { attachIn } from '../memory/heap.ts';
import type { Block } from '../memory/heap.ts';
import { add, load, loadHeld, loadNext, store, storeHeld } from '../memory/words.ts';
import type { Words } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { OwnerLock } from '../synchronize/owner-lock.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import { PARCEL, Promises, SEGMENT } from './promises.ts';
import {
  bytesAt,
  hasRoom,
  NEXT_BYTES,
  nextSegment,
  parcelAt,
  readRecord,
  recordBytes,
  writeInline,
  writeNext,
  writeParcel,
} from './records.ts';
import type { Incoming, Outgoing } from './records.ts';
import { allocateSegment, describeSegment, segmentBlock, SegmentViews, SEGMENT_START } from './segments.ts';
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

const NO_ROLES: StreamRoles = { writer: 0, reader: 0 };

/**
 * Messages of any length in their order, from many producers to many consumers, in segments that are linked as they are
 * needed (segments.ts) and hold one record after the other (records.ts):
 *
 *     put positions -->  [ message ][ message ][ next ] --> [ message ] ...     put: messages ever put
 *     get positions -->  ^ the oldest                                           got: messages ever taken
 *
 *     a message is      when                      by whom
 *     being written     its number >= put         the owner of the producer lock
 *     sent              got <= its number < put
 *     being read        its number = got          the owner of the consumer lock
 *     gone              its number < got
 *
 * The one store that sends a message adds to `put`, the one that takes it adds to `got`. The position of message n stands
 * at n modulo 2, so that what is written before that store is where nobody looks. Messages that are large, or refer to
 * shared objects, are blocks of their own that the stream's block holds meanwhile (promises.ts).
 *
 * Crash rule: a producer that dies before its store has sent nothing, one that dies after it has sent all; a consumer
 * that dies before its store leaves the message to the next. Their locks are taken over, their promises settled.
 */
export class MessageStream {
  readonly producers: OwnerLock;
  readonly consumers: OwnerLock;
  /** What a consumer waits for while there is nothing. */
  readonly dataWait: Wait;
  readonly #block: Block;
  readonly #words: Words;
  readonly #base: number;
  readonly #put: number;
  readonly #got: number;
  readonly #roles: StreamRoles;
  readonly #maxSize: number;
  readonly #maxBytes: number;
  readonly #dataPoint: WaitPoint;
  readonly #spacePoint: WaitPoint;
  readonly #spaceWait: Wait;
  readonly #putPromises: Promises;
  readonly #getPromises: Promises;
  readonly #segments: SegmentViews;
  #putSegment: Segment | undefined;
  #getSegment: Segment | undefined;

  /** Sets up the zeroed control words of a new stream, before anybody else can see them. */
  static initialize(block: Block, number: number, { maxSize, maxBytes }: StreamLimits): void {
    const base = at.streamBase(block, number);
    store(block.words, base + at.MAX_SIZE, maxSize);
    at.storeWide(block.words, base + at.MAX_BYTES, maxBytes);
  }

  /** Stream `number` of a compound block. */
  constructor(block: Block, number: number, roles: StreamRoles = NO_ROLES) {
    const { words } = block;
    const base = at.streamBase(block, number);
    this.#block = block;
    this.#words = words;
    this.#base = base;
    this.#put = base + at.PUT;
    this.#got = base + at.GOT;
    this.#roles = roles;
    this.#maxSize = load(words, base + at.MAX_SIZE);
    this.#maxBytes = at.loadWide(words, base + at.MAX_BYTES);
    this.producers = new OwnerLock(block, words, base + at.PRODUCER_LOCK);
    this.consumers = new OwnerLock(block, words, base + at.CONSUMER_LOCK);
    this.#dataPoint = new WaitPoint(block, words, base + at.DATA_SIGNAL);
    this.#spacePoint = new WaitPoint(block, words, base + at.SPACE_SIGNAL);
    this.dataWait = new Wait(this.#dataPoint, this.#put);
    this.#spaceWait = new Wait(this.#spacePoint, this.#got);
    this.#putPromises = new Promises(block, words, base + at.PRODUCER_PROMISES);
    this.#getPromises = new Promises(block, words, base + at.CONSUMER_PROMISES);
    this.#segments = new SegmentViews(block.arena);
  }

  get limits(): StreamLimits {
    return { maxSize: this.#maxSize, maxBytes: this.#maxBytes };
  }

  /** Messages that are sent and not yet taken. */
  get size(): number {
    return this.#atOnce(at.distance);
  }

  /** Bytes of these messages; a good guess while others send and take. */
  get bytes(): number {
    const got = load(this.#words, this.#got);
    return this.#bytesBetween(load(this.#words, this.#put), got);
  }

  /** Messages ever sent, modulo 2^31. */
  get sent(): number {
    return (load(this.#words, this.#put) >> 1) & 0x7fffffff;
  }

  /** Whether nothing more will come: the last writer has gone, and all is read. */
  get isDrained(): boolean {
    return this.#isGivenUp(load(this.#words, this.#put), this.#roles.writer) && this.size === 0;
  }

  get isFull(): boolean {
    return this.#atOnce((put, got) => this.#isFull(put, got));
  }

  /** Sends a message; or returns what to wait for before, or ENDED when nobody will read it. */
  write(message: Outgoing): true | Wait | typeof ENDED {
    const blocked = this.producers.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('stream.put.locked');
    const put = loadNext(this.#words, this.#put);
    const got = loadNext(this.#words, this.#got);
    if (this.producers.abandoned) this.#putPromises.settle(put, false);
    let result: true | Wait | typeof ENDED = true;
    try {
      if (this.#isGivenUp(got, this.#roles.reader)) result = ENDED;
      else if (this.#isFull(put, got)) result = this.#spaceWait.while(got);
      else this.#append(message, put);
    } catch (error) {
      // No memory for it: nothing has been sent.
      this.#putPromises.settle(put, false);
      throw error;
    } finally {
      this.producers.release();
    }
    // A wake of one may have gone to somebody who gave up, or was killed: whoever leaves with room left wakes another.
    if (result === true ? this.#maxSize + this.#maxBytes !== 0 && !this.isFull : result === ENDED) {
      this.#spacePoint.wakeOne();
    }
    return result;
  }

  /**
   * Takes the oldest message; or returns what to wait for before, or ENDED when none will come.
   * @param check looks at the message before it is taken: what it throws leaves the message where it is
   */
  read(check?: (message: Incoming) => void): Incoming | Wait | typeof ENDED {
    // Looked at first: who waits for a message need not wait for the lock.
    const seen = load(this.#words, this.#put);
    if (at.distance(seen, load(this.#words, this.#got)) === 0) return this.#nothing(seen);
    const blocked = this.consumers.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('stream.get.locked');
    const got = loadNext(this.#words, this.#got);
    if (this.consumers.abandoned) this.#getPromises.settle(got, true);
    const put = loadNext(this.#words, this.#put);
    if (at.distance(put, got) === 0) {
      this.consumers.release();
      return this.#nothing(put);
    }
    let message: Incoming;
    try {
      message = this.#take(got, check);
    } finally {
      this.consumers.release();
      if (this.size !== 0) this.#dataPoint.wakeOne();
    }
    return message;
  }

  /** What both counts say together at one moment, though others send and take meanwhile. */
  #atOnce<R>(say: (put: number, got: number) => R): R {
    for (;;) {
      const got = load(this.#words, this.#got);
      const result = say(load(this.#words, this.#put), got);
      if (load(this.#words, this.#got) === got) return result;
    }
  }

  #nothing(put: number): Wait | typeof ENDED {
    this.consumers.passOn();
    return this.#isGivenUp(put, this.#roles.writer) ? ENDED : this.dataWait.while(put);
  }

  #isGivenUp(count: number, role: number): boolean {
    return (count & at.VACATED) !== 0 && isVacated(this.#block, role);
  }

  #isFull(put: number, got: number): boolean {
    const size = at.distance(put, got);
    if (this.#maxSize !== 0 && size >= this.#maxSize) return true;
    if (this.#maxBytes === 0 || size === 0) return false;
    return this.#bytesBetween(put, got) >= this.#maxBytes;
  }

  #bytesBetween(put: number, got: number): number {
    const end = at.positionOf(put, this.#base + at.PUT_POSITIONS) + at.BYTES_BEFORE;
    const start = at.positionOf(got, this.#base + at.GET_POSITIONS) + at.BYTES_BEFORE;
    return at.loadWide(this.#words, end) - at.loadWide(this.#words, start);
  }

  // ---- the producer's part, with its lock ----

  #append(message: Outgoing, put: number): void {
    const position = at.positionOf(put, this.#base + at.PUT_POSITIONS);
    const bytes = recordBytes(message);
    let segment = this.#segmentAt(position, this.#putSegment);
    let place = loadHeld(this.#words, position + at.AT);
    if (segment === undefined || !hasRoom(segment, place, bytes)) {
      segment = this.#extend(segment, place, bytes, put);
      place = SEGMENT_START;
    }
    this.#putSegment = segment;
    if (message.parcel === undefined) writeInline(segment, place, message);
    else this.#keepParcel(segment, place, message.parcel, message, put);
    const next = at.positionOf(put + at.COUNT_STEP, this.#base + at.PUT_POSITIONS);
    at.storeWide(this.#words, next, segment.place);
    storeHeld(this.#words, next + at.AT, place + bytes);
    this.#count(message, position, next);
    killPoint('stream.put.written');
    // SYNC: with read, which looks at the message after it has seen the count.
    add(this.#words, this.#put, at.COUNT_STEP);
    killPoint('stream.put.sent');
    this.#putPromises.done(SEGMENT);
    this.#putPromises.done(PARCEL);
    this.#dataPoint.wakeOne();
    killPoint('stream.put.woken');
  }

  #count({ start, end }: Outgoing | Incoming, position: number, next: number): void {
    const before = at.loadWide(this.#words, position + at.BYTES_BEFORE);
    at.storeWide(this.#words, next + at.BYTES_BEFORE, before + end - start);
  }

  #segmentAt(position: number, known: Segment | undefined): Segment | undefined {
    const place = at.loadWide(this.#words, position);
    if (place === 0) return undefined;
    return known?.place === place ? known : this.#segments.at(place);
  }

  /** A new segment behind `segment`, which the stream's block holds, for a record of so many bytes. */
  #extend(segment: Segment | undefined, end: number, bytes: number, put: number): Segment {
    const { block, place } = allocateSegment(this.#block.arena, segment?.place ?? 0, bytes + NEXT_BYTES);
    using _ = block;
    const next = this.#segments.at(place);
    describeSegment(next, block.stamp);
    this.#putPromises.make(SEGMENT, block, put);
    killPoint('stream.put.promised');
    holdFor(this.#block, block);
    killPoint('stream.put.extended');
    if (segment === undefined) at.storeWide(this.#words, this.#base + at.FIRST_SEGMENT, next.place);
    else writeNext(segment, end, next.place);
    return next;
  }

  #keepParcel(segment: Segment, place: number, parcel: Block, message: Outgoing, put: number): void {
    this.#putPromises.make(PARCEL, parcel, put);
    holdFor(this.#block, parcel);
    killPoint('stream.put.parcel-held');
    writeParcel(segment, place, parcel, message);
  }

  // ---- the consumer's part, with its lock ----

  #take(got: number, check: ((message: Incoming) => void) | undefined): Incoming {
    const position = at.positionOf(got, this.#base + at.GET_POSITIONS);
    let segment = this.#segmentAt(position, this.#getSegment) ?? this.#firstSegment();
    let place = loadHeld(this.#words, position + at.AT) || SEGMENT_START;
    let left: Segment | undefined;
    const behind = nextSegment(segment, place);
    if (behind !== undefined) {
      left = segment;
      segment = this.#segments.at(behind);
      place = SEGMENT_START;
      this.#getPromises.make(SEGMENT, segmentBlock(left), got);
    }
    const parcelId = parcelAt(segment, place);
    const parcel = parcelId === undefined ? undefined : attachIn(this.#block.arena, parcelId);
    if (parcelId !== undefined) this.#getPromises.make(PARCEL, parcelId, got);
    killPoint('stream.get.promised');
    const message = readRecord(segment, place, parcel);
    if (check !== undefined) this.#check(message, check);
    const next = at.positionOf(got + at.COUNT_STEP, this.#base + at.GET_POSITIONS);
    at.storeWide(this.#words, next, segment.place);
    storeHeld(this.#words, next + at.AT, place + bytesAt(segment, place));
    this.#count(message, position, next);
    killPoint('stream.get.copied');
    // SYNC: with write, which looks at the room after it has seen the count.
    add(this.#words, this.#got, at.COUNT_STEP);
    killPoint('stream.get.taken');
    this.#getSegment = segment;
    if (left !== undefined) {
      dropFor(this.#block, segmentBlock(left));
      killPoint('stream.get.left');
      this.#getPromises.done(SEGMENT);
    }
    if (parcelId !== undefined) {
      dropFor(this.#block, parcelId);
      killPoint('stream.get.parcel-dropped');
      this.#getPromises.done(PARCEL);
    }
    this.#spacePoint.wakeOne();
    killPoint('stream.get.woken');
    return message;
  }

  #firstSegment(): Segment {
    return this.#segments.at(at.loadWide(this.#words, this.#base + at.FIRST_SEGMENT));
  }

  #check(message: Incoming, check: (message: Incoming) => void): void {
    try {
      check(message);
    } catch (error) {
      this.#getPromises.done(SEGMENT);
      this.#getPromises.done(PARCEL);
      message.parcel?.release();
      throw error;
    }
  }
}
