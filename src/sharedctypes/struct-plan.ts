import { checkElement } from './element.ts';
import { FieldsView, writeElement } from './struct-fields.ts';
import { elementBytes } from './typecode.ts';
import type { ElementType } from './typecode.ts';

/** The elements to write, once all of them have been checked. */
export type Writes = [type: ElementType, offset: number, value: number | bigint | boolean][];

/** A struct as the type of a field. */
interface Nested {
  readonly byteLength: number;
  readonly alignment: number;
  plan(value: unknown, what: string, writes: Writes, at: number): Writes;
}

export interface Field<S extends Nested = Nested> {
  readonly name: string;
  readonly type: ElementType | S;
  /** Undefined for one that is no array. */
  readonly length: number | undefined;
  readonly offset: number;
}

export function bytesIn(type: ElementType | Nested): number {
  return typeof type === 'string' ? elementBytes(type) : type.byteLength;
}

export function applyWrites(view: FieldsView, writes: Writes): void {
  const bytes = FieldsView.bytesOf(view);
  for (const [type, offset, value] of writes) writeElement(bytes, type, offset, value);
}

/** @throws RangeError for more values than fields, and what `planField` throws. */
export function planInOrder(
  fields: readonly Field[],
  values: readonly unknown[],
  what: string,
  writes: Writes,
  at: number,
): void {
  if (values.length > fields.length) {
    throw new RangeError(`${what}: the struct has ${fields.length} fields, not ${values.length}`);
  }
  for (const [i, value] of values.entries()) planField(fields[i] as Field, value, what, writes, at);
}

/** @param isView of this very struct, so that it has all the fields */
export function planByName(
  fields: readonly Field[],
  value: unknown,
  isView: boolean,
  what: string,
  writes: Writes,
  at: number,
): void {
  if (!isView) checkNames(value, fields, what);
  for (const field of fields) {
    if (!isView && !Object.hasOwn(value as object, field.name)) continue;
    planField(field, (value as Readonly<Record<string, unknown>>)[field.name], what, writes, at);
  }
}

/** @throws TypeError for a value of a wrong kind, RangeError for a list of a wrong length or a value out of range. */
export function planField(field: Field, value: unknown, what: string, writes: Writes, at: number): void {
  const { name, type, length, offset } = field;
  const title = `Field '${name}'`;
  if (length === undefined) {
    planOne(type, value, title, writes, at + offset);
    return;
  }
  if (typeof value !== 'object' || value === null || !(Symbol.iterator in value)) {
    throw new TypeError(`${what}: ${title} must be a list of ${length}, not ${value === null ? 'null' : typeof value}`);
  }
  const entries = Array.from(value as Iterable<unknown>);
  if (entries.length !== length) {
    throw new RangeError(`${what}: ${title} must be a list of ${length}, not of ${entries.length}`);
  }
  for (const [i, entry] of entries.entries()) {
    planOne(type, entry, `${title}[${i}]`, writes, at + offset + i * bytesIn(type));
  }
}

function planOne(type: ElementType | Nested, value: unknown, what: string, writes: Writes, at: number): void {
  if (typeof type !== 'string') {
    type.plan(value, what, writes, at);
    return;
  }
  checkElement(type, value, what);
  writes.push([type, at, value as number]);
}

function checkNames(value: unknown, fields: readonly Field[], what: string): asserts value is object {
  if (typeof value !== 'object' || value === null || value instanceof FieldsView || Symbol.iterator in value) {
    const found = value instanceof FieldsView ? 'a view of another struct' : value === null ? 'null' : typeof value;
    throw new TypeError(`${what} must be an object with fields, a list of them or a view of the struct, not ${found}`);
  }
  const unknown = Object.keys(value).find((key) => !fields.some(({ name }) => name === key));
  if (unknown === undefined) return;
  throw new TypeError(
    `${what}: the struct has no field '${unknown}'; it has ${fields.map(({ name }) => name).join(', ')}`,
  );
}
