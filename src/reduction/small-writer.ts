import { FORMAT } from './message-format.ts';
import { shapeAfter, shapeOfKeys } from './object-shapes.ts';
import type { ObjectShape } from './object-shapes.ts';
import {
  SHORT_TEXT,
  SHORT_TEXT_LIMIT,
  SMALL,
  SMALL_ARRAY_LIMIT,
  SMALL_KEYS_LIMIT,
  SMALL_MESSAGE_LIMIT,
  SMALL_OBJECTS_LIMIT,
} from './small-format.ts';

/** More than a value takes without its contents. */
const ROOM = 16;
// oxlint-disable-next-line no-control-regex -- what a byte cannot hold
const WIDE = /[^\u0000-\u00ff]/;

/**
 * Where small messages are written, and those that are nothing but bytes, each over the one before. The whole of its buffer,
 * which is a multiple of 8 bytes.
 */
export const scratch: Buffer = Buffer.alloc(32 << 10);

/** Whether `scratch` has a part of a message whose accessor is being read. */
export function isWriting(): boolean {
  return busy;
}

/*
 * The message that is being written. There is one at a time: a getter in a message can write another one meanwhile, but
 * finds `busy`. This state is in variables of the module, and the functions below are not methods, as it takes a third
 * less time for an object of four properties.
 */
let at = 0;
let busy = false;
let count = 0;
/** The shape of the last object: what came after it the last time is looked at first. */
let latest: ObjectShape | undefined;
const seen: unknown[] = Array.from({ length: SMALL_OBJECTS_LIMIT });

/**
 * Writes a small plain message to `scratch`, from its first byte on, in one pass: what cannot be carried exactly is found
 * while writing.
 *
 * @returns where the message ends; 0: it is not small and plain.
 * @throws what an accessor in the value throws
 */
export function writeSmall(value: unknown): number {
  if (busy) return 0;
  busy = true;
  scratch[0] = FORMAT.small;
  at = 1;
  try {
    return write(value) ? at : 0;
  } finally {
    // Nothing that was written shall live for it.
    while (count > 0) seen[--count] = undefined;
    busy = false;
  }
}

function write(value: unknown): boolean {
  if (at > SMALL_MESSAGE_LIMIT - ROOM) return false;
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      writeNumber(value);
      return true;
    case 'boolean':
      scratch[at++] = value ? SMALL.true : SMALL.false;
      return true;
    case 'undefined':
      scratch[at++] = SMALL.undefined;
      return true;
    case 'object':
      if (value !== null) return writeObject(value);
      scratch[at++] = SMALL.null;
      return true;
    default:
      return false;
  }
}

function writeNumber(value: number): void {
  // Not -0, which as an integer would be 0.
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
    if (value >= 0 && value < SHORT_TEXT) {
      scratch[at++] = value;
      return;
    }
    scratch[at] = SMALL.int32;
    scratch[at + 1] = value;
    scratch[at + 2] = value >> 8;
    scratch[at + 3] = value >> 16;
    scratch[at + 4] = value >> 24;
    at += 5;
    return;
  }
  scratch[at++] = SMALL.double;
  at = scratch.writeDoubleLE(value, at);
}

function writeText(value: string): boolean {
  const { length } = value;
  if (length > SHORT_TEXT_LIMIT) return writeLongText(value, length);
  if (at + length > SMALL_MESSAGE_LIMIT - ROOM) return false;
  let to = at + 1;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 0xff) return writeWideText(value, length);
    scratch[to++] = unit;
  }
  scratch[at] = SHORT_TEXT | length;
  at = to;
  return true;
}

function writeLongText(value: string, length: number): boolean {
  if (at + length > SMALL_MESSAGE_LIMIT - ROOM) return false;
  if (WIDE.test(value)) return writeWideText(value, length);
  writeHead(SMALL.latin1, length);
  at += scratch.write(value, at, 'latin1');
  return true;
}

/** Unit by unit: UTF-8 has no lone surrogates. */
function writeWideText(value: string, length: number): boolean {
  if (at + 2 * length > SMALL_MESSAGE_LIMIT - ROOM) return false;
  writeHead(SMALL.utf16, length);
  at += scratch.write(value, at, 'utf16le');
  return true;
}

function writeHead(kind: number, number: number): void {
  scratch[at] = kind;
  scratch[at + 1] = number;
  scratch[at + 2] = number >> 8;
  at += 3;
}

function writeObject(value: object): boolean {
  // Met again: its identity would be lost. For so few, a loop is faster than a Set.
  for (let i = 0; i < count; i++) if (seen[i] === value) return false;
  if (count === SMALL_OBJECTS_LIMIT) return false;
  seen[count++] = value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return writePlain(value as Record<string, unknown>);
  return prototype === Array.prototype && Array.isArray(value) && writeArray(value);
}

function writeArray(value: readonly unknown[]): boolean {
  const { length } = value;
  // As many values as the length says, and no hole: then it has no other properties. Values, as texts of the indices take longer.
  if (length > SMALL_ARRAY_LIMIT || Object.values(value).length !== length) return false;
  writeHead(SMALL.array, length);
  for (let i = 0; i < length; i++) {
    const element = value[i];
    if ((element === undefined && !(i in value)) || !write(element)) return false;
  }
  return true;
}

function writePlain(value: Record<string, unknown>): boolean {
  const guess = latest === undefined ? undefined : shapeAfter(latest);
  if (guess !== undefined && hasKeys(value, guess.keys)) {
    latest = guess;
    return writeShaped(value, guess);
  }
  const keys = Object.keys(value);
  const { length } = keys;
  if (length === 0) {
    scratch[at++] = SMALL.emptyObject;
    return true;
  }
  const shape = length > SMALL_KEYS_LIMIT ? undefined : shapeOfKeys(keys);
  if (shape === undefined) return false;
  if (latest !== undefined) latest.nextSlot = shape.slot;
  latest = shape;
  return writeShaped(value, shape);
}

/** Whether these are the object's keys. `for in` makes no array of them. */
function hasKeys(value: object, keys: readonly string[]): boolean {
  let i = 0;
  for (const key in value) if (key !== keys[i++]) return false;
  return i === keys.length && !inheritsKeys();
}

/** Whether somebody has given all objects a key, which `for in` shows, too. */
function inheritsKeys(): boolean {
  for (const _ in NO_KEYS) return true;
  return false;
}
const NO_KEYS = {};

function writeShaped(value: Record<string, unknown>, { bytes, slot, keys }: ObjectShape): boolean {
  const size = bytes.length;
  writeHead(SMALL.object, slot);
  let to = at;
  scratch[to++] = size;
  scratch[to++] = size >> 8;
  // Beyond the limit there is room for these, and the values find that it is reached.
  for (let i = 0; i < size; i++) scratch[to++] = bytes[i] as number;
  at = to;
  // V8 reads `value[key]` by the place that `for in` knows. An accessor may have changed the object meanwhile.
  let i = 0;
  for (const key in value) if (key !== keys[i++] || !write(value[key])) return false;
  return i === keys.length;
}
