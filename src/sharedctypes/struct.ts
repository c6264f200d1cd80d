import { inspect } from 'node:util';

import { dataViewOf } from '../memory/words.ts';
import { registerShareable } from '../reduction/shareable.ts';
import { printAs } from '../support/inspect.ts';
import type { ElementInit } from './element.ts';
import { elementAccessor, FieldsView, viewAccessor } from './struct-fields.ts';
import { applyWrites, bytesIn, planByName, planField, planInOrder } from './struct-plan.ts';
import type { Field, Writes } from './struct-plan.ts';
import { StructArray } from './struct-array.ts';
import type { StructShape } from './struct-array.ts';
import { checkElementType, elementBytes, viewElements } from './typecode.ts';
import type { ArrayOf, ElementOf, ElementType } from './typecode.ts';

const MOST_BYTES = 2 ** 33;
const NAME = /^[A-Za-z_$][\w$]*$/;
/** What a view has besides its fields. */
const RESERVED: readonly string[] = ['constructor', '__proto__', 'toJSON'];

/** What a field holds: an element, a struct, or `[type, length]`, that many of either. */
export type FieldType = ElementType | Struct | readonly [type: ElementType | Struct, length: number];

/** Names and types of the fields, in the order in which they lie in memory. */
export interface StructFields {
  readonly [name: string]: FieldType;
}

type FieldValue<T> = T extends ElementType
  ? ElementOf<T>
  : T extends Struct<infer F>
    ? StructView<F>
    : T extends readonly [infer E, number]
      ? E extends ElementType
        ? ArrayOf<E>
        : E extends Struct<infer G>
          ? StructArray<StructView<G>>
          : never
      : never;

/** A struct in memory: reading and setting its fields reads and writes there. */
export type StructView<F extends StructFields> = { -readonly [Name in keyof F]: FieldValue<F[Name]> };

/** What a field may be set to. */
export type FieldInit<T> = T extends ElementType
  ? ElementInit<T>
  : T extends Struct<infer F>
    ? StructInit<F>
    : T extends readonly [infer E, number]
      ? Iterable<FieldInit<E>>
      : never;

/** Values for some of the fields, by their names. */
export type FieldsInit<F extends StructFields> = { readonly [Name in keyof F]?: FieldInit<F[Name]> };

/** What a struct may be set to: fields by name (a view has them, too), or a list of the first ones in order. */
export type StructInit<F extends StructFields> = FieldsInit<F> | readonly FieldInit<F[keyof F]>[];

type ViewClass = new (bytes: DataView<ArrayBuffer>) => FieldsView;

/** The layout of a struct: a type for `RawValue`, `RawArray`, `Value` and `SharedArray`. */
export class Struct<F extends StructFields = StructFields> implements StructShape<StructView<F>> {
  static {
    printAs(Struct, (made) => `struct ${inspect(made.fields)}`);
  }

  /** As they were given. */
  readonly fields: F;
  /** With all padding, so that an array of them needs no more. */
  readonly byteLength: number;
  readonly alignment: number;
  /** In bytes, by name. */
  readonly offsets: { readonly [Name in keyof F]: number };
  readonly #fields: readonly Field<Struct>[];
  readonly #View: ViewClass;

