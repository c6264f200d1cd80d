import { damaged } from './byte-reader.ts';
import type { ValueReader } from './value-reader.ts';
import { TAG, VIEW_KINDS } from './wire.ts';

/** Makes an instance of a user's class that has a built-in base; its own constructor does not run. */
export type Construct = (Base: Constructor, args: readonly unknown[]) => object;

type Constructor = new (...args: never[]) => object;

// oxlint-disable-next-line typescript/unbound-method -- only ever called with a `this`
const mapSet = Map.prototype.set;
// oxlint-disable-next-line typescript/unbound-method -- only ever called with a `this`
const setAdd = Set.prototype.add;

/**
 * Reads the built-in part of an object.
 *
 * @param construct - for the instances of users' classes: makes the object, which has its number already
 */
export function readBuiltin(reader: ValueReader, tag: number, construct: Construct | undefined): object {
  const early = (Base: Constructor): object =>
    construct === undefined ? reader.begin(new Base()) : construct(Base, []);
  const late = (Base: Constructor, args: () => readonly unknown[]): object =>
    construct === undefined ? reader.late(() => Reflect.construct(Base, args()) as object) : construct(Base, args());
  switch (tag) {
    case TAG.array:
      return reader.elements(early(Array) as unknown[], reader.varint());
    case TAG.map:
      return readMap(reader, early(Map) as Map<unknown, unknown>);
    case TAG.set:
      return readSet(reader, early(Set) as Set<unknown>);
    case TAG.date:
      return late(Date, () => [reader.float64()]);
    case TAG.regexp:
      return late(RegExp, () => [reader.text(), reader.text()]);
    case TAG.url:
      return late(URL, () => [reader.text()]);
    case TAG.searchParams:
      return late(URLSearchParams, () => [reader.text()]);
    case TAG.boxed:
      return readBoxed(reader, construct);
    case TAG.buffer:
      return readBuffer(reader, construct, undefined);
    case TAG.resizableBuffer:
      return readBuffer(reader, construct, reader.varint());
    case TAG.view:
      return readView(reader, construct);
    default:
      throw damaged(`it has the unknown tag ${tag}`);
  }
}

function readMap(reader: ValueReader, map: Map<unknown, unknown>): object {
  for (let tag = reader.byte(); tag !== TAG.end; tag = reader.byte())
    mapSet.call(map, reader.readTagged(tag), reader.read());
  return map;
}

function readSet(reader: ValueReader, set: Set<unknown>): object {
  for (let tag = reader.byte(); tag !== TAG.end; tag = reader.byte()) setAdd.call(set, reader.readTagged(tag));
  return set;
}

function readBoxed(reader: ValueReader, construct: Construct | undefined): object {
  const make = (): object => {
    const primitive = reader.read();
    if (construct === undefined || typeof primitive === 'bigint' || typeof primitive === 'symbol')
      return Object(primitive) as object;
    const Base = { number: Number, string: String, boolean: Boolean }[
      typeof primitive as 'number' | 'string' | 'boolean'
    ];
    return construct(Base, [primitive]);
  };
  return construct === undefined ? reader.late(make) : make();
}

function readBuffer(
  reader: ValueReader,
  construct: Construct | undefined,
  maxByteLength: number | undefined,
): ArrayBuffer {
  const make = (): ArrayBuffer => {
    const bytes = reader.raw(reader.varint());
    if (construct === undefined && maxByteLength === undefined) return bytes.buffer;
    const args = maxByteLength === undefined ? [bytes.length] : [bytes.length, { maxByteLength }];
    const buffer = (construct ?? Reflect.construct)(ArrayBuffer, args) as ArrayBuffer;
    new Uint8Array(buffer).set(bytes);
    return buffer;
  };
  return construct === undefined ? reader.late(make) : make();
}

function readView(reader: ValueReader, construct: Construct | undefined): object {
  const make = (): object => {
    const kind = VIEW_KINDS[reader.byte()];
    const byteOffset = reader.varint();
    const length = reader.varint();
    const buffer = reader.read();
    if (!(buffer instanceof ArrayBuffer)) throw damaged('a view has no buffer');
    if (kind === 'Buffer' && construct === undefined) return Buffer.from(buffer, byteOffset, length);
    const View =
      kind === undefined ? undefined : (globalThis as unknown as Record<string, Constructor | undefined>)[kind];
    if (View === undefined) throw damaged(`this runtime has no ${kind ?? 'such view'}`);
    return (construct ?? Reflect.construct)(View, [buffer, byteOffset, length]) as object;
  };
  return construct === undefined ? reader.late(make) : make();
}
