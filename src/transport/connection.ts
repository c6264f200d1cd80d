import { Block } from '../memory/heap.ts';
import type { BlockReference } from '../memory/heap.ts';
import { attachObject } from '../memory/shared-object.ts';
import type { ObjectKind } from '../memory/shared-object.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { EOFError, ResourceError, StateError, TimeoutError } from '../support/errors.ts';
import { printAs } from '../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';
import { Lane } from '../synchronize/lane.ts';
import { Primitive } from '../synchronize/primitive.ts';
import { TIMED_OUT } from '../synchronize/wait-point.ts';
import { waitAsync, waitSync } from '../synchronize/waitable.ts';
import { bytesIn, checkBytesWait, fillWith } from './connection-checks.ts';
import type { AsyncBytesWait, BytesSource, BytesWait } from './connection-checks.ts';
import { DUPLEX_KIND, endsOf, PIPE_MASK } from './connection-ends.ts';
import type { Ends } from './connection-ends.ts';
import type { Wait } from '../synchronize/wait-point.ts';
import { Inbox, NOT_NOW } from './inbox.ts';
import type { Check } from './stream-consumer.ts';
import { timely } from './message-checks.ts';
import { ENDED } from './stream-state.ts';
import type { MessageStream } from './message-stream.ts';
import { Outbox } from './outbox.ts';
import { pack, packBytes } from './parcels.ts';
import { ReadyDescriptor } from './ready-descriptor.ts';
import { receivedValues } from './received-values.ts';
import type { Incoming, Outgoing } from './records.ts';

const CONNECTION: ObjectKind = { kind: DUPLEX_KIND, mask: PIPE_MASK, title: 'Connection' };

/**
 * One end of a pipe: messages go to the other end and come from there, in order and as they were sent. Any process may have
 * a copy of an end; the other side learns when the last of them is closed, or its process has ended.
 *
 * A message is bytes: `send` makes them of any value that can travel, `recv` the value of them; `sendBytes` and `recvBytes`
 * are for what is bytes already. The methods come as promise (`recv`), blocking (`recvSync`) and non-waiting (`tryRecv`).
 * Python: `multiprocessing.connection.Connection`.
 */
