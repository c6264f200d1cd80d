import { StateError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import { ShareableList } from './shareable-list.ts';
import type { ShareableItem } from './list-items.ts';
import { SharedMemory } from './shared-memory.ts';

type State = 'initial' | 'started' | 'shut down';

/**
 * Makes blocks and lists that go together: at `shutdown`, at the end of the scope, or with this process.
 *
 * Python has a server process that keeps the names, which other processes may ask for more; here nobody needs one, and what
 * others need of a block is its name.
 * Python: `multiprocessing.managers.SharedMemoryManager`.
 * @example
 * using manager = new SharedMemoryManager().start();
 * const block = manager.SharedMemory(1024);
 * const list = manager.ShareableList([1, 2, 3]);
 */
export class SharedMemoryManager implements Disposable {
  static {
    printAs(
      SharedMemoryManager,
      (manager) => `SharedMemoryManager { ${manager.#state}, blocks: ${manager.#made.length} }`,
    );
  }

  #state: State = 'initial';
  #made: SharedMemory[] = [];

  /** @throws StateError the second time. */
  start(): this {
    if (this.#state !== 'initial') throw new StateError(`This SharedMemoryManager is ${this.#state}: make a new one`);
    this.#state = 'started';
    return this;
  }

  /**
   * A new block.
   * @param size in bytes
   * @throws StateError unless it is started; and as `SharedMemory`.
   */
  SharedMemory(size: number): SharedMemory {
    this.#checkStarted();
    return this.#keep(new SharedMemory({ create: true, size }));
  }

  /** A new list. */
  ShareableList(sequence: Iterable<ShareableItem>): ShareableList {
    this.#checkStarted();
    const list = new ShareableList(sequence);
    this.#keep(list.shm);
    return list;
  }

  /** Removes the names of all; who has them open keeps the memory. */
  shutdown(): void {
    if (this.#state === 'shut down') return;
    this.#state = 'shut down';
    for (const block of this.#made.splice(0)) {
      try {
        block.unlink();
      } catch (error) {
        // Somebody else has.
        if ((error as { errno?: string }).errno !== 'ENOENT') throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.shutdown();
  }

  #checkStarted(): void {
    if (this.#state === 'started') return;
    throw new StateError(
      `This SharedMemoryManager is ${this.#state}: ${this.#state === 'initial' ? 'start() it' : 'make a new one'}`,
    );
  }

  #keep(block: SharedMemory): SharedMemory {
    this.#made.push(block);
    return block;
  }
}
