import { dropFor } from '../memory/compound.ts';
import { attachIn } from '../memory/heap.ts';
import { add, load, loadNext } from '../memory/words.ts';
import { killPoint } from '../native/kill-point.ts';
import { OwnerLock } from '../synchronize/owner-lock.ts';
import { Wait, WaitPoint } from '../synchronize/wait-point.ts';
import { PARCEL, Promises, SEGMENT } from './promises.ts';
import { bytesAt, nextSegment, parcelAt, readRecord } from './records.ts';
import type { Incoming } from './records.ts';
import { segmentBlock, SEGMENT_START } from './segments.ts';
import type { Segment } from './segments.ts';
import * as at from './stream-layout.ts';
import { ENDED } from './stream-state.ts';
import type { StreamState } from './stream-state.ts';

// How soon, and how often at least, who waits looks whether the other end is deserted.
const DESERTION_MS = 500;
const DESERTION_MOST_MS = 2000;

const PACE_MS = 0.001;
const PACE_EVERY = 64;
/** Fewer messages than that are not worth it. */
const PACE_LEAST = 2;

/**
 * Looks at a message before it is taken; what it throws leaves the message where it is. `number`: of all messages that were
 * put, modulo 2^31.
 */
export type Check = (message: Incoming, number: number) => void;

/** The side of a stream that takes messages out (message-stream.ts has the whole). */
export class StreamConsumer {
  readonly #state: StreamState;
  readonly #lock: OwnerLock;
  readonly #dataPoint: WaitPoint;
  readonly #spacePoint: WaitPoint;
  readonly #dataWait: Wait;
  readonly #promises: Promises;
  #segment: Segment | undefined;
  /** What producers had put when it was last looked at. */
  #put = 0;
  /** The count behind the message that was taken here last. */
  #next = -1;
  /** Whether the last read has found nothing. */
  #hasWaited = false;
  /** How many waits from now on one is paced for a trial. */
  #paceIn = PACE_EVERY;
  /** Those who have the other end cannot use it: found out while waiting, and told once. */
  #isDeserted = false;