export class Connection extends Primitive implements AsyncIterable<unknown> {
  static {
    printAs(Connection, (connection) => connection.#describe());
  }

  readonly #ends: Ends;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  #descriptor: ReadyDescriptor | undefined;

  /**
   * Ends are made by `Pipe()`.
   * @param block of a pipe, held in the role of the end
   */
  constructor(block: Block) {
    if (!((block as unknown) instanceof Block)) throw new TypeError('Connections are made by Pipe(), two at a time');
    super(block, CONNECTION);
    this.#ends = endsOf(block);
    this.#outbox = new Outbox(block.arena, this.#write);
    this.#inbox = new Inbox(block.arena, this.#read);
  }

  /** For handles: the end that a reference names. */
  static attach(reference: BlockReference): Connection {
    return new Connection(attachObject(reference, CONNECTION));
  }

  get readable(): boolean {
    return this.isOpen && this.#ends.incoming !== undefined;
  }

  get writable(): boolean {
    return this.isOpen && this.#ends.outgoing !== undefined;
  }

  get closed(): boolean {
    return !this.isOpen;
  }

  // ---- values ----

  /**
   * Sends a value. If there is room, it is sent when the call returns, whether or not the promise is awaited.
   * @throws SerializationError, before anything happened, when it cannot travel; ResourceError (EPIPE) when the other end
   * has been given up; TimeoutError when there was no room in time; ClosedError.
   */
  async send(value: unknown, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'send()');
    const message = this.#pack(value);
    if (this.#outbox.sendAtOnce(message, wait)) return;
    if (!(await this.#outbox.send(message, wait))) throw isFull('send()');
  }

  sendSync(value: unknown, wait?: WaitOptions): void {
    checkWait(wait, 'sendSync()', SYNC_WAIT_KEYS);
    if (!this.#outbox.sendSync(this.#pack(value), wait)) throw isFull('sendSync()');
  }

  /** False when there is no room now. */
  trySend(value: unknown): boolean {
    return this.#outbox.sendSync(this.#pack(value), AT_ONCE);
  }

  /**
   * Receives a value.
   * @throws EOFError when the other end has been given up and all is received; TimeoutError; ClosedError.
   */
  async recv(wait?: AsyncWaitOptions): Promise<unknown> {
    checkWait(wait, 'recv()');
    const value = this.#inbox.valueAtOnce(wait);
    return timely(value === NOT_NOW ? await this.#inbox.value(wait) : value, 'recv()');
  }

  recvSync(wait?: WaitOptions): unknown {
    checkWait(wait, 'recvSync()', SYNC_WAIT_KEYS);
    return timely(this.#inbox.valueSync(wait), 'recvSync()');
  }

  /** Undefined when there is no message now. */
  tryRecv(): unknown {
    return orUndefined(this.#inbox.tryValue());
  }

  // ---- bytes ----

  /**
   * Sends bytes: `size` of them from `offset` on, by default all.
   * @throws TypeError, RangeError for what is not in the buffer; and as `send`.
   */
  async sendBytes(bytes: BytesSource, offset?: number, size?: number, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'sendBytes()');
    const message = this.#packBytes(bytesIn(bytes, offset, size, 'sendBytes()'));
    if (!(await this.#outbox.send(message, wait))) throw isFull('sendBytes()');
  }

  sendBytesSync(bytes: BytesSource, offset?: number, size?: number, wait?: WaitOptions): void {
    checkWait(wait, 'sendBytesSync()', SYNC_WAIT_KEYS);
    const message = this.#packBytes(bytesIn(bytes, offset, size, 'sendBytesSync()'));
    if (!this.#outbox.sendSync(message, wait)) throw isFull('sendBytesSync()');
  }

  /** False when there is no room now. */
  trySendBytes(bytes: BytesSource, offset?: number, size?: number): boolean {
    return this.#outbox.sendSync(this.#packBytes(bytesIn(bytes, offset, size, 'trySendBytes()')), AT_ONCE);
  }

  /**
   * Receives the bytes of a message.
   * @param options.maxLength a longer message stays where it is: BufferTooShortError
   * @throws as `recv`.
   */
  async recvBytes(options?: AsyncBytesWait): Promise<Uint8Array<ArrayBuffer>> {
    const { wait, check } = checkBytesWait(options, 'recvBytes()');
    return timely(await this.#inbox.bytes(wait, check), 'recvBytes()');
  }

  recvBytesSync(options?: BytesWait): Uint8Array<ArrayBuffer> {
    const { wait, check } = checkBytesWait(options, 'recvBytesSync()', SYNC_WAIT_KEYS);
    return timely(this.#inbox.bytesSync(wait, check), 'recvBytesSync()');
  }

  /** Undefined when there is no message now. */
  tryRecvBytes(): Uint8Array<ArrayBuffer> | undefined {
    return orUndefined(this.#inbox.tryBytes());
  }

  /**
   * Receives the bytes of a message into a buffer, from `offset` (bytes) on, and returns how many they were.
   * @throws BufferTooShortError, which has the message, when they do not fit; and as `recv`.
   */
  async recvBytesInto(target: BytesSource, offset?: number, wait?: AsyncWaitOptions): Promise<number> {
    checkWait(wait, 'recvBytesInto()');
    const bytes = bytesIn(target, offset, undefined, 'recvBytesInto()');
    return fillWith(bytes, timely(await this.#inbox.bytes(wait), 'recvBytesInto()'));
  }

  recvBytesIntoSync(target: BytesSource, offset?: number, wait?: WaitOptions): number {
    checkWait(wait, 'recvBytesIntoSync()', SYNC_WAIT_KEYS);
    const bytes = bytesIn(target, offset, undefined, 'recvBytesIntoSync()');
    return fillWith(bytes, timely(this.#inbox.bytesSync(wait), 'recvBytesIntoSync()'));
  }

  // ---- waiting ----

  /**
   * Whether `recv` would not have to wait: there is a message, or the end of all.
   * @param wait how long to wait for it; by default not at all
   */
  async poll(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'poll()');
    const { timeout = 0 } = wait ?? AT_ONCE;
    return (await waitAsync(this.#poll, { ...wait, timeout }, new Lane(this.block.arena))) !== TIMED_OUT;
  }

  pollSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'pollSync()', SYNC_WAIT_KEYS);
    const { timeout = 0 } = wait ?? AT_ONCE;
    return waitSync(this.#poll, { timeout }) !== TIMED_OUT;
  }

  /**
   * A descriptor that is readable while there is something to be received, or the end; for other event loops, whose looks
   * it is for. It belongs to this object: do not read or close it.
   */
  fileno(): number {
    this.#incoming();
    this.#descriptor ??= new ReadyDescriptor(this.block.arena, this.#poll);
    return this.#descriptor.fd;
  }

  protected override letGo(): void {
    this.#descriptor?.close();
  }

  /** For `wait()`: true when `poll` is, else what to wait for. */
  readiness(): true | Wait {
    return this.#poll();
  }

  /** The values as they come, until the other end is given up or this object is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    return receivedValues(this);
  }

  #pack(value: unknown): Outgoing {
    this.#checkWritable();
    return pack(this.block.arena, value, 'the message');
  }

  #packBytes(bytes: Uint8Array): Outgoing {
    this.#checkWritable();
    return packBytes(this.block.arena, bytes);
  }

  #checkWritable(): void {
    this.checkOpen();
    if (this.#ends.outgoing === undefined)
      throw new StateError('This Connection only receives: the other end of its pipe sends');
  }

  readonly #write = (message: Outgoing): true | Wait => {
    this.checkOpen();
    const result = this.#ends.outgoing?.write(message);
    if (result === ENDED || result === undefined) throw isBroken();
    return result;
  };

  readonly #read = (check?: Check): Incoming | Wait => {
    const message = this.#incoming().read(check);
    this.#descriptor?.update();
    if (message === ENDED)
      throw new EOFError('The other end of the connection is closed, and all that it sent has been received');
    return message;
  };

  #incoming(): MessageStream {
    this.checkOpen();
    const { incoming } = this.#ends;
    if (incoming === undefined) throw new StateError('This Connection only sends: the other end of its pipe receives');
    return incoming;
  }

  readonly #poll = (): true | Wait => this.#incoming().poll();

  #describe(): string {
    const { incoming, outgoing } = this.#ends;
    const ways = [incoming === undefined ? 'sends' : outgoing === undefined ? 'receives' : 'sends and receives'];
    if (incoming !== undefined) ways.push(`messages: ${incoming.size}`);
    if (incoming?.isDrained === true) ways.push('at its end');
    return this.print(() => ways.join(', '));
  }
}

const AT_ONCE: WaitOptions = { timeout: 0 };

function orUndefined<R>(result: R | typeof TIMED_OUT): R | undefined {
  return result === TIMED_OUT ? undefined : result;
}

function isFull(call: string): TimeoutError {
  return new TimeoutError(`${call}: the time is over, and the connection is still full; nothing has been sent`);
}

function isBroken(): ResourceError {
  return new ResourceError('The other end of the connection is closed: nobody would receive the message', {
    errno: 'EPIPE',
    syscall: 'send',
  });
}

registerShareable(Connection, {
  tag: 'connection',
  module: import.meta.url,
  share: (connection) => connection.share(),
  attach: (reference: BlockReference) => Connection.attach(reference),
});
