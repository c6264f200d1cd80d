import type { Arena } from '../memory/arena.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';
import { tryOnce, waitAsync, waitSync } from '../synchronize/waitable.ts';
import { kept } from './parcels.ts';
import type { Outgoing } from './records.ts';

/** The three forms of sending a message. Each gives the message's parcel back, whatever happens; false: the time was over. */
export class Outbox {
  readonly #write: (message: Outgoing) => true | Wait;
  readonly #lane: Lane;

  constructor(arena: Arena, write: (message: Outgoing) => true | Wait) {
    this.#write = write;
    this.#lane = new Lane(arena);
  }

  /** Sends it if there is room, and the event loop need not turn. */
  sendAtOnce(message: Outgoing, wait: AsyncWaitOptions | undefined): boolean {
    if (!this.#lane.isFree || wait?.signal?.aborted === true || this.#lane.hasRunLong()) return false;
    let result: true | Wait;
    try {
      result = this.#write(message);
    } catch (error) {
      message.parcel?.release();
      throw error;
    }
    if (result instanceof Wait) return false;
    message.parcel?.release();
    return true;
  }

  /** If there is room, the message is sent when the call returns, whether or not anybody waits for the promise. */
  async send(message: Outgoing, wait: AsyncWaitOptions | undefined): Promise<boolean> {
    try {
      wait?.signal?.throwIfAborted();
      if (this.#lane.isFree && this.#writeOnce(message)) {
        // Message after message without a wait would keep the event loop from turning.
        if (this.#lane.hasRunLong()) await this.#turn();
        return true;
      }
      if (wait?.timeout === 0) return false;
      const later = kept(message);
      return (await waitAsync(() => this.#write(later), wait, this.#lane)) !== TIMED_OUT;
    } finally {
      message.parcel?.release();
    }
  }

  sendSync(message: Outgoing, wait: WaitOptions | undefined): boolean {
    try {
      return this.#write(message) === true || this.#sendSlowly(message, wait);
    } finally {
      message.parcel?.release();
    }
  }

  #sendSlowly(message: Outgoing, wait: WaitOptions | undefined): boolean {
    if (wait?.timeout === 0) return this.#writeOnce(message);
    return waitSync(() => this.#write(message), wait) !== TIMED_OUT;
  }

  async #turn(): Promise<void> {
    this.#lane.turned();
    await new Promise(setImmediate);
  }

  #writeOnce(message: Outgoing): boolean {
    return !(tryOnce(() => this.#write(message)) instanceof Wait);
  }
}
