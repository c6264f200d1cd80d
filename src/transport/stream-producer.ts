import { holdFor } from '../memory/compound.ts';
import type { Block } from '../memory/heap.ts';
import { add, load, loadNext } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { OwnerLock } from '../synchronize/owner-lock.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import { PARCEL, Promises, SEGMENT } from './promises.ts';
import { hasRoom, recordBytes, writeInline, writeNext, writeParcel } from './records.ts';
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
    const { words, put, got } = this.#state;
    return this.#state.isFull(load(words, put), load(words, got));
  }

  /** Sends a message; or returns what to wait for before, or ENDED when nobody will read it. */
  write(message: Outgoing): true | Wait | typeof ENDED {
    const blocked = this.#lock.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('stream.put.locked');
    const state = this.#state;
    const put = loadNext(state.words, state.put);
    const got = loadNext(state.words, state.got);
    if (this.#lock.abandoned) this.#promises.settle(put, false);
    let result: true | Wait | typeof ENDED = true;
    try {
      if (state.isGivenUp(got, state.roles.reader)) result = ENDED;
      else if (state.isFull(put, got)) result = this.#spaceWait.while(got);
      else this.#append(message, put);
    } catch (error) {
      // No memory for it: nothing has been sent.
      this.#promises.settle(put, false);
      throw error;
    } finally {
      this.#lock.release();
    }
    // A wake of one may have gone to somebody who gave up, or was killed: whoever leaves with room left wakes another.
    if (result === ENDED || (result === true && state.isLimited && !this.isFull)) this.#spacePoint.wakeOne();
    return result;
  }

  #append(message: Outgoing, put: number): void {
    const state = this.#state;
    const position = state.putPosition(put);
    const bytes = recordBytes(message);
    let segment = state.segmentAt(position, this.#segment);
    let place = state.placeAt(position);
    if (segment === undefined || !hasRoom(segment, place, bytes)) {
      segment = this.#extend(segment, place, put);
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
    add(state.words, state.put, at.COUNT_STEP);
    killPoint('stream.put.sent');
    this.#promises.done(SEGMENT);
    this.#promises.done(PARCEL);
    this.#dataPoint.wakeOne();
    killPoint('stream.put.woken');
  }

  /** A new segment behind `segment`, which the stream's block holds. */
  #extend(segment: Segment | undefined, end: number, put: number): Segment {
    const state = this.#state;
    const { block, place } = allocateSegment(state.block.arena, segment?.place ?? 0);
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
