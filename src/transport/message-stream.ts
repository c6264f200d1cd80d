import type { Block } from '../memory/heap.ts';
import { load, store } from '../memory/words.ts';
import type { Wait } from '../synchronize/wait-point.ts';
import type { Incoming, Outgoing } from './records.ts';
import { StreamConsumer } from './stream-consumer.ts';
import type { Check } from './stream-consumer.ts';
import * as at from './stream-layout.ts';
import { StreamProducer } from './stream-producer.ts';
import { StreamState } from './stream-state.ts';
import type { ENDED, StreamLimits, StreamRoles } from './stream-state.ts';

const NO_ROLES: StreamRoles = { writer: 0, reader: 0 };

/**
 * Messages of any length in their order, from many producers to many consumers, in segments that are linked as they are
 * needed (segments.ts) and hold one record after the other (records.ts):
 *
 *     put positions -->  [ message ][ message ][ next ] --> [ message ] ...     put: messages ever put
 *     get positions -->  ^ the oldest                                           got: messages ever taken
 *
 *     a message is      when                      by whom
 *     being written     its number >= put         the owner of the producer lock
 *     sent              got <= its number < put
 *     being read        its number = got          the owner of the consumer lock
 *     gone              its number < got
 *
 * The one store that sends a message adds to `put`, the one that takes it adds to `got`. The position of message n stands
 * at n modulo 2, so that what is written before that store is where nobody looks. Messages that are large, or refer to
 * shared objects, are blocks of their own that the stream's block holds meanwhile (promises.ts).
 *
 * Crash rule: a producer that dies before its store has sent nothing, one that dies after it has sent all; a consumer
 * that dies before its store leaves the message to the next. Their locks are taken over, their promises settled.
 */
export class MessageStream {
  readonly #state: StreamState;
  readonly #producer: StreamProducer;
  readonly #consumer: StreamConsumer;

  /** Sets up the zeroed control words of a new stream, before anybody else can see them. */
  static initialize(block: Block, number: number, { maxSize, maxBytes }: StreamLimits): void {
    const base = at.streamBase(block, number);
    store(block.words, base + at.MAX_SIZE, maxSize);
    at.storeWide(block.words, base + at.MAX_BYTES, maxBytes);
  }

  /**
   * Stream `number` of a compound block.
   * @param isDeserted asked now and then, while a reader waits, whether those who have the other end can still use it
   */
  constructor(
    block: Block,
    number: number,
    roles: StreamRoles = NO_ROLES,
    isDeserted?: (isBlocking: boolean) => boolean,
  ) {
    this.#state = new StreamState(block, number, roles);
    this.#producer = new StreamProducer(this.#state);
    this.#consumer = new StreamConsumer(this.#state, isDeserted);
  }

  get limits(): StreamLimits {
    return this.#state.limits;
  }

  /** Messages that are sent and not yet taken. */
  get size(): number {
    return this.#state.size;
  }

  /** Bytes of these messages; a good guess while others send and take. */
  get bytes(): number {
    const { words, put, got } = this.#state;
    const taken = this.#state.bytesGot(load(words, got));
    return this.#state.bytesPut(load(words, put)) - taken;
  }

  /** Messages ever sent, modulo 2^31. */
  get sent(): number {
    return (load(this.#state.words, this.#state.put) >> 1) & at.NUMBER_MASK;
  }

  /** Messages ever taken, modulo 2^31. */
  get taken(): number {
    return (load(this.#state.words, this.#state.got) >> 1) & at.NUMBER_MASK;
  }

  get isFull(): boolean {
    return this.#producer.isFull;
  }

  /** Whether nothing more will come: the last writer has gone, and all is read. */
  get isDrained(): boolean {
    return this.#consumer.isDrained;
  }

  /** Sends a message; or returns what to wait for before, or ENDED when nobody will read it. */
  write(message: Outgoing): true | Wait | typeof ENDED {
    return this.#producer.write(message);
  }

  /**
   * Takes the oldest message; or returns what to wait for before, or ENDED when none will come.
   * @param check looks at the message before it is taken: what it throws leaves the message where it is
   */
  read(check?: Check): Incoming | Wait | typeof ENDED {
    return this.#consumer.read(check);
  }

  /** True when there is a message, or none will come any more; else what to wait for. */
  poll(): true | Wait {
    return this.#consumer.poll();
  }
}
