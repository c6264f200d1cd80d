/*
 * The bytes of a small plain message: FORMAT.small, then one value. A value begins with a byte that says what it is:
 *
 *   0x00–0x7f   an integer, itself
 *   0x80–0xbf   a text of up to 63 characters below U+0100: a byte each
 *   SMALL.…     what the constants below say
 *
 * Numbers of more than a byte come lowest byte first.
 * Plain objects, arrays and primitives are all there is; none of it refers to another part, and none of it names code.
 */
export const SMALL = {
  null: 0xc0,
  undefined: 0xc1,
  false: 0xc2,
  true: 0xc3,
  /** 4 bytes */
  int32: 0xc4,
  /** 8 bytes */
  double: 0xc5,
  /** 2 bytes: length; the characters, a byte each */
  latin1: 0xc6,
  /** 2 bytes: length in units of UTF-16; the units */
  utf16: 0xc7,
  /** 2 bytes: length; the elements */
  array: 0xc8,
  emptyObject: 0xc9,
  /** 2 bytes: slot of the shape; 2 bytes: length of its keys; the keys (`object-shapes.ts`); the values */
  object: 0xca,
} as const;

/** The first byte of a short text, to which its length is added. */
export const SHORT_TEXT = 0x80;
export const SHORT_TEXT_LIMIT = 63;

/** Longer messages are left to V8, which is faster per byte. */
export const SMALL_MESSAGE_LIMIT = 8192;
/** Objects and arrays in one message, and so its depth: the writer compares each with all before it. */
export const SMALL_OBJECTS_LIMIT = 64;
export const SMALL_ARRAY_LIMIT = 512;
export const SMALL_KEYS_LIMIT = 64;
