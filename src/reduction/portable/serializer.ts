import { types } from 'node:util';

import { REGEXP_FLAGS, TAG, VERSION } from './tags.ts';

const FIRST_BYTES = 256;

/**
 * What `node:v8` has under this name, for runtimes that do not have it (Bun): the same bytes, so that both can talk.
 * All views are host objects. Whoever uses it has refused before what has no bytes: functions, symbols, promises and the like.
 */
export class PortableSerializer {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #end = 0;
  readonly #numbers = new Map<object, number>();

  _setTreatArrayBufferViewsAsHostObjects(_flag: boolean): void {}

  /** Called for each view. */
  _writeHostObject(_object: ArrayBufferView): void {
    throw new TypeError('a view cannot be written');
  }

  writeHeader(): void {
    this.#tag(TAG.version);
    this.writeUint32(VERSION);
  }

  writeUint32(value: number): void {
    this.#room(5);
    while (value > 0x7f) {
      this.#bytes[this.#end++] = (value & 0x7f) | 0x80;
      value >>>= 7;
    }
    this.#bytes[this.#end++] = value;
  }

  writeDouble(value: number): void {
    this.#room(8);
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
  }

  writeRawBytes(view: ArrayBufferView): void {
    this.#raw(Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  }

  releaseBuffer(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  writeValue(value: unknown): void {
    switch (typeof value) {
      case 'undefined':
        return this.#tag(TAG.undefined);
      case 'boolean':
        return this.#tag(value ? TAG.true : TAG.false);
      case 'number':
        return this.#number(value);
      case 'bigint':
        this.#tag(TAG.bigint);
        return this.#bigint(value);
      case 'string':
        return this.#string(value);
      case 'object':
        return value === null ? this.#tag(TAG.null) : this.#object(value);
      default:
        throw new TypeError(`a ${typeof value} could not be cloned`);
    }
  }

  #object(value: object): void {
    const known = this.#numbers.get(value);
    if (known !== undefined) {
      this.#tag(TAG.reference);
      return this.writeUint32(known);
    }
    this.#numbers.set(value, this.#numbers.size);
    if (Array.isArray(value)) return this.#array(value);
    if (ArrayBuffer.isView(value)) {
      this.#tag(TAG.hostObject);
      return this._writeHostObject(value);
    }
    if (types.isMap(value)) return this.#map(value);
    if (types.isSet(value)) return this.#set(value);
    if (types.isArrayBuffer(value)) {
      this.#tag(TAG.arrayBuffer);
      this.writeUint32(value.byteLength);
      return this.#raw(Buffer.from(value));
    }
    if (types.isDate(value)) {
      this.#tag(TAG.date);
      return this.writeDouble(Date.prototype.getTime.call(value));
    }
    if (types.isRegExp(value)) return this.#regExp(value);
    if (types.isBoxedPrimitive(value)) return this.#boxed(value);
    this.#tag(TAG.object);
    const properties = this.#properties(value, Object.keys(value));
    this.#tag(TAG.endObject);
    this.writeUint32(properties);
  }

  #array(value: readonly unknown[]): void {
    const { length } = value;
    const keys = Object.keys(value);
    // As many names as elements, and the last one is an index: all are.
    const isDense = length === 0 || keys[length - 1] === String(length - 1);
    this.#tag(isDense ? TAG.denseArray : TAG.sparseArray);
    this.writeUint32(length);
    if (isDense) for (let i = 0; i < length; i++) this.writeValue(value[i]);
    const properties = this.#properties(value, isDense ? keys.slice(length) : keys);
    this.#tag(isDense ? TAG.endDenseArray : TAG.endSparseArray);
    this.writeUint32(properties);
    this.writeUint32(length);
  }

  #properties(value: object, keys: readonly string[]): number {
    let written = 0;
    for (const key of keys) {
      // Whatever code runs for one property may have taken another one away.
      if (!Object.hasOwn(value, key)) continue;
      const index = Number(key);
      if (index >= 0 && String(index >>> 0) === key) this.#number(index);
      else this.#string(key);
      this.writeValue((value as Record<string, unknown>)[key]);
      written++;
    }
    return written;
  }

  #map(map: Map<unknown, unknown>): void {
    this.#tag(TAG.map);
    const entries: unknown[] = [];
    Map.prototype.forEach.call(map, (value, key) => entries.push(key, value));
    for (const entry of entries) this.writeValue(entry);
    this.#tag(TAG.endMap);
    this.writeUint32(entries.length);
  }

  #set(set: Set<unknown>): void {
    this.#tag(TAG.set);
    const values: unknown[] = [];
    Set.prototype.forEach.call(set, (value) => values.push(value));
    for (const value of values) this.writeValue(value);
    this.#tag(TAG.endSet);
    this.writeUint32(values.length);
  }

  #regExp(value: RegExp): void {
    this.#tag(TAG.regExp);
    this.#string(value.source);
    this.writeUint32(REGEXP_FLAGS.reduce((bits, flag, i) => (value.flags.includes(flag) ? bits | (1 << i) : bits), 0));
  }

  #boxed(value: object): void {
    if (types.isNumberObject(value)) {
      this.#tag(TAG.numberObject);
      return this.writeDouble(Number.prototype.valueOf.call(value));
    }
    if (types.isStringObject(value)) {
      this.#tag(TAG.stringObject);
      return this.#string(String.prototype.valueOf.call(value));
    }
    if (types.isBooleanObject(value)) {
      return this.#tag(Boolean.prototype.valueOf.call(value) ? TAG.trueObject : TAG.falseObject);
    }
    if (!types.isBigIntObject(value)) throw new TypeError('a boxed symbol could not be cloned');
    this.#tag(TAG.bigintObject);
    this.#bigint(BigInt.prototype.valueOf.call(value));
  }

  #number(value: number): void {
    // V8 has 31 bits for a small integer, which are all that it writes as one.
    const isSmall = value === (value << 1) >> 1 && !Object.is(value, -0);
    this.#tag(isSmall ? TAG.int32 : TAG.double);
    if (isSmall) this.writeUint32(((value << 1) ^ (value >> 31)) >>> 0);
    else this.writeDouble(value);
  }

  #bigint(value: bigint): void {
    const isNegative = value < 0n;
    const digits = (isNegative ? -value : value).toString(16);
    const bytes = value === 0n ? 0 : Math.ceil(digits.length / 16) * 8;
    this.writeUint32(bytes * 2 + (isNegative ? 1 : 0));
    if (bytes > 0) this.#raw(Buffer.from(digits.padStart(bytes * 2, '0'), 'hex').reverse());
  }

  #string(text: string): void {
    const isLatin = /^[\0-\xff]*$/.test(text);
    this.#tag(isLatin ? TAG.oneByteString : TAG.twoByteString);
    const bytes = isLatin ? text.length : text.length * 2;
    this.writeUint32(bytes);
    this.#room(bytes);
    this.#end += this.#bytes.write(text, this.#end, isLatin ? 'latin1' : 'utf16le');
  }

  #tag(tag: number): void {
    this.#room(1);
    this.#bytes[this.#end++] = tag;
  }

  #raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #room(bytes: number): void {
    if (this.#end + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + bytes));
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }
}
