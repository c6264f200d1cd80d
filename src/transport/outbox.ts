import type { Arena } from '../memory/arena.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';
import { tryOnce, waitAsync, waitSync } from '../synchronize/waitable.ts';
import type { Outgoing } from './records.ts';

/** The three forms of sending a message. Each gives the message's parcel back, whatever happens; false: the time was over. */
export class Outbox {
  readonly #write: (message: Outgoing) => true | Wait;
  readonly #lane: Lane;

  constructor(arena: Arena, write: (message: Outgoing) => true | Wait) {
    this.#write = write;
    this.#lane = new Lane(arena);
  }

  /** If there is room, the message is sent when the call returns, whether or not anybody waits for the promise. */
  async send(message: Outgoing, wait: AsyncWaitOptions | undefined): Promise<boolean> {
    try {
      wait?.signal?.throwIfAborted();
      if (this.#lane.isFree && this.#writeOnce(message)) {
        // Message after message without a wait would keep the event loop from turning.
        if (this.#lane.hasRunLong()) await new Promise(setImmediate);
        return true;
      }
      if (wait?.timeout === 0) return false;
      return (await waitAsync(() => this.#write(message), wait, this.#lane)) !== TIMED_OUT;
    } finally {
      message.parcel?.release();
    }
  }

  sendSync(message: Outgoing, wait: WaitOptions | undefined): boolean {
    try {
      if (this.#writeOnce(message)) return true;
      return wait?.timeout !== 0 && waitSync(() => this.#write(message), wait) !== TIMED_OUT;
    } finally {
      message.parcel?.release();
    }
  }

  #writeOnce(message: Outgoing): boolean {
    return !(tryOnce(() => this.#write(message)) instanceof Wait);
  }
}
