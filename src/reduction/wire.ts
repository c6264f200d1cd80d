/*
 * The bytes of a message.
 *
 *   byte 0            version in the low nibble, flags in the high one
 *   the root value    tag byte, then what the tag asks for
 *   module table      only with FLAG_MODULES: varint count, then so many texts
 *   u32 (little end.) only with FLAG_MODULES: where the module table begins
 *
 * Lengths and counts are LEB128 varints, numbers little endian. Every object, function and buffer gets a number in the
 * order in which it is first met; BACK_REFERENCE names one. The reader counts along, but only keeps the objects when
 * FLAG_REFERENCES says that somebody refers to one.
 *
 *   0x00–0x7f  the integers 0–127         0x80–0x9f  Latin-1 text of 0–31 characters
 *   0xa0–0xaf  object of 0–15 properties  0xb0–0xbf  array of 0–15 elements      from 0xc0 on: TAG
 */

/** The version of the message format; a reader refuses any other. */
export const WIRE_VERSION = 1;
export const VERSION_MASK = 0x0f;
/** The message refers back to objects of its own. */
export const FLAG_REFERENCES = 0x10;
/** The message ends with a table of modules, whose exports it names. */
export const FLAG_MODULES = 0x20;

export const SHORT_TEXT = 0x80;
export const SHORT_OBJECT = 0xa0;
export const SHORT_ARRAY = 0xb0;

/** What the tag bytes from 0xc0 on announce. */
export const TAG = {
  null: 0xc0,
  undefined: 0xc1,
  true: 0xc2,
  false: 0xc3,
  int8: 0xc4,
  int16: 0xc5,
  int32: 0xc6,
  float64: 0xc7,
  /** Sign byte, varint length, magnitude little endian. */
  bigint: 0xc8,
  latin1: 0xc9,
  utf16: 0xca,
  symbol: 0xcb,
  object: 0xcc,
  /** An object without a prototype. */
  nullObject: 0xcd,
  array: 0xce,
  /** Inside an array: from here on only some elements exist; varint count, then index and value of each. */
  sparse: 0xcf,
  map: 0xd0,
  set: 0xd1,
  /** Ends the entries of a map or set, which may change while they are being read. */
  end: 0xd2,
  date: 0xd3,
  regexp: 0xd4,
  error: 0xd5,
  boxed: 0xd6,
  url: 0xd7,
  searchParams: 0xd8,
  buffer: 0xd9,
  resizableBuffer: 0xda,
  /** Kind byte, byte offset, length, then the buffer. */
  view: 0xdb,
  sharedBuffer: 0xdc,
  shareable: 0xdd,
  /** Module number, export name. */
  reference: 0xde,
  /** Class, base, own fields. */
  instance: 0xdf,
  /** Inside an instance: it has no built-in base. */
  plain: 0xe0,
  /** A type of `registerType`: name, encoded form. */
  custom: 0xe1,
  backReference: 0xe2,
} as const;

/** The kinds of view of an ArrayBuffer, in the order of their numbers in a message. */
export const VIEW_KINDS: readonly string[] = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Buffer',
  'Float16Array',
];
