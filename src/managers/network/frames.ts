import { ResourceError, SerializationError } from '../../support/errors.ts';

/*
 * A message on the wire, as in Python's multiprocessing.connection:
 *
 *   4 bytes   length, signed, big-endian; -1 = it does not fit
 *   8 bytes   only then: length, unsigned, big-endian
 *   length    the message
 */
const SHORT_HEADER = 4;
const LONG_HEADER = 12;
const LONGEST_SHORT = 0x7fffffff;
const LONG_FOLLOWS = -1;

// Memory is taken as bytes come, and not as they are announced.
const FIRST_BYTES = 1 << 20;
const GROWTH = 4;

/** What stands in front of a message of this length. */
export function frameHeader(length: number): Uint8Array {
  if (length <= LONGEST_SHORT) {
    const header = Buffer.alloc(SHORT_HEADER);
    header.writeInt32BE(length);
    return header;
  }
  const header = Buffer.alloc(LONG_HEADER);
  header.writeInt32BE(LONG_FOLLOWS);
  header.writeBigUInt64BE(BigInt(length), SHORT_HEADER);
  return header;
}

/**
 * Puts a message together from the bytes of a stream, however they come: fill `room()`, say how many by `advance()`, and
 * when it `isWhole`, `take()` it. It never asks for more than belongs to the message.
 */
export class FrameReader {
  readonly #most: number;
  readonly #header: Buffer = Buffer.alloc(LONG_HEADER);
  #headerBytes = SHORT_HEADER;
  #length: number | undefined;
  #body = new Uint8Array();
  /** Of the header, or of the body when the length is known. */
  #filled = 0;

  /** @param most - bytes of a message */
  constructor(most: number) {
    this.#most = most;
  }

  /** Of the message that is coming, when it is known. */
  get length(): number | undefined {
    return this.#length;
  }

  get isWhole(): boolean {
    return this.#filled === this.#length;
  }

  /** Nothing of a message has come: the stream may end here. */
  get isBetween(): boolean {
    return this.#length === undefined && this.#filled === 0;
  }

  /** How far the message is, for errors. */
  get progress(): string {
    return this.#length === undefined ? 'in the length' : `after ${this.#filled} of ${this.#length} bytes`;
  }

  /** Where the next bytes go; empty when the message is whole. */
  room(): Uint8Array {
    if (this.#length === undefined) return this.#header.subarray(this.#filled, this.#headerBytes);
    if (this.#filled === this.#body.length && this.#filled < this.#length) this.#grow(this.#length);
    return this.#body.subarray(this.#filled);
  }

  /** @throws SerializationError, ResourceError (EMSGSIZE) when what came is no length, or too large a one. */
  advance(count: number): void {
    this.#filled += count;
    if (this.#length === undefined && this.#filled === this.#headerBytes) this.#readHeader();
  }

  /** The whole message; the next one may come. */
  take(): Uint8Array<ArrayBuffer> {
    const body = this.#body;
    this.#headerBytes = SHORT_HEADER;
    this.#length = undefined;
    this.#body = new Uint8Array();
    this.#filled = 0;
    return body;
  }

  #readHeader(): void {
    const short = this.#header.readInt32BE();
    if (short === LONG_FOLLOWS && this.#headerBytes === SHORT_HEADER) {
      this.#headerBytes = LONG_HEADER;
      return;
    }
    if (short < LONG_FOLLOWS) {
      throw new SerializationError(
        `What comes over this connection is no message: its length would be ${short}. The other side must speak the protocol of Python's multiprocessing.connection.`,
      );
    }
    const length = short === LONG_FOLLOWS ? Number(this.#header.readBigUInt64BE(SHORT_HEADER)) : short;
    if (length > this.#most) {
      throw new ResourceError(
        `The other side announces a message of ${length} bytes, more than the ${this.#most} that are allowed: allow more with { maxMessageBytes }, if it is to be trusted`,
        { errno: 'EMSGSIZE', syscall: 'recv' },
      );
    }
    this.#length = length;
    this.#filled = 0;
  }

  #grow(length: number): void {
    const body = new Uint8Array(Math.min(length, Math.max(FIRST_BYTES, this.#body.length * GROWTH)));
    body.set(this.#body);
    this.#body = body;
  }
}
