import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import { READABLE, WRITABLE } from '../../native/socket-binding.ts';
import { deadlineAfter } from '../../support/deadline.ts';
import { ClosedError, EOFError, TimeoutError } from '../../support/errors.ts';
import type { AsyncWaitOptions, WaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';
import type { LengthCheck } from '../../transport/connection-checks.ts';
import { DescriptorEvents } from './descriptor-events.ts';
import { FrameReader } from './frames.ts';
import { OutgoingFrames } from './outgoing-frames.ts';
import type { OutgoingFrame } from './outgoing-frames.ts';
import { NOT_YET, WaitQueue } from './wait-queue.ts';
import type { Attempt } from './wait-queue.ts';

/**
 * Messages over a connected socket. The descriptor never waits by itself; who has to wait does so in the event loop
 * (`take`, `send`) or blocks on the descriptor (`takeSync`, `sendSync`). Both share what has come and what has not gone, so
 * that they can be mixed. What fails once, in one direction, has failed for good: there is no way to find the next message.
 */
export class FramedSocket {
  readonly fd: number;
  readonly #incoming: FrameReader;
  readonly #outgoing: OutgoingFrames;
  readonly #events: DescriptorEvents;
  readonly #receivers: WaitQueue;
  readonly #senders: WaitQueue;
  #state: 'open' | 'closed' = 'open';
  /** Why nothing comes, or goes, any more. */
  #readError: Error | undefined;
  #writeError: Error | undefined;

  constructor(fd: number, maxMessageBytes: number) {
    this.fd = fd;
    this.#incoming = new FrameReader(maxMessageBytes);
    this.#outgoing = new OutgoingFrames(fd);
    this.#events = new DescriptorEvents(fd, (events) => this.#onReady(events), true);
    this.#receivers = new WaitQueue(() => this.#watch());
    this.#senders = new WaitQueue(() => this.#watch());
  }

  get state(): 'open' | 'closed' {
    return this.#state;
  }

  get readable(): boolean {
    return this.#state === 'open' && this.#readError === undefined;
  }

  get writable(): boolean {
    return this.#state === 'open' && this.#writeError === undefined;
  }

  /** Nothing has come or gone but whole messages, and nobody waits. */
  get isBetweenMessages(): boolean {
    const isIdle = this.#receivers.size + this.#senders.size === 0 && this.#outgoing.isEmpty;
    return isIdle && this.#incoming.isBetween && this.readable && this.writable;
  }

  /** Whoever waits gets ClosedError. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#events.close();
    const error = isClosed();
    this.#receivers.rejectAll(error);
    this.#senders.rejectAll(error);
  }

  /** @throws ClosedError */
  checkOpen(): void {
    if (this.#state === 'closed') throw isClosed();
  }

  /** @throws ClosedError, or why nothing goes any more. */
  checkWritable(): void {
    this.checkOpen();
    if (this.#writeError !== undefined) throw this.#writeError;
  }

  // ---- receiving ----

  /** Waits for `receive` or `poll`. */
  take<R>(attemptIt: Attempt<R>, wait: AsyncWaitOptions | undefined): Promise<R | typeof TIMED_OUT> {
    return this.#receivers.add(attemptIt, wait);
  }

  /** As `take`, blocking the thread. */
  takeSync<R>(attemptIt: Attempt<R>, wait: WaitOptions | undefined): R | typeof TIMED_OUT {
    return this.#block(READABLE, attemptIt, wait);
  }

  /** A whole message, if it is there. */
  readonly receive = (check?: LengthCheck): Uint8Array<ArrayBuffer> | typeof NOT_YET =>
    this.#read(check) ? this.#incoming.take() : NOT_YET;

  /** Whether `receive` has something, or would throw. */
  readonly poll = (): true | typeof NOT_YET => {
    this.checkOpen();
    if (this.#readError !== undefined) return true;
    try {
      return this.#read() ? true : NOT_YET;
    } catch {
      // Kept for who receives.
      return true;
    }
  };

  /** Reads what has come of the next message; true when it is whole. */
  #read(check?: LengthCheck): boolean {
    this.checkOpen();
    if (this.#readError !== undefined) throw this.#readError;
    const incoming = this.#incoming;
    for (;;) {
      if (incoming.length !== undefined) check?.({ start: 0, end: incoming.length });
      if (incoming.isWhole) return true;
      try {
        const count = attempt('receive a message', () => binding.receiveSome(this.fd, incoming.room()));
        if (count < 0) return false;
        if (count === 0) throw this.#atEnd();
        incoming.advance(count);
      } catch (error) {
        this.#readError = error as Error;
        throw error;
      }
    }
  }

  #atEnd(): EOFError {
    return new EOFError(
      this.#incoming.isBetween
        ? 'The other side has closed the connection, and all that it sent has been received'
        : `The other side has gone in the middle of a message, ${this.#incoming.progress}`,
    );
  }

  // ---- sending ----

  /** @throws TimeoutError, which says whether a part has gone; and whatever has failed. */
  async send(body: Uint8Array, wait: AsyncWaitOptions | undefined, call: string): Promise<void> {
    wait?.signal?.throwIfAborted();
    const frame = this.#begin(body);
    if (frame.isGone) return;
    this.#outgoing.own(frame);
    let result: unknown;
    try {
      result = await this.#senders.add(this.#gone(frame), wait);
    } finally {
      if (!frame.isGone) this.#giveUp(frame);
    }
    if (result === TIMED_OUT) throw isFull(frame, call);
  }

  sendSync(body: Uint8Array, wait: WaitOptions | undefined, call: string): void {
    const frame = this.#begin(body);
    if (this.#block(WRITABLE, this.#gone(frame), wait) !== TIMED_OUT) return;
    this.#giveUp(frame);
    throw isFull(frame, call);
  }

  /** False when there is no room now; what has begun goes on. */
  trySend(body: Uint8Array): boolean {
    const frame = this.#begin(body);
    if (!frame.isGone) this.#giveUp(frame);
    return frame.sent > 0;
  }

  /** Sends at once what there is room for. */
  #begin(body: Uint8Array): OutgoingFrame {
    this.checkWritable();
    const frame = this.#outgoing.push(body);
    this.#flush();
    return frame;
  }

  #gone(frame: OutgoingFrame): Attempt<true> {
    return () => {
      this.checkWritable();
      this.#flush();
      return frame.isGone ? true : NOT_YET;
    };
  }

  /** Nobody waits for it any more: what has begun goes on without. */
  #giveUp(frame: OutgoingFrame): void {
    if (this.#outgoing.withdraw(frame) || !this.writable) return;
    this.#outgoing.own(frame);
    this.#watch();
  }

  #flush(): void {
    try {
      this.#outgoing.flush();
    } catch (error) {
      this.#writeError = error as Error;
      throw error;
    }
  }

  // ---- both ----

  #block<R>(events: number, attemptIt: Attempt<R>, wait: WaitOptions | undefined): R | typeof TIMED_OUT {
    const timeout = wait?.timeout ?? Infinity;
    const deadline = deadlineAfter(timeout);
    for (;;) {
      const result = attemptIt();
      if (result !== NOT_YET) return result;
      if (timeout === 0) return TIMED_OUT;
      const ready = attempt('wait for a socket', () => binding.waitForDescriptor(this.fd, events, deadline));
      if (ready === 0) return TIMED_OUT;
    }
  }

  #watch(): void {
    if (this.#state === 'closed') return;
    const sends = this.writable && !this.#outgoing.isEmpty;
    this.#events.want((this.#receivers.size > 0 ? READABLE : 0) | (sends ? WRITABLE : 0));
  }

  #onReady(events: number): void {
    if ((events & WRITABLE) !== 0) {
      try {
        // What nobody waits for goes on, too.
        if (this.writable) this.#flush();
      } catch {
        // Those who wait get the error now, and others with their next call.
      }
      this.#senders.run();
    }
    if ((events & READABLE) !== 0) this.#receivers.run();
    this.#watch();
  }
}

function isClosed(): ClosedError {
  return new ClosedError('This SocketConnection is closed');
}

function isFull(frame: OutgoingFrame, call: string): TimeoutError {
  return new TimeoutError(
    frame.sent === 0
      ? `${call}: the time is over, and the other side has not made room; nothing has been sent`
      : `${call}: the time is over, and a part of the message has gone; the rest follows when the other side makes room. Do not send it again`,
  );
}
