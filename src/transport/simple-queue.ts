import { COMPOUND } from '../memory/compound.ts';
import type { Block, BlockReference } from '../memory/heap.ts';
import { attachObject, openObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import { checkOptions } from '../support/options.ts';
import type { PrimitiveOptions } from '../synchronize/primitive.ts';
import { createQueueBlock, ItemQueue } from './item-queue.ts';

const SIMPLE_QUEUE: ObjectKind = { kind: COMPOUND + 0x53514555, title: 'SimpleQueue' };

/**
 * A queue without a limit, for those who need no more than `put`, `get` and `empty`.
 * Python: `multiprocessing.SimpleQueue`.
 */
export class SimpleQueue<T = unknown> extends ItemQueue<T> {
  static {
    printAs(SimpleQueue, (queue) => queue.describe());
  }

  /**
   * @throws ResourceError when the shared memory is full, or the name is taken.
   */
  constructor(options?: PrimitiveOptions);
  constructor(options: PrimitiveOptions = {}, block: Block = create(options)) {
    super(block, SIMPLE_QUEUE);
  }

  /**
   * Opens the queue that another process has made under this name.
   * @throws ResourceError (ENOENT) when there is none.
   */
  static open<T = unknown>(name: string): SimpleQueue<T> {
    return SimpleQueue.#of<T>(openObject(name, SIMPLE_QUEUE));
  }

  /** For handles: the queue of a block. */
  static attach(reference: BlockReference): SimpleQueue {
    return SimpleQueue.#of(attachObject(reference, SIMPLE_QUEUE));
  }

  static #of<T>(block: Block): SimpleQueue<T> {
    return new (SimpleQueue as unknown as new (options: object, block: Block) => SimpleQueue<T>)({}, block);
  }
}

function create(options: PrimitiveOptions): Block {
  checkOptions(options, ['name'], 'new SimpleQueue()');
  return createQueueBlock(options, SIMPLE_QUEUE);
}

registerShareable(SimpleQueue, {
  tag: 'simple-queue',
  module: import.meta.url,
  share: (queue) => queue.share(),
  attach: (reference: BlockReference) => SimpleQueue.attach(reference),
});
