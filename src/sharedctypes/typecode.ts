interface TypedArrayConstructor<T> {
  new (length: number): T;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
  readonly name: string;
}

/**
 * The element types: C's codes as in Python's `array` and `struct`, and names of fixed sizes. `l` and `L` are C's
 * long, 8 bytes on the 64-bit Unix systems, hence bigint; `c` and `?` are bytes.
 */
interface ElementArrays {
  c: Uint8Array;
  b: Int8Array;
  B: Uint8Array;
  '?': Uint8Array;
  h: Int16Array;
  H: Uint16Array;
  i: Int32Array;
  I: Uint32Array;
  l: BigInt64Array;
  L: BigUint64Array;
  q: BigInt64Array;
  Q: BigUint64Array;
  f: Float32Array;
  d: Float64Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  uint64: BigUint64Array;
  float32: Float32Array;
  float64: Float64Array;
}

/** The code of an element type. */
export type ElementType = keyof ElementArrays;

/** The typed array of an element type. */
export type ArrayOf<T extends ElementType> = ElementArrays[T];

/** What reading an element gives. */
export type ElementOf<T extends ElementType> = ArrayOf<T> extends BigInt64Array | BigUint64Array ? bigint : number;

const CONSTRUCTORS: { readonly [T in ElementType]: TypedArrayConstructor<ElementArrays[T]> } = {
  c: Uint8Array,
  b: Int8Array,
  B: Uint8Array,
  '?': Uint8Array,
  h: Int16Array,
  H: Uint16Array,
  i: Int32Array,
  I: Uint32Array,
  l: BigInt64Array,
  L: BigUint64Array,
  q: BigInt64Array,
  Q: BigUint64Array,
  f: Float32Array,
  d: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

const CODES = Object.keys(CONSTRUCTORS) as ElementType[];

/**
 * Checks an element type that a user gave.
 * @throws TypeError that lists the types there are.
 */
export function checkElementType(type: unknown, where: string): asserts type is ElementType {
  if (typeof type === 'string' && Object.hasOwn(CONSTRUCTORS, type)) return;
  throw new TypeError(
    `${where}: there is no element type ${JSON.stringify(type) ?? String(type)}; use one of ${CODES.join(' ')}`,
  );
}

/** The class of the typed arrays of an element type. */
export function elementClass(type: ElementType): abstract new (length: number) => object {
  return CONSTRUCTORS[type];
}

export function elementBytes(type: ElementType): number {
  return CONSTRUCTORS[type].BYTES_PER_ELEMENT;
}

export function elementTypes(): readonly ElementType[] {
  return CODES;
}

/** A number for the element type, for headers in shared memory. */
export function elementTypeNumber(type: ElementType): number {
  return CODES.indexOf(type);
}

export function elementTypeOf(number: number): ElementType | undefined {
  return CODES[number];
}

/** `length` elements of shared memory, from `byteOffset` of the buffer on: no copy. */
export function viewElements<T extends ElementType>(
  type: T,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
): ArrayOf<T> {
  return new CONSTRUCTORS[type](buffer, byteOffset, length);
}

/** `length` zeros in memory of our own. */
export function makeElements<T extends ElementType>(type: T, length: number): ArrayOf<T> {
  return new CONSTRUCTORS[type](length);
}

/** Whether the elements of the type are bigints. */
export function isBigIntType(type: ElementType): boolean {
  const made: unknown = CONSTRUCTORS[type];
  return made === BigInt64Array || made === BigUint64Array;
}
