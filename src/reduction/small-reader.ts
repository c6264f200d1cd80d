import { SHORT_TEXT, SMALL, SMALL_OBJECTS_LIMIT } from './small-format.ts';
import { shapeOfBytes, type ObjectShape } from './object-shapes.ts';
import { damaged } from './message-errors.ts';
import { latin1Slice, readDoubleLE, ucs2Slice } from './buffer-methods.ts';

const fromCharCodes = String.fromCharCode;
const NOTHING = new Uint8Array(0);

/*
 * The message that is being read. Reading calls no code but this: there is one at a time. Texts are copied, so nothing
 * in the value refers to the memory of the message. Variables of the module, as in small-writer.ts.
 */
let source: Uint8Array = NOTHING;
let at = 0;
let end = 0;
let depth = 0;

/**
 * Reads a small plain message where it stands.
 *
 * @param start - behind the format
 * @throws SerializationError when `writeSmall` cannot have written it.
 */
export function readSmall(bytes: Uint8Array, start: number, stop: number): unknown {
  source = bytes;
  at = start;
  end = stop;
  depth = 0;
  try {
    const value = read();
    if (at !== end) throw damaged('it goes on behind its value');
    return value;
  } finally {
    source = NOTHING;
  }
}

function read(): unknown {
  if (at >= end) throw cutShort();
  const kind = source[at++] as number;
  if (kind < SHORT_TEXT) return kind;
  if (kind < SMALL.null) return readShortText(kind - SHORT_TEXT);
  switch (kind) {
    case SMALL.null:
      return null;
    case SMALL.undefined:
      return undefined;
    case SMALL.false:
      return false;
    case SMALL.true:
      return true;
    case SMALL.int32:
      return readInt32();
    case SMALL.double:
      return readDouble();
    case SMALL.latin1: {
      const from = skip(readLength());
      return latin1Slice.call(source, from, at);
    }
    case SMALL.utf16: {
      const from = skip(2 * readLength());
      return ucs2Slice.call(source, from, at);
    }
    case SMALL.array:
      return readArray();
    case SMALL.emptyObject:
      return {};
    case SMALL.object:
      return readObject();
    default:
      throw damaged(`it has a value of the unknown kind ${kind}`);
  }
}

/** Goes on behind some bytes, and says where they begin. */
function skip(length: number): number {
  const from = at;
  at += length;
  if (at > end) throw cutShort();
  return from;
}

function readLength(): number {
  const p = skip(2);
  return (source[p] as number) | ((source[p + 1] as number) << 8);
}

function readInt32(): number {
  const p = skip(4);
  return (
    (source[p] as number) |
    ((source[p + 1] as number) << 8) |
    ((source[p + 2] as number) << 16) |
    ((source[p + 3] as number) << 24)
  );
}

function readDouble(): number {
  const p = skip(8);
  return readDoubleLE.call(source, p);
}

function readArray(): unknown[] {
  if (++depth > SMALL_OBJECTS_LIMIT) throw damaged('it is nested too deeply');
  const array: unknown[] = [];
  for (let length = readLength(); length > 0; length--) array.push(read());
  depth--;
  return array;
}

function readObject(): object {
  if (++depth > SMALL_OBJECTS_LIMIT) throw damaged('it is nested too deeply');
  const slot = readLength();
  const from = skip(readLength());
  const shape = shapeOfBytes(slot, source, from, at);
  if (shape === undefined) throw damaged('an object has no keys');
  const template = shape.template();
  const object = template === undefined ? readNewShape(shape) : readValues(shape, template);
  depth--;
  return object;
}

function readValues({ keys }: ObjectShape, template: object): object {
  const object: Record<string, unknown> = { ...template };
  for (let i = 0; i < keys.length; i++) object[keys[i] as string] = read();
  return object;
}

function readNewShape({ keys }: ObjectShape): object {
  return Object.fromEntries(keys.map((key) => [key, read()]));
}

/** Up to a dozen characters, a call with each of them is faster than a native one. */
function readShortText(length: number): string {
  const p = skip(length);
  switch (length) {
    case 0:
      return '';
    case 1:
      return fromCharCodes(source[p] as number);
    case 2:
      return fromCharCodes(source[p] as number, source[p + 1] as number);
    case 3:
      return fromCharCodes(source[p] as number, source[p + 1] as number, source[p + 2] as number);
    case 4:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
      );
    case 5:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
      );
    case 6:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
      );
    case 7:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
      );
    case 8:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
        source[p + 7] as number,
      );
    case 9:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
        source[p + 7] as number,
        source[p + 8] as number,
      );
    case 10:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
        source[p + 7] as number,
        source[p + 8] as number,
        source[p + 9] as number,
      );
    case 11:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
        source[p + 7] as number,
        source[p + 8] as number,
        source[p + 9] as number,
        source[p + 10] as number,
      );
    case 12:
      return fromCharCodes(
        source[p] as number,
        source[p + 1] as number,
        source[p + 2] as number,
        source[p + 3] as number,
        source[p + 4] as number,
        source[p + 5] as number,
        source[p + 6] as number,
        source[p + 7] as number,
        source[p + 8] as number,
        source[p + 9] as number,
        source[p + 10] as number,
        source[p + 11] as number,
      );
    default:
      return latin1Slice.call(source, p, at);
  }
}

function cutShort(): Error {
  return damaged('it ends too early');
}
