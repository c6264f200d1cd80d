import { SHORT_TEXT, TAG } from './wire.ts';

const INITIAL_BYTES = 8 * 1024;
/** A buffer that grew beyond this for one big message is not kept. */
const KEPT_BYTES = 1024 * 1024;
/** Up to here a loop in JavaScript is faster than a call into C++ for each text. */
const LOOP_CHARACTERS = 32;
const NOT_LATIN1 = /[\u0100-\uffff]/;

/** A growing buffer with the primitive forms of the message format. */
export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES);
  position = 0;
  #view: DataView = viewOf(this.bytes);

  /** Makes sure that `count` more bytes fit. */
  reserve(count: number): void {
    if (this.position + count <= this.bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.position + count + INITIAL_BYTES));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.#view = viewOf(grown);
  }

  /** Begins anew at position 0; the bytes of the last message may be overwritten from now on. */
  rewind(): void {
    this.position = 0;
    if (this.bytes.length > KEPT_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(INITIAL_BYTES);
      this.#view = viewOf(this.bytes);
    }
  }

  byte(value: number): void {
    if (this.position === this.bytes.length) this.reserve(1);
    this.bytes[this.position++] = value;
  }

  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.bytes[this.position++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.position++] = rest;
  }

  uint32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.position, value, true);
    this.position += 4;
  }

  float64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.position);
    this.position += bytes.length;
  }

  number(value: number): void {
    // -0 is equal to 0 but is a float: an integer could not say it.
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      this.reserve(9);
      this.bytes[this.position] = TAG.float64;
      this.#view.setFloat64(this.position + 1, value, true);
      this.position += 9;
      return;
    }
    this.reserve(5);
    const bytes = this.bytes;
    if (value >= 0 && value < 0x80) {
      bytes[this.position++] = value;
    } else if (value >= -0x80 && value < 0x80) {
      bytes[this.position++] = TAG.int8;
      bytes[this.position++] = value;
    } else if (value >= -0x8000 && value < 0x8000) {
      bytes[this.position++] = TAG.int16;
      bytes[this.position++] = value;
      bytes[this.position++] = value >> 8;
    } else {
      bytes[this.position++] = TAG.int32;
      this.#view.setInt32(this.position, value, true);
      this.position += 4;
    }
  }

  bigint(value: bigint): void {
    this.byte(TAG.bigint);
    this.byte(value < 0n ? 1 : 0);
    const digits = (value < 0n ? -value : value).toString(16);
    const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex').toReversed();
    this.varint(magnitude.length);
    this.raw(magnitude);
  }

  /** Latin-1 text as bytes, any other as UTF-16 units: lone surrogates arrive as they were. */
  text(value: string): void {
    const length = value.length;
    if (length >= LOOP_CHARACTERS) {
      this.#longText(value);
      return;
    }
    this.reserve(length + 1);
    const bytes = this.bytes;
    let at = this.position;
    bytes[at++] = SHORT_TEXT | length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0xff) {
        this.#longText(value);
        return;
      }
      bytes[at++] = unit;
    }
    this.position = at;
  }

  #longText(value: string): void {
    const wide = NOT_LATIN1.test(value);
    this.byte(wide ? TAG.utf16 : TAG.latin1);
    this.varint(value.length);
    this.reserve(value.length * 2);
    this.position += this.bytes.write(value, this.position, wide ? 'utf16le' : 'latin1');
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
