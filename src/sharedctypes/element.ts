import { elementBytes, elementClass, elementTypes, isBigIntType } from './typecode.ts';
import type { ElementOf, ElementType } from './typecode.ts';

/** What an element may be set to; '?' takes true and false for 1 and 0. */
export type ElementInit<T extends ElementType> = T extends '?' ? number | boolean : ElementOf<T>;

interface Range {
  readonly wanted: 'number' | 'bigint';
  readonly min: number | bigint;
  readonly max: number | bigint;
}

const RANGES = Object.fromEntries(elementTypes().map((type) => [type, rangeOf(type)])) as {
  /** Undefined for floating-point types, which take any number. */
  readonly [T in ElementType]: Range | undefined;
};

function rangeOf(type: ElementType): Range | undefined {
  if (isFloatType(type)) return undefined;
  if (type === '?') return { wanted: 'number', min: 0, max: 1 };
  const bits = BigInt(elementBytes(type) * 8);
  const [min, max] = elementClass(type).name.includes('Uint')
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  if (isBigIntType(type)) return { wanted: 'bigint', min, max };
  return { wanted: 'number', min: Number(min), max: Number(max) };
}

/** Whether the type is one of whole numbers, as C has arithmetic for them: not '?'. */
export function isIntegerType(type: ElementType): boolean {
  return type !== '?' && !isFloatType(type);
}

function isFloatType(type: ElementType): boolean {
  return elementClass(type).name.startsWith('Float');
}

/** Whether an element of the type can be set to the value as it is. */
export function isElement(type: ElementType, value: unknown): boolean {
  const range = RANGES[type];
  if (range === undefined) return typeof value === 'number';
  if (typeof value !== range.wanted) return type === '?' && typeof value === 'boolean';
  const number = value as number | bigint;
  return number >= range.min && number <= range.max && (typeof number === 'bigint' || Number.isInteger(number));
}

/**
 * @param what names the value in errors
 * @throws TypeError for a value of another kind, RangeError for one that the type cannot hold.
 */
export function checkElement(type: ElementType, value: unknown, what: string): void {
  if (!isElement(type, value)) refuseElement(type, value, what);
}

/** Throws what is wrong with a value that is no element of the type. */
export function refuseElement(type: ElementType, value: unknown, what: string): never {
  const range = RANGES[type];
  const wanted = range?.wanted ?? 'number';
  if (typeof value !== wanted) {
    const expected = type === '?' ? 'true, false, 0 or 1' : `a ${wanted}`;
    throw new TypeError(`${what} of '${type}' must be ${expected}, not ${value === null ? 'null' : typeof value}`);
  }
  if (wanted === 'number' && !Number.isInteger(value)) {
    throw new TypeError(`${what} of '${type}' must be a whole number, not ${String(value)}`);
  }
  throw new RangeError(
    `${what} of '${type}' must be from ${range?.min} to ${range?.max}, not ${String(value as number)}`,
  );
}
