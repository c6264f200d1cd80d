import { types } from 'node:util';
import { writeError } from './error-writer.ts';
import { sharedBufferProtocol } from './shared-views.ts';
import type { Strategy, ValueWriter } from './value-writer.ts';
import { TAG, VIEW_KINDS } from './wire.ts';

// oxlint-disable-next-line typescript/unbound-method -- only ever called with a `this`
const mapEntries = Map.prototype.entries;
// oxlint-disable-next-line typescript/unbound-method -- only ever called with a `this`
const setValues = Set.prototype.values;
// oxlint-disable-next-line typescript/unbound-method -- only ever called with a `this`
const typeName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as () => string;

/** How the built-in part of an object is written; undefined when it has none. */
export function builtinStrategy(value: object): Strategy | undefined {
  if (Array.isArray(value)) return writeArray;
  if (ArrayBuffer.isView(value)) return writeView;
  if (types.isMap(value)) return writeMap;
  if (types.isSet(value)) return writeSet;
  if (types.isDate(value)) return writeDate;
  if (types.isNativeError(value) || value instanceof DOMException) return writeError;
  if (types.isRegExp(value)) return writeRegExp;
  if (types.isArrayBuffer(value)) return writeBuffer;
  if (types.isBoxedPrimitive(value)) return writeBoxed;
  if (value instanceof URL) return writeUrl;
  if (value instanceof URLSearchParams) return writeSearchParams;
  return undefined;
}

/** Whether a prototype belongs to the language or the runtime, in whichever realm. */
export function isBuiltinPrototype(prototype: object): boolean {
  if (prototype === Buffer.prototype || prototype === URL.prototype || prototype === URLSearchParams.prototype)
    return true;
  const Class: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return (
    typeof Class === 'function' &&
    Class.prototype === prototype &&
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(Class))
  );
}

/** Why an object can never travel; undefined when nothing speaks against it at first sight. */
export function whyRefused(value: object): string | undefined {
  if (types.isPromise(value)) return 'it is a Promise. Await it first and send the result.';
  if (types.isWeakMap(value) || types.isWeakSet(value))
    return 'the contents of a WeakMap or WeakSet cannot be listed. Use a Map or Set.';
  if (types.isGeneratorObject(value)) return 'it is a running generator. Send its values, or the generator function.';
  if (types.isSharedArrayBuffer(value))
    return 'a SharedArrayBuffer is shared by threads, not by processes. Use RawArray.';
  if (types.isExternal(value)) return 'it is a pointer of native code.';
  if ('_readableState' in value || '_writableState' in value)
    return 'it is a stream of this process. Send its data, or what opens it.';
  return undefined;
}

const writeArray: Strategy = (writer, value) => {
  const array = value as readonly unknown[];
  writer.byte(TAG.array);
  writer.varint(array.length);
  writer.path.enter(array);
  writer.elements(array, array.length);
  writer.path.leave();
};

const writeMap: Strategy = (writer, value) => {
  writer.byte(TAG.map);
  writer.path.enter(value);
  let index = 0;
  for (const [key, entry] of mapEntries.call(value as Map<unknown, unknown>)) {
    writer.path.at(index++);
    writer.write(key);
    writer.write(entry);
  }
  writer.path.leave();
  writer.byte(TAG.end);
};

const writeSet: Strategy = (writer, value) => {
  writer.byte(TAG.set);
  writer.path.enter(value);
  let index = 0;
  for (const entry of setValues.call(value as Set<unknown>)) {
    writer.path.at(index++);
    writer.write(entry);
  }
  writer.path.leave();
  writer.byte(TAG.end);
};

const writeDate: Strategy = (writer, value) => {
  writer.byte(TAG.date);
  writer.float64(Date.prototype.getTime.call(value));
};

const writeRegExp: Strategy = (writer, value) => {
  const { source, flags } = value as RegExp;
  writer.byte(TAG.regexp);
  writer.text(source);
  writer.text(flags);
};

const writeBoxed: Strategy = (writer, value) => {
  writer.byte(TAG.boxed);
  if (types.isNumberObject(value)) writer.write(Number.prototype.valueOf.call(value));
  else if (types.isStringObject(value)) writer.write(String.prototype.valueOf.call(value));
  else if (types.isBooleanObject(value)) writer.write(Boolean.prototype.valueOf.call(value));
  else if (types.isBigIntObject(value)) writer.write(BigInt.prototype.valueOf.call(value));
  else writer.write(Symbol.prototype.valueOf.call(value));
};

const writeUrl: Strategy = (writer, value) => {
  writer.byte(TAG.url);
  writer.text((value as URL).href);
};

const writeSearchParams: Strategy = (writer, value) => {
  writer.byte(TAG.searchParams);
  writer.text(URLSearchParams.prototype.toString.call(value));
};

const writeBuffer: Strategy = (writer, value) => {
  const buffer = value as ArrayBuffer & { readonly resizable?: boolean; readonly maxByteLength?: number };
  const shared = sharedBufferProtocol(buffer);
  if (shared !== undefined) {
    writer.byte(TAG.sharedBuffer);
    writer.unfinished(shared.share());
    return;
  }
  if (buffer.resizable === true) {
    writer.byte(TAG.resizableBuffer);
    writer.varint(buffer.maxByteLength ?? buffer.byteLength);
  } else writer.byte(TAG.buffer);
  writer.varint(buffer.byteLength);
  writer.raw(new Uint8Array(buffer));
};

/**
 * A view of a whole buffer, of shared memory or of a buffer that travels anyway is written as a view, so that it shares
 * its buffer over there, too. Of any other buffer only the part in view travels: a slice of Node's pool is no reason to
 * send the pool.
 */
const writeView: Strategy = (writer, value) => {
  const view = value as ArrayBufferView;
  const { buffer, byteOffset, byteLength } = view;
  if (types.isSharedArrayBuffer(buffer))
    writer.fail('it is a view of a SharedArrayBuffer, which is shared by threads, not by processes. Use RawArray.');
  const kind = kindOf(view);
  const length = kind === 'DataView' ? byteLength : (view as Uint8Array).length;
  const whole =
    byteLength === buffer.byteLength || sharedBufferProtocol(buffer) !== undefined || writer.hasSeen(buffer);
  writer.byte(TAG.view);
  writer.byte(VIEW_KINDS.indexOf(kind));
  writer.varint(whole ? byteOffset : 0);
  writer.varint(length);
  if (whole) writer.write(buffer);
  else writePart(writer, new Uint8Array(buffer, byteOffset, byteLength));
};

function writePart(writer: ValueWriter, bytes: Uint8Array): void {
  writer.skipNumber();
  writer.byte(TAG.buffer);
  writer.varint(bytes.length);
  writer.raw(bytes);
}

function kindOf(view: ArrayBufferView): string {
  if (Buffer.isBuffer(view)) return 'Buffer';
  return types.isDataView(view) ? 'DataView' : typeName.call(view);
}
