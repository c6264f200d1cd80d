import type { ElementInit } from './element.ts';
import { Struct } from './struct.ts';
import type { StructArguments, StructInit, StructView } from './struct.ts';
import type { StructArray } from './struct-array.ts';
import { checkElementType, elementBytes } from './typecode.ts';
import type { ArrayOf, ElementOf, ElementType } from './typecode.ts';

/** What a shared value or the elements of a shared array may be. */
export type SharedType = ElementType | Struct;

/** What reading a value of the type gives. */
export type ValueOf<T extends SharedType> = T extends ElementType
  ? ElementOf<T>
  : T extends Struct<infer F>
    ? StructView<F>
    : never;

/** What a value of the type may be set to. */
export type InitOf<T extends SharedType> = T extends ElementType
  ? ElementInit<T>
  : T extends Struct<infer F>
    ? StructInit<F>
    : never;

/** The arguments after the type that a value may begin with. */
export type ArgumentsOf<T extends SharedType> = T extends ElementType
  ? [] | [ElementInit<T>]
  : T extends Struct<infer F>
    ? StructArguments<F>
    : never;

/** What an array of the type is. */
export type ArrayFor<T extends SharedType> = T extends ElementType
  ? ArrayOf<T>
  : T extends Struct<infer F>
    ? StructArray<StructView<F>>
    : never;

/** @throws TypeError for what is neither an element type nor a struct. */
export function checkSharedType(type: unknown, where: string): asserts type is SharedType {
  if (!(type instanceof Struct)) checkElementType(type, where);
}

/** Bytes that one value of the type takes. */
export function bytesOfType(type: SharedType): number {
  return typeof type === 'string' ? elementBytes(type) : type.byteLength;
}
