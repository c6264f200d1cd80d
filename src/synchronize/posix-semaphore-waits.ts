import { binding } from '../native/binding.ts';
import type { NativeSemaphore, SemaphoreOutcome } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { deadlineAfter } from '../support/deadline.ts';

const ACQUIRED: SemaphoreOutcome = 0;

interface Waiting {
  readonly resolve: (acquired: boolean) => void;
  readonly reject: (reason: unknown) => void;
  readonly unlisten: () => void;
  /** Why the wait has been called off, if it has. */
  calledOff: { readonly reason: unknown } | undefined;
}

/**
 * The promises that wait for one POSIX semaphore. A native thread waits for all of them.
 *
 * A wait that is called off is rejected only when that thread says that nothing waits in its name any more, which
 * takes up to 20 ms (native/core/semaphore_waiter.h): after the rejection no permit can be lost to it.
 */
export class PosixSemaphoreWaits {
  readonly #semaphore: NativeSemaphore;
  readonly #waiting = new Map<number, Waiting>();
  #lastTicket = 0;
  #whenNone: (() => void) | undefined;

  constructor(semaphore: NativeSemaphore) {
    this.#semaphore = semaphore;
  }

  /** Resolves to false after `timeout` ms; the event loop stays alive until then. */
  add(timeout: number, signal: AbortSignal | undefined): Promise<boolean> {
    this.#lastTicket = (this.#lastTicket + 1) >>> 0;
    const ticket = this.#lastTicket;
    return new Promise((resolve, reject) => {
      const deadline = deadlineAfter(timeout);
      attempt('wait for a POSIX semaphore', () =>
        binding.awaitSemaphore(this.#semaphore, ticket, deadline, this.#onSettled),
      );
      const onAbort = (): void => this.#callOff(ticket, signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      const unlisten = (): void => signal?.removeEventListener('abort', onAbort);
      this.#waiting.set(ticket, { resolve, reject, unlisten, calledOff: undefined });
    });
  }

  /** Calls every wait off, and calls `then` when nothing waits any more: at once if nothing did. */
  callOffAll(reason: unknown, then: () => void): void {
    this.#whenNone = then;
    for (const ticket of this.#waiting.keys()) this.#callOff(ticket, reason);
    this.#tellWhenNone();
  }

  #callOff(ticket: number, reason: unknown): void {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined || waiting.calledOff !== undefined) return;
    waiting.calledOff = { reason };
    binding.cancelSemaphoreWait(this.#semaphore, ticket);
  }

  readonly #onSettled = (ticket: number, outcome: SemaphoreOutcome): void => {
    const waiting = this.#waiting.get(ticket);
    if (waiting === undefined) return;
    this.#waiting.delete(ticket);
    waiting.unlisten();
    if (waiting.calledOff === undefined) {
      waiting.resolve(outcome === ACQUIRED);
    } else {
      // The permit came between the call-off and the news of it: it goes back.
      if (outcome === ACQUIRED) binding.releaseSemaphore(this.#semaphore, 1);
      waiting.reject(waiting.calledOff.reason);
    }
    this.#tellWhenNone();
  };

  #tellWhenNone(): void {
    if (this.#waiting.size > 0) return;
    const then = this.#whenNone;
    this.#whenNone = undefined;
    then?.();
  }
}
