/** The bytes that begin the values of V8's serialization format, version 15: v8/src/objects/value-serializer.cc. */
export const TAG = {
  padding: 0x00,
  version: 0xff,
  hole: 0x2d, // -
  undefined: 0x5f, // _
  null: 0x30, // 0
  true: 0x54, // T
  false: 0x46, // F
  int32: 0x49, // I zigzag varint
  uint32: 0x55, // U varint
  double: 0x4e, // N 8 bytes
  bigint: 0x5a, // Z varint: 2 × bytes + sign; digits, the least one first
  oneByteString: 0x22, // " varint: bytes; Latin-1
  twoByteString: 0x63, // c varint: bytes; UTF-16
  utf8String: 0x53, // S varint: bytes
  reference: 0x5e, // ^ varint: which object, counted from the first one of the message
  object: 0x6f, // o keys and values
  endObject: 0x7b, // { varint: properties
  denseArray: 0x41, // A varint: length; elements; keys and values
  endDenseArray: 0x24, // $ varint: properties; varint: length
  sparseArray: 0x61, // a varint: length; keys and values
  endSparseArray: 0x40, // @ varint: properties; varint: length
  date: 0x44, // D 8 bytes
  trueObject: 0x79, // y
  falseObject: 0x78, // x
  numberObject: 0x6e, // n 8 bytes
  bigintObject: 0x7a, // z as bigint
  stringObject: 0x73, // s a string
  regExp: 0x52, // R a string; varint: flags
  map: 0x3b, // ; keys and values
  endMap: 0x3a, // : varint: keys and values
  set: 0x27, // '
  endSet: 0x2c, // , varint: values
  arrayBuffer: 0x42, // B varint: bytes
  hostObject: 0x5c, // \ what _writeHostObject writes
} as const;

export const VERSION = 15;

/** The flags of a RegExp, in the order of their bits; V8's own `l` (linear) in between. */
export const REGEXP_FLAGS: readonly string[] = ['g', 'i', 'm', 'y', 'u', 's', 'l', 'd', 'v'];
