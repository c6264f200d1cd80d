import { endianness } from 'node:os';
import { inspect } from 'node:util';

import { printAs } from '../support/inspect.ts';
import { checkElement } from './element.ts';
import { elementClass } from './typecode.ts';
import type { ElementType } from './typecode.ts';

const LITTLE_ENDIAN: boolean = endianness() === 'LE';

/** The layout of a view, as far as its accessors are concerned. */
interface Layout {
  readonly fields: object;
}

/** What all views of structs have in common; the accessors of the fields are on the prototype of a class per layout. */
export abstract class FieldsView {
  static {
    printAs(FieldsView, (view) => inspect(view.toJSON()));
  }

  readonly #bytes: DataView<ArrayBuffer>;
  readonly #layout: Layout;

  constructor(bytes: DataView<ArrayBuffer>, layout: Layout) {
    this.#bytes = bytes;
    this.#layout = layout;
  }

  static bytesOf(view: FieldsView): DataView<ArrayBuffer> {
    return view.#bytes;
  }

  static layoutOf(view: FieldsView): object {
    return view.#layout;
  }

  /** The fields as a plain object, nested ones included. */
  toJSON(): object {
    const entries = Object.keys(this.#layout.fields).map((name) => {
      const value = (this as unknown as Record<string, unknown>)[name];
      return [name, typeof value === 'object' ? plainOf(value) : value];
    });
    return Object.fromEntries(entries) as object;
  }
}

/** What stands in a field that is no element: a struct or an array of either. */
function plainOf(value: unknown): unknown {
  if (value instanceof FieldsView) return value.toJSON();
  return Array.from(value as Iterable<unknown>, (entry) => (entry instanceof FieldsView ? entry.toJSON() : entry));
}

const { bytesOf } = FieldsView;

interface Access {
  read(bytes: DataView, offset: number): number | bigint;
  write(bytes: DataView, offset: number, value: number | bigint): void;
}

/** One getter and setter of DataView per class of typed arrays, so that each call site sees one method only. */
const ACCESS: Readonly<Record<string, Access>> = {
  Int8Array: { read: (b, o) => b.getInt8(o), write: (b, o, v) => b.setInt8(o, v as number) },
  Uint8Array: { read: (b, o) => b.getUint8(o), write: (b, o, v) => b.setUint8(o, v as number) },
  Int16Array: {
    read: (b, o) => b.getInt16(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setInt16(o, v as number, LITTLE_ENDIAN),
  },
  Uint16Array: {
    read: (b, o) => b.getUint16(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setUint16(o, v as number, LITTLE_ENDIAN),
  },
  Int32Array: {
    read: (b, o) => b.getInt32(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setInt32(o, v as number, LITTLE_ENDIAN),
  },
  Uint32Array: {
    read: (b, o) => b.getUint32(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setUint32(o, v as number, LITTLE_ENDIAN),
  },
  BigInt64Array: {
    read: (b, o) => b.getBigInt64(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setBigInt64(o, v as bigint, LITTLE_ENDIAN),
  },
  BigUint64Array: {
    read: (b, o) => b.getBigUint64(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setBigUint64(o, v as bigint, LITTLE_ENDIAN),
  },
  Float32Array: {
    read: (b, o) => b.getFloat32(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setFloat32(o, v as number, LITTLE_ENDIAN),
  },
  Float64Array: {
    read: (b, o) => b.getFloat64(o, LITTLE_ENDIAN),
    write: (b, o, v) => b.setFloat64(o, v as number, LITTLE_ENDIAN),
  },
};

function accessOf(type: ElementType): Access {
  return ACCESS[elementClass(type).name] as Access;
}

/** Writes an element that has been checked; true is 1. */
export function writeElement(
  bytes: DataView,
  type: ElementType,
  offset: number,
  value: number | bigint | boolean,
): void {
  accessOf(type).write(bytes, offset, typeof value === 'boolean' ? Number(value) : value);
}

/** The accessor of a field that is one element. */
export function elementAccessor(type: ElementType, name: string, offset: number): PropertyDescriptor {
  const { read, write } = accessOf(type);
  const what = `Field '${name}'`;
  return {
    get(this: FieldsView): number | bigint {
      return read(bytesOf(this), offset);
    },
    set(this: FieldsView, value: number | bigint | boolean) {
      checkElement(type, value, what);
      write(bytesOf(this), offset, typeof value === 'boolean' ? Number(value) : value);
    },
    enumerable: true,
  };
}

/** The accessor of a field that is a view itself; it is made once per view of the struct. */
export function viewAccessor(
  make: (buffer: ArrayBuffer, byteOffset: number) => object,
  offset: number,
  assign: (view: FieldsView, value: unknown) => void,
): PropertyDescriptor {
  const made = new WeakMap<FieldsView, object>();
  return {
    get(this: FieldsView): object {
      let view = made.get(this);
      if (view === undefined) {
        const { buffer, byteOffset } = bytesOf(this);
        made.set(this, (view = make(buffer, byteOffset + offset)));
      }
      return view;
    },
    set(this: FieldsView, value: unknown) {
      assign(this, value);
    },
    enumerable: true,
  };
}
