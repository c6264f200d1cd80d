import { cpuCount } from '../../process/cpu-count.ts';

/**
 * How long to look, in ms. A message that wakes nobody arrives in a tenth of it; the rest is for a system that has put both sides
 * on one processor, and needs some time to part them.
 */
const LOOK_MS = 0.3;
/** After so many looks in vain, one after the other, so many waits begin without. */
const PATIENCE = 64;
const REST = 1024;

/**
 * Looks for a message at a socket for a moment before it is waited for, as it often comes sooner than a sleeper is woken. Where
 * that is in vain again and again - there is no processor for the other side meanwhile - most waits begin at once.
 */
export class Looks {
  #inVain = 0;
  #rest: number = cpuCount() > 1 ? 0 : Infinity;

  /** What the attempt gives, undefined when it is not there; the thread looks all the time. */
  blocking<R>(attempt: () => R | undefined): R | undefined {
    if (this.#isResting()) return attempt();
    const end = performance.now() + LOOK_MS;
    do {
      const found = attempt();
      if (found !== undefined) return this.#found(found);
    } while (performance.now() < end);
    return this.#failed();
  }

  /** The same, once in each turn of the event loop. */
  async turning<R>(attempt: () => R | undefined): Promise<R | undefined> {
    if (this.#isResting()) return attempt();
    const end = performance.now() + LOOK_MS;
    do {
      const found = attempt();
      if (found !== undefined) return this.#found(found);
      await new Promise(setImmediate);
    } while (performance.now() < end);
    return this.#failed();
  }

  #isResting(): boolean {
    if (this.#rest === 0) return false;
    this.#rest -= 1;
    return true;
  }

  #found<R>(found: R): R {
    this.#inVain = 0;
    return found;
  }

  #failed(): undefined {
    this.#inVain += 1;
    if (this.#inVain >= PATIENCE) {
      this.#inVain = 0;
      this.#rest = REST;
    }
    return undefined;
  }
}
