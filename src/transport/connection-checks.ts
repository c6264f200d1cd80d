import { bytesOf } from '../memory/words.ts';
import { BufferTooShortError } from '../support/errors.ts';
import { checkOptions, checkWait } from '../support/options.ts';
import type { AsyncWaitOptions, WaitOptions } from '../support/options.ts';

export type BytesSource = ArrayBufferView | ArrayBuffer;

export interface BytesWait extends WaitOptions {
  /** In bytes: a longer message is not taken. */
  readonly maxLength?: number;
}

export interface AsyncBytesWait extends BytesWait, AsyncWaitOptions {}

/** Looks at a message that has not been taken yet, and throws to leave it where it is. */
export type LengthCheck = (message: { readonly start: number; readonly end: number }) => void;

const ASYNC_KEYS = ['timeout', 'signal'];

/** @throws TypeError, RangeError */
export function checkBytesWait(
  options: AsyncBytesWait | undefined,
  where: string,
  keys: readonly string[] = ASYNC_KEYS,
): { readonly wait: AsyncWaitOptions | undefined; readonly check: LengthCheck | undefined } {
  if (options === undefined) return { wait: undefined, check: undefined };
  checkOptions(options, [...keys, 'maxLength'], where);
  const { maxLength, ...wait } = options;
  checkWait(wait, where, keys);
  return { wait, check: maxLength === undefined ? undefined : lengthCheck(maxLength, where) };
}

function lengthCheck(maxLength: unknown, where: string): LengthCheck {
  const most = checkCount(maxLength, 'maxLength', where);
  return ({ start, end }) => {
    if (end - start <= most) return;
    throw new BufferTooShortError(
      `${where}: the message has ${end - start} bytes, more than maxLength ${most}; it stays in the connection`,
    );
  };
}

/** The bytes of a view or a buffer. */
function allBytes(source: unknown, where: string): Uint8Array<ArrayBuffer> {
  if (source instanceof ArrayBuffer) return bytesOf(source);
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source;
    return bytesOf(buffer as ArrayBuffer).subarray(byteOffset, byteOffset + byteLength);
  }
  throw new TypeError(`${where} takes a Buffer, a typed array, a DataView or an ArrayBuffer, not ${nameOf(source)}`);
}

/** @throws TypeError, RangeError when they are not all there. */
export function bytesIn(source: unknown, offset: unknown = 0, size: unknown, where: string): Uint8Array<ArrayBuffer> {
  const bytes = allBytes(source, where);
  const start = checkCount(offset, 'offset', where);
  if (start > bytes.byteLength) {
    throw new RangeError(`${where}: offset ${start} is beyond the ${bytes.byteLength} bytes of the buffer`);
  }
  const length = size === undefined ? bytes.byteLength - start : checkCount(size, 'size', where);
  if (start + length > bytes.byteLength) {
    throw new RangeError(
      `${where}: ${length} bytes from ${start} on are more than the ${bytes.byteLength} of the buffer`,
    );
  }
  return bytes.subarray(start, start + length);
}

/** @throws BufferTooShortError, which has the message, when it does not fit. */
export function fillWith(target: Uint8Array, message: Uint8Array): number {
  if (message.byteLength > target.byteLength) {
    throw new BufferTooShortError(
      `The message has ${message.byteLength} bytes, the buffer has room for ${target.byteLength}: it is in the error's \`bytes\``,
      { bytes: message },
    );
  }
  target.set(message);
  return message.byteLength;
}

function checkCount(value: unknown, name: string, where: string): number {
  if (typeof value !== 'number')
    throw new TypeError(`${where}: ${name} must be a number of bytes, not ${nameOf(value)}`);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${where}: ${name} must be a whole number of bytes, at least 0, not ${value}`);
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
