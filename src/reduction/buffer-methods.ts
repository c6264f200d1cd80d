/*
 * Methods of Buffer for a part of any Uint8Array: they read nothing of it but its bytes, and making a Buffer of them would
 * take longer than the rest. The slices are old, and in every runtime, but in no types.
 */
const methods = Buffer.prototype as {
  readonly latin1Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly ucs2Slice: (this: Uint8Array, start: number, end: number) => string;
  readonly readDoubleLE: (this: Uint8Array, offset: number) => number;
};

/** A character for each byte. */
export const latin1Slice: (this: Uint8Array, start: number, end: number) => string = methods.latin1Slice;
/** A unit of UTF-16 for each two bytes, also when they are lone surrogates. */
export const ucs2Slice: (this: Uint8Array, start: number, end: number) => string = methods.ucs2Slice;
/** The lowest byte first. */
export const readDoubleLE: (this: Uint8Array, offset: number) => number = methods.readDoubleLE;
/** Copies, which `slice` of a Buffer does not. */
export const copySlice: (this: Uint8Array, start: number, end: number) => Uint8Array = Uint8Array.prototype.slice;
