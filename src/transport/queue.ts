import type { Block, BlockReference } from '../memory/heap.ts';
import { COMPOUND } from '../memory/compound.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { QueueFullError, StateError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { createQueueBlock, ItemQueue } from './item-queue.ts';
import type { QueueOptions } from './queue-options.ts';

const QUEUE: ObjectKind = { kind: COMPOUND + 0x51554555, title: 'Queue' };

/**
 * Items from any number of processes, threads and asynchronous flows to any number of others, first in, first out.
 *
 * An item is in the queue when `put` returns: no thread feeds it later, so a process that ends at once loses nothing, and
 * `qsize`, `empty` and `full` are exact. Who dies while it takes an item leaves it to the next, or takes it along.
 * Python: `multiprocessing.Queue`.
 *
 * @example
 * const queue = new Queue<string>();
 * new Process({ target: work, args: [queue] }).start();
 * console.log(await queue.get({ timeout: 1000 }));
 */
export class Queue<T = unknown> extends ItemQueue<T> {
  static {
    printAs(Queue, (queue) => queue.describe());
  }

  /**
   * @param options items that it holds at most (0: any number), or more options
   * @throws TypeError, RangeError; ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(options?: number | QueueOptions);
  constructor(
    options?: number | QueueOptions,
    kind: ObjectKind = QUEUE,
    block: Block = createQueueBlock(options, kind),
  ) {
    super(block, kind);
  }

  /**
   * Opens the queue that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open<T = unknown>(name: string): Queue<T> {
    return Queue.#of<T>(openObject(name, QUEUE));
  }

  /** For handles: the queue of a block. */
  static attach(reference: BlockReference): Queue {
    return Queue.#of(attachObject(reference, QUEUE));
  }

  static #of<T>(block: Block): Queue<T> {
    return new (Queue as unknown as new (options: undefined, kind: ObjectKind, block: Block) => Queue<T>)(
      undefined,
      QUEUE,
      block,
    );
  }

  /** Items in the queue now. */
  qsize(): number {
    this.checkOpen();
    return this.stream.size;
  }

  /** Whether there is no room for another item now. */
  full(): boolean {
    this.checkOpen();
    return this.stream.isFull;
  }

  /** @throws QueueFullError when there is no room now. */
  putNowait(item: T): void {
    if (!this.tryPut(item)) throw new QueueFullError('putNowait(): the queue is full; the item is not in it');
  }

  /** @throws QueueEmptyError when there is no item now. */
  getNowait(): T {
    return this.takeNow('getNowait()');
  }

  /**
   * Python waits here for the thread that writes to its pipe. There is none: what was put is in the queue.
   * @throws StateError before `close`.
   */
  joinThread(): void {
    if (this.isOpen) throw new StateError('joinThread() before close(): close the queue first');
  }

  /** Does nothing, as no thread has to be waited for. */
  cancelJoinThread(): void {}
}

registerShareable(Queue, {
  tag: 'queue',
  module: import.meta.url,
  share: (queue) => queue.share(),
  attach: (reference: BlockReference) => Queue.attach(reference),
});
