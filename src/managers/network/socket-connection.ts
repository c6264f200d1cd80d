import type { Awaited } from '../../process/awaited.ts';
import { decode, encode } from '../../reduction/codec.ts';
import { giveAway } from '../../reduction/gifts.ts';
import { CannotTravel } from '../../reduction/refusals.ts';
import { registerShareable } from '../../reduction/shareable.ts';
import { SerializationError } from '../../support/errors.ts';
import { printAs } from '../../support/inspect.ts';
import { checkWait, SYNC_WAIT_KEYS } from '../../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../../support/options.ts';
import { TIMED_OUT } from '../../synchronize/wait-point.ts';
import { bytesIn, checkBytesWait, fillWith } from '../../transport/connection-checks.ts';
import type { AsyncBytesWait, BytesSource, BytesWait, LengthCheck } from '../../transport/connection-checks.ts';
import { timely } from '../../transport/message-checks.ts';
import { receivedValues } from '../../transport/received-values.ts';
import { fetch, giveUp, keep } from '../../transport/tickets.ts';
import type { TicketForm } from '../../transport/tickets.ts';
import { FramedSocket } from './framed-socket.ts';
import { NOT_YET } from './wait-queue.ts';
import type { Attempt } from './wait-queue.ts';

/** A connected socket, for the constructor of `SocketConnection`. */
export class OpenSocket {
  readonly fd: number;
  /** For people: the address of the other side. */
  readonly peer: string;
  readonly maxMessageBytes: number;

  constructor(fd: number, peer: string, maxMessageBytes: number) {
    this.fd = fd;
    this.peer = peer;
    this.maxMessageBytes = maxMessageBytes;
  }
}

interface ConnectionForm extends TicketForm {
  readonly peer: string;
  readonly maxMessageBytes: number;
}

/**
 * A connection over a socket, to this or another machine, made by `Listener.accept()` and `Client()`. Its bytes are those of
 * Python's `multiprocessing.connection`: `sendBytes` and `recvBytes` reach Python's `send_bytes` and `recv_bytes`. `send` and
 * `recv` are for forkless on both sides, and for data: functions, classes and shared objects do not go over a network, and
 * nothing that comes runs code.
 *
 * The methods come as promise (`recv`), blocking (`recvSync`) and non-waiting (`tryRecv`); both sides may use any of them.
 * In `args` or in a message of this family it is given away: the receiver has the connection, and this object is closed.
 * Python: `multiprocessing.connection.Connection`.
 */
export class SocketConnection implements Disposable, AsyncIterable<unknown> {
  static {
    printAs(SocketConnection, (connection) => connection.#describe());
  }

  readonly #socket: FramedSocket;
  readonly #peer: string;
  readonly #maxMessageBytes: number;

  /** Connections are made by `Listener.accept()` and `Client()`. */
  constructor(socket: OpenSocket) {
    if (!((socket as unknown) instanceof OpenSocket)) {
      throw new TypeError('SocketConnections are made by Listener.accept() and Client()');
    }
    this.#socket = new FramedSocket(socket.fd, socket.maxMessageBytes);
    this.#peer = socket.peer;
    this.#maxMessageBytes = socket.maxMessageBytes;
  }

  /** False when closed, at the end, and when what came was no message. */
  get readable(): boolean {
    return this.#socket.readable;
  }

  /** False when closed, and when the other side has gone, as far as is known. */
  get writable(): boolean {
    return this.#socket.writable;
  }

  get closed(): boolean {
    return this.#socket.state === 'closed';
  }

  // ---- values ----

  /**
   * Sends a value, which is done when the system has taken all of it. If there is room, it is when the call returns.
   * @throws SerializationError, before anything happened, when it is more than data; ResourceError (EPIPE, ECONNRESET) when the
   * other side has gone; TimeoutError when there was no room in time, which says whether a part has gone; ClosedError.
   */
  async send(value: unknown, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'send()');
    await this.#socket.send(this.#pack(value), wait, 'send()');
  }

