import { holdFor } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { add, load, loadNext } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { OwnerLock } from '../synchronize/owner-lock.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import { PARCEL, Promises, SEGMENT } from './promises.ts';
import { hasRoom, recordBytes, roomFor, writeInline, writeNext, writeParcel } from './records.ts';
import type { Outgoing } from './records.ts';
import { allocateSegment, describeSegment, SEGMENT_START } from './segments.ts';
import type { Segment } from './segments.ts';
import * as at from './stream-layout.ts';
import { ENDED } from './stream-state.ts';
import type { StreamState } from './stream-state.ts';

/** The side of a stream that puts messages in (message-stream.ts has the whole). */
export class StreamProducer {
  readonly #state: StreamState;
  readonly #lock: OwnerLock;
  readonly #dataPoint: WaitPoint;
  readonly #spacePoint: WaitPoint;
  readonly #spaceWait: Wait;
  readonly #promises: Promises;
  #segment: Segment | undefined;
  /** What consumers had taken when it was last looked at. */
  #got = 0;
  #bytesGot = 0;
  /** The count behind the message that was put here last. */
  #next = -1;

  constructor(state: StreamState) {
    const { block, words, base } = state;
    this.#state = state;
    this.#lock = new OwnerLock(block, words, base + at.PRODUCER_LOCK);
    this.#dataPoint = new WaitPoint(block, words, base + at.DATA_SIGNAL);
    this.#spacePoint = new WaitPoint(block, words, base + at.SPACE_SIGNAL);
    this.#spaceWait = new Wait(this.#spacePoint, state.got);
    this.#promises = new Promises(block, words, base + at.PRODUCER_PROMISES);
  }

  get isFull(): boolean {
    return this.#isFull(load(this.#state.words, this.#state.put));
  }

  /** Sends a message; or returns what to wait for before, or ENDED when nobody will read it. */
  write(message: Outgoing): true | Wait | typeof ENDED {
    const blocked = this.#lock.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('stream.put.locked');
    const state = this.#state;
    const put = loadNext(state.words, state.put);
    if (this.#lock.abandoned) this.#promises.settle(put, false);
    let result: true | Wait | typeof ENDED = true;
    try {
      if (state.isGivenUp(put, state.roles.reader)) result = ENDED;
      else if (this.#isFull(put)) result = this.#spaceWait.while(this.#got);
      else this.#append(message, put);
    } catch (error) {
      // No memory for it: nothing has been sent.
      this.#promises.settle(put, false);
      throw error;
    } finally {
      const wanted = this.#lock.releaseWanted();
      // A wake of one may have gone to somebody who then waited for the lock and gave up: whoever leaves with room left
      // wakes another.
      if (wanted && (result === ENDED || (result === true && !this.isFull))) this.#spacePoint.wakeOne();
    }
    return result;
  }

  /** What consumers have taken is looked at only when it matters: the word is in their cache. */
  #isFull(put: number): boolean {
    const { maxSize, maxBytes } = this.#state.limits;
    if (maxSize === 0 && maxBytes === 0) return false;
    // While nobody else puts, what was seen lately is at most out of date; later it may be from another round of counts.
    if (put === this.#next && !this.#hasReached(put, maxSize, maxBytes)) return false;
    this.#got = load(this.#state.words, this.#state.got);
    this.#bytesGot = this.#state.bytesGot(this.#got);
    return this.#hasReached(put, maxSize, maxBytes);
  }

  #hasReached(put: number, maxSize: number, maxBytes: number): boolean {
    const size = at.distance(put, this.#got);
    if (maxSize !== 0 && size >= maxSize) return true;
    return maxBytes !== 0 && size !== 0 && this.#state.bytesPut(put) - this.#bytesGot >= maxBytes;
  }

  #append(message: Outgoing, put: number): void {
    const state = this.#state;
    const position = state.putPosition(put);
    const bytes = recordBytes(message);
    let segment = state.segmentAt(position, this.#segment);
    let place = state.placeAt(position);
    if (segment === undefined || !hasRoom(segment, place, bytes)) {
      segment = this.#extend(segment, place, put, bytes);
      place = SEGMENT_START;
    }
    this.#segment = segment;
    if (message.parcel === undefined) writeInline(segment, place, message);
    else this.#keepParcel(segment, place, message.parcel, message, put);
    state.advance(
      position,
      state.putPosition(put + at.COUNT_STEP),
      segment,
      place + bytes,
      message.end - message.start,
    );
    killPoint('stream.put.written');
    // SYNC: with StreamConsumer.read, which looks at the message after it has seen the count.
    this.#next = (add(state.words, state.put, at.COUNT_STEP) + at.COUNT_STEP) | 0;
    killPoint('stream.put.sent');
    this.#promises.done(SEGMENT);
    this.#promises.done(PARCEL);
    this.#dataPoint.wakeOne();
    killPoint('stream.put.woken');
  }

  /** A new segment behind `segment`, for a record of so many bytes, which the stream's block holds. */
  #extend(segment: Segment | undefined, end: number, put: number, bytes: number): Segment {
    const state = this.#state;
    const { block, place } = allocateSegment(state.block.arena, segment?.place ?? 0, roomFor(bytes));
    using _ = block;
    const next = state.segment(place);
    describeSegment(next, block.stamp);
    this.#promises.make(SEGMENT, block, put);
    killPoint('stream.put.promised');
    holdFor(state.block, block);
    killPoint('stream.put.extended');
    if (segment === undefined) at.storeWide(state.words, state.base + at.FIRST_SEGMENT, next.place);
    else writeNext(segment, end, next.place);
    return next;
  }

  #keepParcel(segment: Segment, place: number, parcel: Block, message: Outgoing, put: number): void {
    this.#promises.make(PARCEL, parcel, put);
    holdFor(this.#state.block, parcel);
    killPoint('stream.put.parcel-held');
    writeParcel(segment, place, parcel, message);
  }
}
