import { binding } from '../../native/binding.ts';
import { attempt } from '../../native/failure.ts';
import type { DescriptorWatch } from '../../native/socket-binding.ts';
import type { AsyncWaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';
import { NOT_YET, WaitQueue } from './wait-queue.ts';

/** What a descriptor takes with it when it is closed, or its thread ends. */
export interface OwnFile {
  readonly path: string;
  /** A directory that was made for it. */
  readonly directory: string | undefined;
}

/** What the event loop says of a descriptor, while somebody wants to know; that keeps the loop alive. */
export class DescriptorEvents {
  readonly #onReady: (events: number) => void;
  readonly #watch: DescriptorWatch;
  #wanted = 0;

  /**
   * @param owned - whether the descriptor is closed with this object; without `close` when nobody has it any more
   * @throws ResourceError
   */
  constructor(fd: number, onReady: (events: number) => void, owned: boolean, file?: OwnFile) {
    this.#onReady = onReady;
    const { path = '', directory = '' } = file ?? {};
    this.#watch = attempt('watch a socket', () => binding.openWatch(fd, owned, path, directory));
  }

  /** Which events `onReady` is called for, from now on. */
  want(events: number): void {
    if (events === this.#wanted) return;
    attempt('watch a socket', () => binding.watch(this.#watch, events, this.#onReady));
    this.#wanted = events;
  }

  /** A descriptor that is not owned may be closed then. */
  close(): void {
    this.#wanted = 0;
    binding.closeWatch(this.#watch);
  }
}

/** Waits once for a descriptor; false when the time is over. */
export async function untilReady(fd: number, events: number, wait: AsyncWaitOptions): Promise<boolean> {
  let isReady = false;
  const queue: WaitQueue = new WaitQueue(() => watching.want(queue.size === 0 ? 0 : events));
  const onReady = (): void => {
    isReady = true;
    queue.run();
  };
  const watching = new DescriptorEvents(fd, onReady, false);
  try {
    return (await queue.add(() => (isReady ? true : NOT_YET), wait)) !== TIMED_OUT;
  } finally {
    watching.close();
  }
}
