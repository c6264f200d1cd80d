import type { Block } from '../memory/heap.ts';
import type { Words } from '../memory/words.ts';
import { OwnerLock } from './owner-lock.ts';
import type { Wait } from './wait-point.ts';
import { waitSync } from './waitable.ts';

/**
 * Mutual exclusion for a few instructions inside a primitive: nobody waits for anything or calls out in there, so
 * whoever comes just blocks, on an event loop, too. The words are those of an owner lock.
 *
 * Crash rule: a section commits by one store; all else it changes can be computed from that. Who enters after the death of
 * another in here does so first (`repair`). A process that is *stopped* in here keeps the others until it goes on.
 */
export class Guard {
  readonly #lock: OwnerLock;
  readonly #repair: () => void;

  constructor(block: Block, words: Words, index: number, repair: () => void) {
    this.#lock = new OwnerLock(block, words, index);
    this.#repair = repair;
  }

  run<R>(section: () => R): R {
    if (this.#lock.acquire() !== undefined) waitSync(this.#attempt, undefined);
    try {
      if (this.#lock.abandoned) this.#repair();
      return section();
    } finally {
      this.#lock.release();
    }
  }

  /** Lets `repair` make up for somebody who has died in here. */
  repairIfAbandoned(): void {
    if (this.isAbandoned) this.run(() => undefined);
  }

  /** Somebody has died in here, and nobody has come since: then what the section changes is not to be trusted. */
  get isAbandoned(): boolean {
    return this.#lock.isAbandoned;
  }

  /** Asks the system whether who is in here lives. */
  probe(): void {
    this.#lock.isHeld();
  }

  readonly #attempt = (): true | Wait => this.#lock.acquire() ?? true;
}