  /** For `struct`, which has checked the fields. */
  constructor(fields: F) {
    let end = 0;
    let alignment = 1;
    this.#fields = Object.entries(fields).map(([name, given]): Field<Struct> => {
      const [type, length] = partsOf(given);
      const step = typeof type === 'string' ? elementBytes(type) : type.alignment;
      const offset = alignUp(end, step);
      end = offset + bytesIn(type) * (length ?? 1);
      alignment = Math.max(alignment, step);
      return { name, type, length, offset };
    });
    this.fields = Object.freeze({ ...fields });
    this.byteLength = alignUp(end, alignment);
    this.alignment = alignment;
    this.offsets = Object.freeze(Object.fromEntries(this.#fields.map(({ name, offset }) => [name, offset]))) as {
      readonly [Name in keyof F]: number;
    };
    this.#View = makeViewClass(this, this.#fields);
    Object.freeze(this);
  }

  /**
   * A struct in memory of this process' own, for instance to send it by copy.
   * @throws TypeError or RangeError for a wrong value.
   * @example
   * const origin = Point.of(0, 0);
   */
  of(...init: StructArguments<F>): StructView<F> {
    const view = this.viewAt(new ArrayBuffer(this.byteLength), 0);
    this.apply(view, this.plan(initOf(init), 'of()'));
    return view;
  }

  /**
   * A copy of a struct, in memory of this process' own. Python: `sharedctypes.copy`.
   * @throws TypeError for anything but a view of this struct.
   */
  copy(view: StructView<F>): StructView<F> {
    if (!this.isViewOf(view)) throw new TypeError('copy(): expected a view of this struct');
    const copy = this.viewAt(new ArrayBuffer(this.byteLength), 0);
    this.assign(copy, view, 'copy()');
    return copy;
  }

  /** Whether the value is a struct of this layout. */
  isViewOf(value: unknown): value is StructView<F> {
    return value instanceof this.#View;
  }

  /** For handles and arrays: the struct that lies at this place of a buffer. */
  viewAt(buffer: ArrayBuffer, byteOffset: number): StructView<F> {
    return new this.#View(dataViewOf(buffer, byteOffset, this.byteLength)) as unknown as StructView<F>;
  }

  /** Sets the fields that `value` has; the others stay. */
  assign(view: StructView<F>, value: unknown, what: string): void {
    this.apply(view, this.plan(value, what));
  }

  /**
   * Checks what a struct is to be set to, and lists what to write.
   * @throws TypeError for unknown fields or values of a wrong kind, RangeError for values out of range.
   */
  plan(value: unknown, what: string, writes: Writes = [], at = 0): Writes {
    if (Array.isArray(value)) planInOrder(this.#fields, value, what, writes, at);
    else planByName(this.#fields, value, this.isViewOf(value), what, writes, at);
    return writes;
  }

  /** Writes what has been planned. */
  apply(view: StructView<F>, writes: Writes): void {
    applyWrites(view as unknown as FieldsView, writes);
  }
}

/** Arguments that make a struct: one object with some of the fields, or the first ones in order. */
export type StructArguments<F extends StructFields> = [FieldsInit<F>] | readonly FieldInit<F[keyof F]>[];

/** What the arguments after the type say a struct is to be. */
export function initOf(init: readonly unknown[]): unknown {
  const [only] = init;
  const isWhole = init.length === 1 && typeof only === 'object' && only !== null && !(Symbol.iterator in only);
  return isWhole ? only : [...init];
}

function partsOf(type: FieldType): [type: ElementType | Struct, length: number | undefined] {
  return typeof type === 'string' || type instanceof Struct ? [type, undefined] : [type[0], type[1]];
}

function alignUp(offset: number, step: number): number {
  return Math.ceil(offset / step) * step;
}

function makeViewClass(layout: object, fields: readonly Field<Struct>[]): ViewClass {
  class View extends FieldsView {
    constructor(bytes: DataView<ArrayBuffer>) {
      super(bytes, layout as Struct);
    }
  }
  for (const field of fields) Object.defineProperty(View.prototype, field.name, accessorOf(field));
  return View;
}

function accessorOf(field: Field<Struct>): PropertyDescriptor {
  const { name, type, length, offset } = field;
  if (typeof type === 'string' && length === undefined) return elementAccessor(type, name, offset);
  const make = (buffer: ArrayBuffer, byteOffset: number): object => {
    if (length === undefined) return (type as Struct).viewAt(buffer, byteOffset);
    return typeof type === 'string'
      ? viewElements(type, buffer, byteOffset, length)
      : new StructArray(type, buffer, byteOffset, length);
  };
  return viewAccessor(make, offset, (view, value) => {
    const writes: Writes = [];
    planField(field, value, 'The struct', writes, 0);
    applyWrites(view, writes);
  });
}

/** Structs by what they are, so that equal layouts are the same object and their views of the same class. */
const known = new Map<string, Struct>();

/**
 * A struct type with C's layout: each field at the next multiple of its alignment, in the order given.
 *
 * A field is an element type, another struct, or `[type, length]` for an array of either. Equal layouts are one object.
 * Python: a subclass of `ctypes.Structure`.
 *
 * @throws TypeError for a bad name or an unknown type, RangeError for a bad length.
 * @example
 * const Point = struct({ x: 'd', y: 'd', id: 'i' });
 * const points = RawArray(Point, 100);
 */
export function struct<const F extends StructFields>(fields: F): Struct<F> {
  const key = keyOf(fields);
  let made = known.get(key);
  if (made === undefined) known.set(key, (made = new Struct(fields) as unknown as Struct));
  return made as unknown as Struct<F>;
}

/** A text that tells layouts apart; checks them on the way. */
function keyOf(fields: unknown): string {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || Object.keys(fields).length === 0) {
    throw new TypeError(
      `struct(): expected an object with a type for each field, not ${inspect(fields, { depth: 0 })}`,
    );
  }
  return `{${Object.entries(fields).map(keyOfField).join()}}`;
}

function keyOfField([name, type]: [string, unknown]): string {
  if (!NAME.test(name) || RESERVED.includes(name)) {
    throw new TypeError(`struct(): '${name}' cannot be the name of a field`);
  }
  if (!Array.isArray(type)) return `${name}:${keyOfType(type, name)}`;
  const [of, length] = type as unknown[];
  const text = keyOfType(of, name);
  const bytes = (length as number) * bytesIn(of as ElementType | Struct);
  if (type.length !== 2 || !Number.isInteger(length) || (length as number) < 1 || bytes > MOST_BYTES) {
    throw new RangeError(`struct(): field '${name}' must be [type, length] with a length of 1 or more`);
  }
  return `${name}:${text}*${length as number}`;
}

function keyOfType(type: unknown, name: string): string {
  if (type instanceof Struct) return keyOf(type.fields);
  checkElementType(type, `struct(): field '${name}'`);
  return type;
}

registerShareable(StructArray, {
  tag: 'struct-array',
  module: import.meta.url,
  share: (array) => ({ type: array.shape as Struct, bytes: array.bytes, length: array.length }),
  attach: ({ type, bytes, length }) => new StructArray(type, bytes.buffer, bytes.byteOffset, length),
});

registerShareable(Struct, {
  tag: 'struct',
  module: import.meta.url,
  share: (type) => type.fields,
  attach: (fields: StructFields) => struct(fields),
});

registerShareable(FieldsView, {
  tag: 'struct-view',
  module: import.meta.url,
  share: (view) => ({ type: FieldsView.layoutOf(view) as Struct, bytes: FieldsView.bytesOf(view) }),
  attach: ({ type, bytes }) => type.viewAt(bytes.buffer, bytes.byteOffset) as unknown as FieldsView,
});
