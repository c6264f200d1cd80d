import { allocate } from '../memory/heap.ts';
import type { Block } from '../memory/heap.ts';
import { createObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { ClosedError, QueueEmptyError, QueueFullError, SerializationError } from '../support/errors.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { Primitive } from '../synchronize/primitive.ts';
import { TIMED_OUT, Wait } from '../synchronize/wait-point.ts';
import { tryOnce, waitAsync, waitSync } from '../synchronize/waitable.ts';
import { ENDED, MessageStream } from './message-stream.ts';
import { isReady, LateMessage, pack, unpack } from './parcels.ts';
import { ASYNC_QUEUE_KEYS, checkQueueOptions, checkQueueWait, SYNC_QUEUE_KEYS } from './queue-options.ts';
import type { AsyncQueueWait, QueueOptions, QueueWait } from './queue-options.ts';
import type { Incoming, Outgoing } from './records.ts';
import { streamBlockBytes } from './stream-layout.ts';

/** What all kinds of queues do. */
export abstract class ItemQueue<T> extends Primitive implements AsyncIterable<T> {
  protected readonly stream: MessageStream;
  readonly #putting: Lane;
  readonly #getting: Lane;

  protected constructor(block: Block, kind: ObjectKind) {
    super(block, kind);
    this.stream = new MessageStream(block, 0);
    this.#putting = new Lane(block.arena);
    this.#getting = new Lane(block.arena);
  }

  /**
   * Puts an item at the end. It is in the queue when the call returns if there is room, whether or not the promise is awaited.
   * @throws QueueFullError when there was no room in time; SerializationError, before anything happened, when the item
   * cannot travel; ResourceError when the memory is full; ClosedError.
   */
  async put(item: T, wait?: AsyncQueueWait): Promise<void> {
    const options = checkQueueWait(wait, 'put()', ASYNC_QUEUE_KEYS) as AsyncWaitOptions | undefined;
    const message = this.#pack(item);
    try {
      options?.signal?.throwIfAborted();
      if (this.#putting.isFree && this.#tryWrite(message)) return await this.#breathe();
      this.#expectRoom(await waitAsync(() => this.#write(message), options, this.#putting), 'put()', options);
    } finally {
      message.parcel?.release();
    }
  }

  /** `put` that blocks the thread. */
  putSync(item: T, wait?: QueueWait): void {
    const options = checkQueueWait(wait, 'putSync()', SYNC_QUEUE_KEYS);
    const message = this.#pack(item);
    try {
      if (this.#tryWrite(message)) return;
      this.#expectRoom(
        options?.timeout === 0 ? TIMED_OUT : waitSync(() => this.#write(message), options),
        'putSync()',
        options,
      );
    } finally {
      message.parcel?.release();
    }
  }

  /** False when there is no room now. */
  tryPut(item: T): boolean {
    const message = this.#pack(item);
    try {
      return this.#tryWrite(message);
    } finally {
      message.parcel?.release();
    }
  }

  /**
   * Takes the oldest item.
   * @throws QueueEmptyError when none came in time; SerializationError when it cannot be made here (it is lost then);
   * ClosedError.
   */
  async get(wait?: AsyncQueueWait): Promise<T> {
    const options = checkQueueWait(wait, 'get()', ASYNC_QUEUE_KEYS) as AsyncWaitOptions | undefined;
    const item =
      options?.timeout === 0 ? this.#tryTake(this.#takeAny) : await waitAsync(this.#takeAny, options, this.#getting);
    if (item === TIMED_OUT || item instanceof Wait) throw isEmpty('get()', options);
    return (item instanceof LateMessage ? await item.unpack() : item) as T;
  }

  /**
   * `get` that blocks the thread. It cannot import anything: an item that needs a module that is not loaded here stays in
   * the queue.
   */
  getSync(wait?: QueueWait): T {
    const options = checkQueueWait(wait, 'getSync()', SYNC_QUEUE_KEYS);
    if (options?.timeout === 0) return this.takeNow('getSync()');
    const item = waitSync(this.#takeReady, options);
    if (item === TIMED_OUT) throw isEmpty('getSync()', options);
    return item as T;
  }

  /** Undefined when there is no item now. */
  tryGet(): T | undefined {
    const item = this.#tryTake(this.#takeReady);
    return item instanceof Wait ? undefined : (item as T);
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
    const item = this.#tryTake(this.#takeReady);
    if (item instanceof Wait) throw isEmpty(call, undefined);
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

  #write(message: Outgoing): true | Wait {
    this.checkOpen();
    const result = this.stream.write(message);
    if (result === ENDED) throw new ClosedError('The queue has ended');
    return result;
  }

  #tryWrite(message: Outgoing): boolean {
    return !(tryOnce(() => this.#write(message)) instanceof Wait);
  }

  #expectRoom(result: true | typeof TIMED_OUT, call: string, wait: WaitOptions | undefined): void {
    if (result === TIMED_OUT)
      throw new QueueFullError(`${call}: the queue is full${since(wait)}; the item is not in it`);
  }

  /** Item after item without a wait would keep the event loop from turning. */
  async #breathe(): Promise<void> {
    if (this.#putting.hasRunLong()) await new Promise(setImmediate);
  }

  #tryTake<R>(take: () => R | Wait): R | Wait {
    return tryOnce(take);
  }

  readonly #takeAny = (): unknown => {
    const message = this.#read();
    if (message instanceof Wait) return message;
    return isReady(message) ? unpack(message) : new LateMessage(message);
  };

  readonly #takeReady = (): unknown => {
    const message = this.#read(checkReady);
    return message instanceof Wait ? message : unpack(message);
  };

  #read(check?: (message: Incoming) => void): Incoming | Wait {
    this.checkOpen();
    const message = this.stream.read(check);
    if (message === ENDED) throw new ClosedError('The queue has ended');
    return message;
  }
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

function checkReady(message: Incoming): void {
  if (isReady(message)) return;
  throw new SerializationError(
    'The item needs modules that are not loaded in this process, and a blocking call cannot import them: ' +
      'it stays in the queue. Take it with the promise form, get(); once it has imported a module, getSync() works, too',
  );
}

function isEmpty(call: string, wait: WaitOptions | undefined): QueueEmptyError {
  return new QueueEmptyError(`${call}: the queue is empty${since(wait)}`);
}

function since(wait: WaitOptions | undefined): string {
  return wait?.timeout === undefined || wait.timeout === 0 ? '' : ` and has been for ${wait.timeout} ms`;
}
