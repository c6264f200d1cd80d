import { putOwn } from '../own-property.ts';
import { REGEXP_FLAGS, TAG, VERSION } from './tags.ts';

/** What `node:v8` has under this name, for runtimes that do not have it (Bun). The bytes may be damaged in any way. */
export class PortableDeserializer {
  readonly #bytes: Buffer;
  #position = 0;
  readonly #objects: unknown[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Called for each host object. */
  _readHostObject(): object {
    throw new TypeError('a host object cannot be read');
  }

  readHeader(): boolean {
    if (this.#byte() !== TAG.version || this.readUint32() > VERSION) throw damage();
    return true;
  }

  readUint32(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.#byte();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
  }

  readDouble(): number {
    return this.#take(8).readDoubleLE();
  }

  readRawBytes(length: number): Buffer {
    return this.#take(length);
  }

  readValue(): unknown {
    const tag = this.#tag();
    switch (tag) {
      case TAG.undefined:
        return undefined;
      case TAG.null:
        return null;
      case TAG.true:
        return true;
      case TAG.false:
        return false;
      case TAG.int32: {
        const zigzag = this.readUint32();
        return (zigzag >>> 1) ^ -(zigzag & 1);
      }
      case TAG.uint32:
        return this.readUint32();
      case TAG.double:
        return this.readDouble();
      case TAG.bigint:
        return this.#bigint();
      case TAG.oneByteString:
      case TAG.twoByteString:
      case TAG.utf8String:
        return this.#stringOf(tag);
      default:
        return this.#object(tag);
    }
  }

  #object(tag: number): unknown {
    if (tag === TAG.reference) {
      const number = this.readUint32();
      // A host object that is still being read has a number and no value.
      if (this.#objects[number] === undefined) throw damage();
      return this.#objects[number];
    }
    const number = this.#objects.push(undefined) - 1;
    const keep = <T>(object: T): T => (this.#objects[number] = object) as T;
    switch (tag) {
      case TAG.object: {
        const object = keep({});
        this.#properties(object, TAG.endObject);
        return object;
      }
      case TAG.denseArray:
        return this.#denseArray(keep([]));
      case TAG.sparseArray: {
        const array: unknown[] = keep([]);
        array.length = this.readUint32();
        this.#properties(array, TAG.endSparseArray);
        this.#expect(array.length);
        return array;
      }
      case TAG.map:
        return this.#map(keep(new Map()));
      case TAG.set:
        return this.#set(keep(new Set()));
      case TAG.hostObject:
        return keep(this._readHostObject());
      default:
        return keep(this.#leaf(tag));
    }
  }

  #leaf(tag: number): object {
    switch (tag) {
      case TAG.date:
        return new Date(this.readDouble());
      case TAG.trueObject:
      case TAG.falseObject:
        return Object(tag === TAG.trueObject) as object;
      case TAG.numberObject:
        return Object(this.readDouble()) as object;
      case TAG.bigintObject:
        return Object(this.#bigint()) as object;
      case TAG.stringObject:
        return Object(this.#string()) as object;
      case TAG.regExp: {
        const source = this.#string();
        const bits = this.readUint32();
        return new RegExp(source, REGEXP_FLAGS.filter((_flag, i) => (bits & (1 << i)) !== 0).join(''));
      }
      case TAG.arrayBuffer: {
        const bytes = this.#take(this.readUint32());
        const copy = new Uint8Array(bytes.length);
        copy.set(bytes);
        return copy.buffer;
      }
      default:
        throw damage();
    }
  }

  #denseArray(array: unknown[]): unknown[] {
    const length = this.readUint32();
    // Each element has a byte at least: no array of a length that somebody has made up.
    if (length > this.#bytes.length - this.#position) throw damage();
    array.length = length;
    for (let i = 0; i < length; i++) {
      if (this.#bytes[this.#position] === TAG.hole) this.#position++;
      else array[i] = this.readValue();
    }
    this.#properties(array, TAG.endDenseArray);
    this.#expect(length);
    return array;
  }

  #properties(object: object, end: number): void {
    let read = 0;
    for (; !this.#ends(end); read++) {
      const key = this.readValue();
      if (typeof key !== 'string' && typeof key !== 'number') throw damage();
      putOwn(object, String(key), this.readValue());
    }
    this.#expect(read);
  }

  #map(map: Map<unknown, unknown>): Map<unknown, unknown> {
    let read = 0;
    for (; !this.#ends(TAG.endMap); read += 2) map.set(this.readValue(), this.readValue());
    this.#expect(read);
    return map;
  }

  #set(set: Set<unknown>): Set<unknown> {
    let read = 0;
    for (; !this.#ends(TAG.endSet); read++) set.add(this.readValue());
    this.#expect(read);
    return set;
  }

  #bigint(): bigint {
    const head = this.readUint32();
    const digits = Buffer.from(this.#take(head >>> 1)).reverse();
    const value = digits.length === 0 ? 0n : BigInt(`0x${digits.toString('hex')}`);
    return (head & 1) === 1 ? -value : value;
  }

  #string(): string {
    return this.#stringOf(this.#tag());
  }

  #stringOf(tag: number): string {
    const bytes = this.#take(this.readUint32());
    if (tag === TAG.oneByteString) return bytes.toString('latin1');
    if (tag === TAG.utf8String) return bytes.toString('utf8');
    if (tag !== TAG.twoByteString || bytes.length % 2 === 1) throw damage();
    return bytes.toString('utf16le');
  }

  #ends(end: number): boolean {
    while (this.#bytes[this.#position] === TAG.padding) this.#position++;
    if (this.#bytes[this.#position] !== end) return false;
    this.#position++;
    return true;
  }

  #expect(count: number): void {
    if (this.readUint32() !== count) throw damage();
  }

  #tag(): number {
    for (;;) {
      const tag = this.#byte();
      if (tag !== TAG.padding) return tag;
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#position++];
    if (byte === undefined) throw damage();
    return byte;
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (!(length >= 0 && end <= this.#bytes.length)) throw damage();
    const bytes = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return bytes;
  }
}

function damage(): Error {
  return new Error('Unable to deserialize cloned data.');
}
