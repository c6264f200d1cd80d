import { dataViewOf } from '../memory/words.ts';

/** What an array needs to know of the structs in it. */
export interface StructShape<V extends object> {
  readonly byteLength: number;
  viewAt(buffer: ArrayBuffer, byteOffset: number): V;
  /** @throws TypeError or RangeError before anything is changed. */
  assign(view: V, value: unknown, what: string): void;
}

const INDEX = /^(0|[1-9]\d*)$/;

/**
 * Property accesses that find nothing else end here, with the array itself as receiver. So only the access by an index
 * pays for a proxy, and an array is an ordinary object.
 */
const indexAccess: object = new Proxy(Object.create(Object.prototype) as object, {
  get(target, key, receiver: StructArray<object>) {
    if (typeof key !== 'string' || !INDEX.test(key)) return Reflect.get(target, key, receiver) as unknown;
    return receiver.at(Number(key));
  },
  set(target, key, value, receiver: StructArray<object>) {
    if (typeof key !== 'string' || !INDEX.test(key)) return Reflect.set(target, key, value, receiver);
    receiver.put(Number(key), value);
    return true;
  },
});

/** What `StructArray` extends, only to have `indexAccess` in its chain of prototypes. */
class Indexed {
  static {
    Object.setPrototypeOf(Indexed.prototype, indexAccess);
  }
}

/**
 * An array of structs in shared memory: its elements are views, made when they are asked for. `at(i)` is the fast way
 * to one of them, `array[i]` takes a few times as long.
 */
export class StructArray<V extends object> extends Indexed implements Iterable<V> {
  [index: number]: V;
  readonly #shape: StructShape<V>;
  readonly #buffer: ArrayBuffer;
  readonly #byteOffset: number;
  readonly #length: number;

  /** For `RawArray` and the like. */
  constructor(shape: StructShape<V>, buffer: ArrayBuffer, byteOffset: number, length: number) {
    super();
    this.#shape = shape;
    this.#buffer = buffer;
    this.#byteOffset = byteOffset;
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  /** For handles: all of it. */
  get bytes(): DataView<ArrayBuffer> {
    return dataViewOf(this.#buffer, this.#byteOffset, this.length * this.#shape.byteLength);
  }

  /** For handles. */
  get shape(): StructShape<V> {
    return this.#shape;
  }

  /** The view of one struct; a negative index counts from the end, and there is undefined beyond either end. */
  at(index: number): V | undefined {
    const whole = Math.trunc(index);
    const place = whole < 0 ? this.length + whole : whole;
    if (!(place >= 0 && place < this.length)) return undefined;
    return this.#shape.viewAt(this.#buffer, this.#byteOffset + place * this.#shape.byteLength);
  }

  /**
   * Sets the fields of one struct that an object, a list or a view has, as `array[index] = value` does.
   * @throws RangeError for an index beyond the end, TypeError or RangeError for a wrong value.
   */
  put(index: number, value: unknown): void {
    const view = Number.isInteger(index) && index >= 0 ? this.at(index) : undefined;
    if (view === undefined) throw new RangeError(`There is no element ${index} in an array of ${this.length} structs`);
    this.#shape.assign(view, value, `Element ${index}`);
  }

  /** Some of the structs, as an array over the same memory. */
  subarray(begin = 0, end: number = this.length): StructArray<V> {
    const from = placeIn(this.length, begin);
    const length = Math.max(0, placeIn(this.length, end) - from);
    return new StructArray(this.#shape, this.#buffer, this.#byteOffset + from * this.#shape.byteLength, length);
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (let i = 0; i < this.length; i++) yield this.at(i) as V;
  }

  toJSON(): V[] {
    return [...this];
  }
}

function placeIn(length: number, index: number): number {
  const place = Math.trunc(index) || 0;
  return place < 0 ? Math.max(0, length + place) : Math.min(place, length);
}
