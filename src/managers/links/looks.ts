import { cpuCount } from '../../process/cpu-count.ts';

/**
 * How long to look, in ms. A message that wakes nobody arrives in a tenth of it; the rest is for a system that has put both sides
 * on one processor, and needs some time to part them.
 */
const LOOK_MS = 0.3;
/**
 * A look in vain costs what many others have won: as long as the account is not empty there are looks. It begins full, for that
 * parting; when it is empty, so many waits begin without a look, and then there are a few on trial.
 */
const FULL = 1024;
const LOSS = 16;
const TRIAL = 64;
const REST = 2048;

/**
 * Looks for a message at a socket for a moment before it is waited for, as it often comes sooner than a sleeper is woken. Where
 * that is in vain too often - there is no processor for the other side meanwhile - most waits begin at once.
 */
export class Looks {
  #account = FULL;
  #rest: number = cpuCount() > 1 ? 0 : Infinity;
  readonly #now: () => number;

  /** @param now the time in ms; another one is for tests */
  constructor(now = (): number => performance.now()) {
    this.#now = now;
  }

  /** What the attempt gives, undefined when it is not there; the thread looks all the time. */
  blocking<R>(attempt: () => R | undefined): R | undefined {
    if (this.#isResting()) return attempt();
    const end = this.#now() + LOOK_MS;
    do {
      const found = attempt();
      if (found !== undefined) return this.#found(found);
    } while (this.#now() < end);
    return this.#failed();
  }

  /** The same, once in each turn of the event loop. */
  async turning<R>(attempt: () => R | undefined): Promise<R | undefined> {
    if (this.#isResting()) return attempt();
    const end = this.#now() + LOOK_MS;
    do {
      const found = attempt();
      if (found !== undefined) return this.#found(found);
      await new Promise(setImmediate);
    } while (this.#now() < end);
    return this.#failed();
  }

  #isResting(): boolean {
    if (this.#rest === 0) return false;
    this.#rest -= 1;
    return true;
  }

  #found<R>(found: R): R {
    this.#account = Math.min(this.#account + 1, FULL);
    return found;
  }

  #failed(): undefined {
    this.#account -= LOSS;
    if (this.#account <= 0) {
      this.#account = TRIAL;
      this.#rest = REST;
    }
    return undefined;
  }
}
