import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import type { DescriptorWatch } from '../../native/socket-binding.ts';
import type { AsyncWaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';
import { NOT_YET, WaitQueue } from './wait-queue.ts';

/** What the event loop says of a descriptor, while somebody wants to know; that keeps the loop alive. */
export class DescriptorEvents {
  readonly #fd: number;
  readonly #onReady: (events: number) => void;
  #watch: DescriptorWatch | undefined;
  #wanted = 0;

  constructor(fd: number, onReady: (events: number) => void) {
    this.#fd = fd;
    this.#onReady = onReady;
  }

  /** Which events `onReady` is called for, from now on. */
  want(events: number): void {
    if (events === this.#wanted) return;
    this.#watch ??= attempt('watch a socket', () => binding.openWatch(this.#fd));
    const watch = this.#watch;
    attempt('watch a socket', () => binding.watch(watch, events, this.#onReady));
    this.#wanted = events;
  }

  /** The descriptor may be closed then. */
  close(): void {
    this.#wanted = 0;
    if (this.#watch !== undefined) binding.closeWatch(this.#watch);
  }
}

/** Waits once for a descriptor; false when the time is over. */
export async function untilReady(fd: number, events: number, wait: AsyncWaitOptions): Promise<boolean> {
  let isReady = false;
  const queue: WaitQueue = new WaitQueue(() => watching.want(queue.size === 0 ? 0 : events));
  const watching = new DescriptorEvents(fd, () => {
    isReady = true;
    queue.run();
  });
  try {
    return (await queue.add(() => (isReady ? true : NOT_YET), wait)) !== TIMED_OUT;
  } finally {
    watching.close();
  }
}