  sendSync(value: unknown, wait?: WaitOptions): void {
    checkWait(wait, 'sendSync()', SYNC_WAIT_KEYS);
    this.#socket.sendSync(this.#pack(value), wait, 'sendSync()');
  }

  /** False when there is no room now. What is too large for the room is taken, and goes when there is. */
  trySend(value: unknown): boolean {
    return this.#socket.trySend(this.#pack(value));
  }

  /**
   * Receives a value that `send` of forkless has sent. Python's `send` sends a pickle, which only Python can read: have it use
   * `send_bytes`, and receive that by `recvBytes`.
   * @throws SerializationError when it is something else; EOFError when the other side has closed; TimeoutError; ClosedError;
   * ResourceError when the connection is lost.
   */
  async recv(wait?: AsyncWaitOptions): Promise<unknown> {
    checkWait(wait, 'recv()');
    return unpack(timely(await this.#socket.take(this.#socket.receive, wait), 'recv()'));
  }

  recvSync(wait?: WaitOptions): unknown {
    checkWait(wait, 'recvSync()', SYNC_WAIT_KEYS);
    return unpack(timely(this.#socket.takeSync(this.#socket.receive, wait), 'recvSync()'));
  }

  /** Undefined when there is no message now. */
  tryRecv(): unknown {
    const message = this.#socket.receive();
    return message === NOT_YET ? undefined : unpack(message);
  }

  // ---- bytes ----

  /**
   * Sends bytes: `size` of them from `offset` on, by default all.
   * @throws TypeError, RangeError for what is not in the buffer; and as `send`.
   */
  async sendBytes(bytes: BytesSource, offset?: number, size?: number, wait?: AsyncWaitOptions): Promise<void> {
    checkWait(wait, 'sendBytes()');
    await this.#socket.send(bytesIn(bytes, offset, size, 'sendBytes()'), wait, 'sendBytes()');
  }

  sendBytesSync(bytes: BytesSource, offset?: number, size?: number, wait?: WaitOptions): void {
    checkWait(wait, 'sendBytesSync()', SYNC_WAIT_KEYS);
    this.#socket.sendSync(bytesIn(bytes, offset, size, 'sendBytesSync()'), wait, 'sendBytesSync()');
  }

  /** As `trySend`. */
  trySendBytes(bytes: BytesSource, offset?: number, size?: number): boolean {
    return this.#socket.trySend(bytesIn(bytes, offset, size, 'trySendBytes()'));
  }

  /**
   * Receives the bytes of a message.
   * @param options.maxLength a longer message stays where it is: BufferTooShortError
   * @throws as `recv`.
   */
  async recvBytes(options?: AsyncBytesWait): Promise<Uint8Array<ArrayBuffer>> {
    const { wait, check } = checkBytesWait(options, 'recvBytes()');
    return timely(await this.#socket.take(this.#receiving(check), wait), 'recvBytes()');
  }

  recvBytesSync(options?: BytesWait): Uint8Array<ArrayBuffer> {
    const { wait, check } = checkBytesWait(options, 'recvBytesSync()', SYNC_WAIT_KEYS);
    return timely(this.#socket.takeSync(this.#receiving(check), wait), 'recvBytesSync()');
  }

  /** Undefined when there is no message now. */
  tryRecvBytes(): Uint8Array<ArrayBuffer> | undefined {
    const message = this.#socket.receive();
    return message === NOT_YET ? undefined : message;
  }

  /**
   * Receives the bytes of a message into a buffer, from `offset` (bytes) on, and returns how many they were.
   * @throws BufferTooShortError, which has the message, when they do not fit; and as `recv`.
   */
  async recvBytesInto(target: BytesSource, offset?: number, wait?: AsyncWaitOptions): Promise<number> {
    checkWait(wait, 'recvBytesInto()');
    const bytes = bytesIn(target, offset, undefined, 'recvBytesInto()');
    return fillWith(bytes, timely(await this.#socket.take(this.#socket.receive, wait), 'recvBytesInto()'));
  }

  recvBytesIntoSync(target: BytesSource, offset?: number, wait?: WaitOptions): number {
    checkWait(wait, 'recvBytesIntoSync()', SYNC_WAIT_KEYS);
    const bytes = bytesIn(target, offset, undefined, 'recvBytesIntoSync()');
    return fillWith(bytes, timely(this.#socket.takeSync(this.#socket.receive, wait), 'recvBytesIntoSync()'));
  }

  // ---- waiting ----

  /**
   * Whether `recv` would not have to wait: there is a whole message, or the end.
   * @param wait how long to wait for it; by default not at all
   */
  async poll(wait?: AsyncWaitOptions): Promise<boolean> {
    checkWait(wait, 'poll()');
    this.#socket.checkOpen();
    const { timeout = 0 } = wait ?? AT_ONCE;
    return (await this.#socket.take(this.#socket.poll, { ...wait, timeout })) !== TIMED_OUT;
  }

  pollSync(wait?: WaitOptions): boolean {
    checkWait(wait, 'pollSync()', SYNC_WAIT_KEYS);
    this.#socket.checkOpen();
    const { timeout = 0 } = wait ?? AT_ONCE;
    return this.#socket.takeSync(this.#socket.poll, { timeout }) !== TIMED_OUT;
  }

  /**
   * The socket, for other event loops: readable while there are bytes that this object has not read. Ask `poll` first, which
   * may have read a message already. It belongs to this object: do not read or close it.
   */
  fileno(): number {
    this.#socket.checkOpen();
    return this.#socket.fd;
  }

  /** For `wait()`. */
  awaited(): Awaited {
    const { fd, poll } = this.#socket;
    this.#socket.checkOpen();
    return {
      isReady: () => poll() === true,
      untilReady: (signal) => this.#socket.take(poll, { signal }),
      descriptor: fd,
    };
  }

  /** The values as they come, until the other side closes or this object is closed. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined> {
    return receivedValues(this);
  }

  /** Ends the connection. What has been sent, and awaited, arrives; whoever still waits here gets ClosedError. */
  close(): void {
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** For handles: gives the connection away. */
  share(): ConnectionForm {
    this.#socket.checkOpen();
    if (!this.#socket.isBetweenMessages) {
      throw new CannotTravel(
        'it is in the middle of a message, or somebody waits for one. Send it when all that was begun is done.',
      );
    }
    const form = keep(this.#socket.fd);
    giveAway({ given: () => this.close(), kept: () => giveUp(form) });
    return { ...form, peer: this.#peer, maxMessageBytes: this.#maxMessageBytes };
  }

  /** For handles. */
  static attach(form: ConnectionForm): SocketConnection {
    return new SocketConnection(new OpenSocket(fetch(form), form.peer, form.maxMessageBytes));
  }

  #pack(value: unknown): Uint8Array {
    this.#socket.checkWritable();
    return encode(value, 'the message', { dataOnly: true }).bytes;
  }

  #receiving(check: LengthCheck | undefined): Attempt<Uint8Array<ArrayBuffer>> {
    const { receive } = this.#socket;
    return check === undefined ? receive : () => receive(check);
  }

  #describe(): string {
    return `SocketConnection { peer: '${this.#peer}', ${this.#socket.state} }`;
  }
}

const AT_ONCE: WaitOptions = { timeout: 0 };

const PICKLE = 0x80;

function unpack(message: Uint8Array): unknown {
  if (message[0] === PICKLE) {
    throw new SerializationError(
      "This message is a pickle of Python's send(), which only Python can read. Have it send bytes, as conn.send_bytes(json.dumps(value).encode()), and receive them by recvBytes()",
    );
  }
  if (message.length === 0) {
    throw new SerializationError('This message has no bytes: it was sent by sendBytes(). Receive it by recvBytes()');
  }
  return decode(message, { dataOnly: true });
}

registerShareable(SocketConnection, {
  tag: 'socket-connection',
  module: import.meta.url,
  share: (connection) => connection.share(),
  attach: (form: ConnectionForm) => SocketConnection.attach(form),
});