  constructor(state: StreamState, isDeserted?: (isBlocking: boolean) => boolean) {
    const { block, words, base } = state;
    this.#state = state;
    this.#lock = new OwnerLock(block, words, base + at.CONSUMER_LOCK);
    this.#dataPoint = new WaitPoint(block, words, base + at.DATA_SIGNAL);
    this.#spacePoint = new WaitPoint(block, words, base + at.SPACE_SIGNAL);
    this.#dataWait = new Wait(
      this.#dataPoint,
      state.put,
      isDeserted === undefined
        ? {}
        : {
            // Who has a deadline goes on at the latest then, and may use the other end himself.
            probe: (isForEver, isBlocking) => this.#probe(isForEver && isDeserted(isBlocking)),
            probeMs: DESERTION_MS,
          },
    );
    this.#promises = new Promises(block, words, base + at.CONSUMER_PROMISES);
  }

  /** What it says comes again the later the longer nothing has come. */
  #probe(isDeserted: boolean): void {
    this.#isDeserted = isDeserted;
    this.#dataWait.probeMs = Math.min(this.#dataWait.probeMs * 2, DESERTION_MOST_MS);
  }

  /** Whether nothing more will come: the last writer has gone, and all is read. */
  get isDrained(): boolean {
    const state = this.#state;
    return state.isGivenUp(load(state.words, state.put), state.roles.writer) && state.size === 0;
  }

  /** True when there is a message, or none will come any more; else what to wait for. */
  poll(): true | Wait {
    const put = load(this.#state.words, this.#state.put);
    if (this.#state.size === 0 && !this.isDrained && !this.#isDeserted) return this.#dataWait.while(put);
    // A wake of one has come to somebody who takes nothing.
    this.#dataPoint.wakeOne();
    return true;
  }

  /** Takes the oldest message; or returns what to wait for before, or ENDED when none will come. */
  read(check?: Check): Incoming | Wait | typeof ENDED {
    const state = this.#state;
    // Looked at first: who waits for a message need not wait for the lock.
    if (!this.#hasMore(load(state.words, state.got))) return this.#nothing(this.#put);
    if (this.#hasWaited) this.#learnPace();
    const blocked = this.#lock.acquire();
    if (blocked !== undefined) return blocked;
    killPoint('stream.get.locked');
    const got = loadNext(state.words, state.got);
    if (this.#lock.abandoned) this.#promises.settle(got, true);
    if (!this.#hasMore(got)) {
      this.#lock.release();
      return this.#nothing(this.#put);
    }
    try {
      return this.#take(got, check);
    } finally {
      // As in StreamProducer.write: a wake of one may have been in vain.
      if (this.#lock.releaseWanted() && state.size !== 0) this.#dataPoint.wakeOne();
    }
  }

  /**
   * What producers have put is looked at only when it matters: the word is in their cache. While nobody else takes, what
   * was seen lately is at most out of date; later it may be from another round of counts.
   */
  #hasMore(got: number): boolean {
    if (got === this.#next && at.distance(this.#put, got) !== 0) return true;
    this.#put = load(this.#state.words, this.#state.put);
    return at.distance(this.#put, got) !== 0;
  }

  /**
   * Each look at the count takes its cache line away from the producer. Where messages follow each other, it pays to look so
   * late that there are several; where each is waited for before the next is sent, it only costs time. So try now and then.
   */
  #learnPace(): void {
    this.#hasWaited = false;
    const { words, got } = this.#state;
    if (this.#dataWait.paceMs === 0) {
      if (--this.#paceIn === 0) this.#dataWait.paceMs = PACE_MS;
    } else if (at.distance(this.#put, load(words, got)) < PACE_LEAST) {
      this.#dataWait.paceMs = 0;
      this.#paceIn = PACE_EVERY;
    }
  }

  #nothing(put: number): Wait | typeof ENDED {
    this.#hasWaited = true;
    this.#lock.passOn();
    if (this.#isDeserted) {
      this.#isDeserted = false;
      return ENDED;
    }
    return this.#state.isGivenUp(put, this.#state.roles.writer) ? ENDED : this.#dataWait.while(put);
  }

  #take(got: number, check: Check | undefined): Incoming {
    const state = this.#state;
    // Somebody has used the other end after all, before he left.
    this.#isDeserted = false;
    this.#dataWait.probeMs = DESERTION_MS;
    const position = state.getPosition(got);
    let segment = state.segmentAt(position, this.#segment) ?? this.#firstSegment();
    let place = state.placeAt(position) || SEGMENT_START;
    let left: Segment | undefined;
    const behind = nextSegment(segment, place);
    if (behind !== undefined) {
      left = segment;
      segment = state.segment(behind);
      place = SEGMENT_START;
      this.#promises.make(SEGMENT, segmentBlock(left), got);
    }
    const parcelId = parcelAt(segment, place);
    const parcel = parcelId === undefined ? undefined : attachIn(state.block.arena, parcelId);
    if (parcelId !== undefined) this.#promises.make(PARCEL, parcelId, got);
    killPoint('stream.get.promised');
    const message = readRecord(segment, place, parcel);
    if (check !== undefined) this.#check(message, check, got);
    const next = state.getPosition(got + at.COUNT_STEP);
    state.advance(position, next, segment, place + bytesAt(segment, place), message.weight);
    killPoint('stream.get.copied');
    // SYNC: with StreamProducer.write, which looks at the room after it has seen the count.
    this.#next = (add(state.words, state.got, at.COUNT_STEP) + at.COUNT_STEP) | 0;
    killPoint('stream.get.taken');
    this.#segment = segment;
    if (left !== undefined) {
      dropFor(state.block, segmentBlock(left));
      killPoint('stream.get.left');
      this.#promises.done(SEGMENT);
    }
    if (parcelId !== undefined) {
      dropFor(state.block, parcelId);
      killPoint('stream.get.parcel-dropped');
      this.#promises.done(PARCEL);
    }
    this.#spacePoint.wakeOne();
    killPoint('stream.get.woken');
    return message;
  }

  #firstSegment(): Segment {
    const { words, base } = this.#state;
    return this.#state.segment(at.loadWide(words, base + at.FIRST_SEGMENT));
  }

  #check(message: Incoming, check: Check, got: number): void {
    try {
      check(message, (got >> 1) & at.NUMBER_MASK);
    } catch (error) {
      this.#promises.done(SEGMENT);
      this.#promises.done(PARCEL);
      message.parcel?.release();
      throw error;
    }
  }
}
