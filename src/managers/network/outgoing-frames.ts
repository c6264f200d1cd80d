import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import { frameHeader } from './frames.ts';

/** A message on its way. */
export interface OutgoingFrame {
  readonly header: Uint8Array;
  body: Uint8Array;
  /** Bytes of both that the system has taken. */
  sent: number;
  isGone: boolean;
}

/**
 * Messages that the system has not taken yet, in order. What has begun must be finished, since the receiver would take
 * whatever follows for the rest of it; what has not can be withdrawn.
 */
export class OutgoingFrames {
  readonly #fd: number;
  #frames: OutgoingFrame[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** The bytes stay the caller's until `own`. */
  push(body: Uint8Array): OutgoingFrame {
    const frame = { header: frameHeader(body.byteLength), body, sent: 0, isGone: false };
    this.#frames.push(frame);
    return frame;
  }

  /** Copies what has not gone yet: the caller may change its bytes. */
  own(frame: OutgoingFrame): void {
    if (!frame.isGone) frame.body = Uint8Array.from(frame.body);
  }

  /** Sends what there is room for; true when nothing is left. @throws ResourceError; then nothing will ever go any more. */
  flush(): boolean {
    for (;;) {
      const frame = this.#frames[0];
      if (frame === undefined) return true;
      if (!this.#sendSome(frame)) return false;
    }
  }

  /** Takes a message back; false when a part of it has gone. */
  withdraw(frame: OutgoingFrame): boolean {
    if (frame.sent > 0) return false;
    this.#frames = this.#frames.filter((other) => other !== frame);
    return true;
  }

  #sendSome(frame: OutgoingFrame): boolean {
    const { header, body, sent } = frame;
    const count = attempt('send a message', () =>
      binding.sendSome(this.#fd, header.subarray(sent), body.subarray(Math.max(0, sent - header.length))),
    );
    if (count < 0) return false;
    frame.sent += count;
    if (frame.sent < header.length + body.length) return true;
    frame.isGone = true;
    this.#frames.shift();
    return true;
  }
}
