import { allocate } from '../memory/heap.ts';
import type { Block } from '../memory/heap.ts';
import { createObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { ClosedError, QueueEmptyError, QueueFullError } from '../support/errors.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Primitive } from '../synchronize/primitive.ts';
import { TIMED_OUT } from '../synchronize/wait-point.ts';
import type { Wait } from '../synchronize/wait-point.ts';
import { Inbox, NOT_NOW } from './inbox.ts';
import type { Check } from './stream-consumer.ts';
import { MessageStream } from './message-stream.ts';
import { ENDED } from './stream-state.ts';
import { Outbox } from './outbox.ts';
import { pack } from './parcels.ts';
import { ASYNC_QUEUE_KEYS, checkQueueOptions, checkQueueWait, SYNC_QUEUE_KEYS } from './queue-options.ts';
import type { AsyncQueueWait, QueueOptions, QueueWait } from './queue-options.ts';
import type { Incoming, Outgoing } from './records.ts';
import { streamBlockBytes } from './stream-layout.ts';

const AT_ONCE: WaitOptions = { timeout: 0 };

/** What all kinds of queues do. */
export abstract class ItemQueue<T> extends Primitive implements AsyncIterable<T> {
  protected readonly stream: MessageStream;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;

  protected constructor(block: Block, kind: ObjectKind) {
    super(block, kind);
    this.stream = new MessageStream(block, 0);
    this.#outbox = new Outbox(block.arena, this.#write);
    this.#inbox = new Inbox(block.arena, this.#read);
  }

  /**
   * Puts an item at the end. It is in the queue when the call returns if there is room, whether or not the promise is awaited.
   * @throws QueueFullError when there was no room in time; SerializationError, before anything happened, when the item
   * cannot travel; ResourceError when the memory is full; ClosedError.
   */
  async put(item: T, wait?: AsyncQueueWait): Promise<void> {
    const options = checkQueueWait(wait, 'put()', ASYNC_QUEUE_KEYS) as AsyncWaitOptions | undefined;
    const message = this.#pack(item);
    if (this.#outbox.sendAtOnce(message, options)) return;
    if (!(await this.#outbox.send(message, options))) throw isFull('put()', options);
  }

  /** `put` that blocks the thread. */
  putSync(item: T, wait?: QueueWait): void {
    const options = checkQueueWait(wait, 'putSync()', SYNC_QUEUE_KEYS);
    if (!this.#outbox.sendSync(this.#pack(item), options)) throw isFull('putSync()', options);
  }

  /** False when there is no room now. */
  tryPut(item: T): boolean {
    return this.#outbox.sendSync(this.#pack(item), AT_ONCE);
  }

  /**
   * Takes the oldest item.
   * @throws QueueEmptyError when none came in time; SerializationError when it cannot be made here (it is lost then);
   * ClosedError.
   */
  async get(wait?: AsyncQueueWait): Promise<T> {
    const options = checkQueueWait(wait, 'get()', ASYNC_QUEUE_KEYS) as AsyncWaitOptions | undefined;
    let item = this.#inbox.valueAtOnce(options);
    if (item === NOT_NOW) item = await this.#inbox.value(options);
    if (item === TIMED_OUT) throw isEmpty('get()', options);
    return item as T;
  }

  /**
   * `get` that blocks the thread. It cannot import anything: an item that needs a module that is not loaded here stays in
   * the queue.
   */
  getSync(wait?: QueueWait): T {
    const options = checkQueueWait(wait, 'getSync()', SYNC_QUEUE_KEYS);
    const item = this.#inbox.valueSync(options);
    if (item === TIMED_OUT) throw isEmpty('getSync()', options);
    return item as T;
  }

  /** Undefined when there is no item now. */
  tryGet(): T | undefined {
    const item = this.#inbox.tryValue();
    return item === TIMED_OUT ? undefined : (item as T);
  }

  /** Whether there is no item now. */
  empty(): boolean {
    this.checkOpen();
    return this.stream.size === 0;
  }

  /** The items as they come, until this object is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      let item: T;
      try {
        item = await this.get();
      } catch (error) {
        if (error instanceof ClosedError && !this.isOpen) return;
        throw error;
      }
      yield item;
    }
  }

  /** @param call as the user writes it */
  protected takeNow(call: string): T {
    const item = this.#inbox.tryValue();
    if (item === TIMED_OUT) throw isEmpty(call, undefined);
    return item as T;
  }

  /** For util.inspect. */
  protected describe(more = ''): string {
    const { maxSize } = this.stream.limits;
    const limit = maxSize === 0 ? '' : ` of ${maxSize}`;
    return this.print(() => `size: ${this.stream.size}${limit}, bytes: ${this.stream.bytes}${more}`);
  }

  #pack(item: T): Outgoing {
    this.checkOpen();
    return pack(this.block.arena, item, 'the item');
  }

  readonly #write = (message: Outgoing): true | Wait => {
    this.checkOpen();
    return neverEnded(this.stream.write(message));
  };

  readonly #read = (check?: Check): Incoming | Wait => {
    this.checkOpen();
    return neverEnded(this.stream.read(check));
  };
}

/** Its ends are not held in roles that could be given up. */
function neverEnded<R>(result: R | typeof ENDED): R {
  if (result === ENDED) throw new ClosedError('The queue has ended');
  return result;
}

/**
 * The block of a new queue.
 * @throws TypeError, RangeError; ResourceError when the shared memory is full, or the name is taken.
 */
export function createQueueBlock(options: number | QueueOptions | undefined, { kind, title }: ObjectKind): Block {
  const where = `new ${title}()`;
  const { name, ...limits } = checkQueueOptions(options, where);
  const bytes = streamBlockBytes(1);
  // Of a named queue's own memory half is room for what comes in pieces.
  return createObject(name, bytes + 2 * limits.maxBytes, where, (arena) => {
    const block = allocate(arena, bytes, { kind });
    MessageStream.initialize(block, 0, limits);
    return block;
  });
}

function isEmpty(call: string, wait: WaitOptions | undefined): QueueEmptyError {
  return new QueueEmptyError(`${call}: the queue is empty${since(wait)}`);
}

function isFull(call: string, wait: WaitOptions | undefined): QueueFullError {
  return new QueueFullError(`${call}: the queue is full${since(wait)}; the item is not in it`);
}

function since(wait: WaitOptions | undefined): string {
  return wait?.timeout === undefined || wait.timeout === 0 ? '' : ` and has been for ${wait.timeout} ms`;
}
