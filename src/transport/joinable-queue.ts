import { COMPOUND } from '../memory/compound.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { TIMED_OUT } from '../synchronize/wait-point.ts';
import type { Wait } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { createQueueBlock } from './item-queue.ts';
import type { QueueOptions } from './queue-options.ts';
import { Queue } from './queue.ts';
import { Tasks } from './tasks.ts';

const JOINABLE_QUEUE: ObjectKind = { kind: COMPOUND + 0x4a515545, title: 'JoinableQueue' };

/**
 * A queue whose items are tasks: who has taken one says when it is done, and `join` waits until all are.
 * Python: `multiprocessing.JoinableQueue`.
 *
 * @example
 * const tasks = new JoinableQueue<string>();
 * new Process({ target: work, args: [tasks], daemon: true }).start(); // for await (const file of tasks) { …; tasks.taskDone(); }
 * for (const file of files) await tasks.put(file);
 * await tasks.join();
 */
export class JoinableQueue<T = unknown> extends Queue<T> {
  static {
    printAs(JoinableQueue, (queue) => queue.describe(`, unfinished: ${queue.#tasks.unfinished}`));
  }

  readonly #tasks: Tasks;
  readonly #joining: Lane;

  /**
   * @param options items that it holds at most (0: any number), or more options
   * @throws TypeError, RangeError; ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(options?: number | QueueOptions);
  constructor(options?: number | QueueOptions, block: Block = createQueueBlock(options, JOINABLE_QUEUE)) {
    super(...([options, JOINABLE_QUEUE, block] as unknown as [options?: QueueOptions]));
    this.#tasks = new Tasks(block, this.stream);
    this.#joining = new Lane(block.arena);
  }

  /**
   * Opens the queue that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static override open<T = unknown>(name: string): JoinableQueue<T> {
    return JoinableQueue.#of<T>(openObject(name, JOINABLE_QUEUE));
  }

  /** For handles: the queue of a block. */
  static override attach(reference: BlockReference): JoinableQueue {
    return JoinableQueue.#of(attachObject(reference, JOINABLE_QUEUE));
  }

  static #of<T>(block: Block): JoinableQueue<T> {
    return new (JoinableQueue as unknown as new (options: undefined, block: Block) => JoinableQueue<T>)(
      undefined,
      block,
    );
  }

  /**
   * Says that an item that was taken is done with.
   * @throws StateError when it is called more often than items were put.
   */
  taskDone(): void {
    this.checkOpen();
    this.#tasks.done();
  }

  /**
   * Waits until all items that were put are done. True when they are, false when `timeout` (ms, default: for ever) was over
   * first: who dies with an item never says that it is done.
   */
  async join(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'join()');
    this.checkOpen();
    return (await waitAsync(this.#attemptJoin, wait, this.#joining)) !== TIMED_OUT;
  }

  /** `join` that blocks the thread. */
  joinSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'joinSync()', SYNC_WAIT_KEYS);
    this.checkOpen();
    return waitSync(this.#attemptJoin, wait) !== TIMED_OUT;
  }

  readonly #attemptJoin = (): true | Wait => {
    this.checkOpen();
    return this.#tasks.join();
  };
}

registerShareable(JoinableQueue, {
  tag: 'joinable-queue',
  module: import.meta.url,
  share: (queue) => queue.share(),
  attach: (reference: BlockReference) => JoinableQueue.attach(reference),
});
