import type { Arena } from '../memory/arena.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';
import type { Attempt } from '../synchronize/wait-point.ts';
import { tryOnce, waitAsync, waitSync } from '../synchronize/waitable.ts';
import { checkReady, isReady, LateMessage, unpack, unpackBytes } from './parcels.ts';
import type { Incoming } from './records.ts';
import type { Check } from './stream-consumer.ts';

export const NOT_NOW: unique symbol = Symbol('not now');

type Bytes = Uint8Array<ArrayBuffer>;
const AT_ONCE: WaitOptions = { timeout: 0 };

/** The forms of receiving a message, as a value or as bytes. TIMED_OUT: none came in time. */
export class Inbox {
  readonly #read: (check?: Check) => Incoming | Wait;
  readonly #lane: Lane;

  constructor(arena: Arena, read: (check?: Check) => Incoming | Wait) {
    this.#read = read;
    this.#lane = new Lane(arena);
  }

  /** A value that is there, if the event loop need not turn; NOT_NOW: `value` has to be asked. */
  valueAtOnce(wait: AsyncWaitOptions | undefined): unknown {
    if (!this.#lane.isFree || wait?.signal?.aborted === true || this.#lane.hasRunLong()) return NOT_NOW;
    const value = this.#anyValue();
    return value instanceof Wait ? NOT_NOW : value instanceof LateMessage ? value.unpack() : value;
  }

  async value(wait: AsyncWaitOptions | undefined): Promise<unknown> {
    const value = await this.#take(this.#anyValue, wait);
    return value instanceof LateMessage ? value.unpack() : value;
  }

  /** @throws SerializationError when a module has to be imported first; the message stays. */
  valueSync(wait: WaitOptions | undefined): unknown {
    return takeSync(this.#readyValue, wait);
  }

  tryValue(): unknown {
    return takeSync(this.#readyValue, AT_ONCE);
  }

  bytes(wait: AsyncWaitOptions | undefined, check?: Check): Promise<Bytes | typeof TIMED_OUT> {
    return this.#take(this.#bytesAttempt(check), wait);
  }

  bytesSync(wait: WaitOptions | undefined, check?: Check): Bytes | typeof TIMED_OUT {
    return takeSync(this.#bytesAttempt(check), wait);
  }

  tryBytes(): Bytes | typeof TIMED_OUT {
    return takeSync(this.#bytesAttempt(), AT_ONCE);
  }

  async #take<R>(attempt: Attempt<R>, wait: AsyncWaitOptions | undefined): Promise<R | typeof TIMED_OUT> {
    if (wait?.timeout !== 0) return waitAsync(attempt, wait, this.#lane);
    wait.signal?.throwIfAborted();
    return takeSync(attempt, wait);
  }

  readonly #anyValue = (): unknown => {
    const message = this.#read();
    if (message instanceof Wait) return message;
    return isReady(message) ? unpack(message) : new LateMessage(message);
  };

  readonly #readyValue = (): unknown => {
    const message = this.#read(checkReady);
    return message instanceof Wait ? message : unpack(message);
  };

  #bytesAttempt(check?: Check): Attempt<Bytes> {
    return () => {
      const message = this.#read(check);
      return message instanceof Wait ? message : unpackBytes(message);
    };
  }
}

/** Without a wait, what is there is taken all the same, though another process has the lock for a moment. */
function takeSync<R>(attempt: Attempt<R>, wait: WaitOptions | undefined): R | typeof TIMED_OUT {
  if (wait?.timeout !== 0) return waitSync(attempt, wait);
  const result = tryOnce(attempt);
  return result instanceof Wait ? TIMED_OUT : result;
}
