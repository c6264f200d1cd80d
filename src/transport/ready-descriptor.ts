import { closeSync } from 'node:fs';

import type { Arena } from '../memory/arena.ts';
import { binding } from '../native/binding.ts';
import { attempt } from '../native/failure.ts';
import { Lane } from '../synchronize/lane.ts';
import type { Wait } from '../synchronize/wait-point.ts';
import { waitAsync } from '../synchronize/waitable.ts';

// How often it looks whether others have taken what there was.
const LOOK_MS = 100;

/**
 * A descriptor that is readable while there is something to be received, for other event loops to poll. The event loop of this
 * process keeps it up to date, and is not kept alive by it.
 */
export class ReadyDescriptor {
  readonly fd: number;
  readonly #poll: () => true | Wait;
  readonly #lane: Lane;
  #state: 'empty' | 'ready' | 'closed' = 'empty';
  #look: NodeJS.Timeout | undefined;

  /** @param poll true when there is something; else what to wait for */
  constructor(arena: Arena, poll: () => true | Wait) {
    this.#poll = poll;
    this.#lane = new Lane(arena, false);
    this.fd = attempt('open a descriptor', () => binding.openFlag());
    this.update();
  }

  /** To be called when something has been received. */
  update(): void {
    if (this.#state === 'closed') return;
    const isReady = this.#poll() === true;
    if (isReady === (this.#state === 'ready') && this.#look !== undefined) return;
    binding.setFlag(this.fd, isReady);
    this.#state = isReady ? 'ready' : 'empty';
    clearInterval(this.#look);
    this.#look = setInterval(() => this.update(), LOOK_MS).unref();
    if (!isReady) void this.#watch();
  }

  async #watch(): Promise<void> {
    try {
      await waitAsync(this.#poll, undefined, this.#lane);
    } catch {
      // The object is closed.
      return;
    }
    this.update();
  }

  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearInterval(this.#look);
    closeSync(this.fd);
  }
}
